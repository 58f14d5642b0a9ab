"""A lamp on a supply that speaks SCPI, with a table from klux at the target to the supply's amperes or volts.

The table is measured with a luxmeter where the target stands, facing the lamp; between its rows the value is
interpolated. It holds for that lamp alone: the module sees the near infrared, of which a halogen lamp gives many times
more a klux than an LED (docs/rig.md). Nothing of it has met a real supply.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable
from itertools import pairwise

from dermis_host.rig.contract import LightSource, RigError
from dermis_host.rig.keys import Keys
from dermis_host.rig.scpi import Scpi, ScpiKeys

Table = tuple[tuple[float, ...], ...]  # rows of klux and value, both rising

VALUE = "{value}"
DIGITS = 4  # after the point, of what the supply is sent
NEAR = 0.02  # by which part a supply may round what it was sent
NEAR_LEAST = 0.002  # A or V: its last digit
MOST_SETTLE_S = 600.0


class ScpiLight(LightSource):
    """Keys: those of `ScpiKeys`, and klux (rows of klux and value), command (with {value}), readback (a question), on,
    off, state (of the output), settle_s (from the command until the lamp gives what the table says)."""

    def __init__(self, scpi: Scpi, table: Table, commands: tuple[str, str, str, str, str], settle_s: float):
        self._scpi, self._table, self._settle_s = scpi, table, settle_s
        self._command, self._readback, self._on, self._off, self._state = commands

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], ScpiLight]:
        link = ScpiKeys(keys)
        table = keys.rows("klux", 2)
        rising = all(low[0] < high[0] and low[1] < high[1] for low, high in pairwise(table))
        if len(table) < 2 or table[0][0] != 0 or not rising or table[0][1] < 0:
            raise keys.wrong("klux", "must be rows of klux and value, from 0 klux on, both rising, two rows at least")
        command = keys.text("command", f"CURR {VALUE}")
        if VALUE not in command:
            raise keys.wrong("command", f"must hold {VALUE}, for what the table says")
        words = (command, keys.text("readback", "CURR?"), keys.text("on", "OUTP ON"), keys.text("off", "OUTP OFF"))
        state, settle_s = keys.text("state", "OUTP?"), keys.number("settle_s", 0.0, MOST_SETTLE_S, 1.0)
        return lambda: cls(Scpi("The lamp's supply", link), table, (*words, state), settle_s)

    def identity(self) -> str:
        return f"{self._scpi.identity}, 0 to {self._table[-1][0]:g} klux"

    def set(self, klux: float) -> None:
        if not 0 <= klux <= self._table[-1][0]:
            raise RigError(
                f"The lamp was measured from 0 to {self._table[-1][0]:g} klux, not at {klux:g}: ask for less."
            )
        if klux == 0:
            self._scpi.do(self._off)
            if self._scpi.is_on(self._state):
                raise self._scpi.wrong(f"took {self._off}, but its output is on: put it out by hand")
            return
        wanted = value_at(self._table, klux)
        self._scpi.do(self._command.replace(VALUE, f"{wanted:.{DIGITS}f}"))
        found = self._scpi.number(self._readback)
        if abs(found - wanted) > max(NEAR * wanted, NEAR_LEAST):
            raise self._scpi.wrong(f"was sent {wanted:.{DIGITS}f} and holds {found:g}: look at its limits")
        self._scpi.do(self._on)
        if not self._scpi.is_on(self._state):
            raise self._scpi.wrong(f"took {self._on}, but its output is off: look at its front")
        time.sleep(self._settle_s)

    def close(self) -> None:
        self._scpi.close()


def value_at(table: Table, klux: float) -> float:
    """What the supply must give for so many klux within the table, between its rows by a straight line."""
    at = min(max(bisect.bisect_left([row[0] for row in table], klux), 1), len(table) - 1)
    (low, least), (high, most) = table[at - 1], table[at]
    return least + (most - least) * (klux - low) / (high - low)
