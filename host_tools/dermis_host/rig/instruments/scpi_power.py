"""The module's supply as one output of a laboratory supply that speaks SCPI.

Nothing of it has met a real supply. The commands can be named, as their spelling differs: Keysight's second output is
`OUTP ON,(@2)`, Rigol's `OUTP CH2,ON`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dermis_host.rig.contract import PowerSwitch
from dermis_host.rig.keys import Keys
from dermis_host.rig.scpi import Scpi, ScpiKeys

SETTLE_S = 3.0  # from the command to an output that is where it was sent
POLL_S = 0.1
HIGHEST_V = 60.0  # what may be touched; no module needs near so much
OFF_V = 0.5  # below it no part of the module runs


class ScpiPower(PowerSwitch):
    """Keys: those of `ScpiKeys`, and on, off, state (commands), measure with lowest_v and highest_v (a question, and
    what it must answer when on; without them the output's state alone is believed)."""

    def __init__(self, scpi: Scpi, on: str, off: str, state: str, measured: tuple[str, float, float] | None):
        self._scpi = scpi
        self._on, self._off, self._state = on, off, state
        self._measured = measured

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], ScpiPower]:
        link = ScpiKeys(keys)
        commands = keys.text("on", "OUTP ON"), keys.text("off", "OUTP OFF"), keys.text("state", "OUTP?")
        measured = None
        if question := keys.text("measure", ""):
            low = keys.number("lowest_v", OFF_V, HIGHEST_V)
            measured = question, low, keys.number("highest_v", low, HIGHEST_V)
        return lambda: cls(Scpi("The power supply", link), *commands, measured)

    def identity(self) -> str:
        return self._scpi.identity

    def on(self) -> None:
        self._switch(self._on, True)

    def off(self) -> None:
        self._switch(self._off, False)

    def close(self) -> None:
        self._scpi.close()

    def _switch(self, command: str, on: bool) -> None:
        self._scpi.do(command)
        until = time.monotonic() + SETTLE_S
        while wrong := self._not_yet(on):
            if time.monotonic() >= until:
                raise self._scpi.wrong(f"took {command}, but {wrong}")
            time.sleep(POLL_S)

    def _not_yet(self, on: bool) -> str:
        """What is not as it was told to be; empty when all is."""
        if self._scpi.is_on(self._state) != on:
            return f"its output is {'off' if on else 'on'}: look at its front"
        if self._measured is None:
            return ""
        question, low, high = self._measured
        volts = self._scpi.number(question)
        if on and not low <= volts <= high:
            return f"gives {volts:g} V in place of {low:g} to {high:g}: look at its current limit"
        if not on and volts > OFF_V:
            return f"still gives {volts:g} V: something else feeds the module"
        return ""
