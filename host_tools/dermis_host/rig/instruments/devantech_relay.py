"""The module's supply through a relay of Devantech's USB boards (USB-RLY02, -RLY08, -RLY16, -RLY16L).

A virtual serial port of single bytes (its baud rate means nothing): 0x5A has the board's number and version for an
answer, 0x5B the relays' states as bits; 0x64 + n closes relay n, 0x6E + n opens it. Nothing of it has met a real board.
Ref: Devantech, USB-RLY02 and USB-RLY16 technical documentation, tables of commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dermis_host.rig.contract import PowerSwitch, RigError
from dermis_host.rig.keys import Keys
from dermis_host.rig.serial_line import SerialLine

VERSION, STATES, CLOSE, OPEN = 0x5A, 0x5B, 0x64, 0x6E
BOARDS = {8: "USB-RLY08", 9: "USB-RLY16", 10: "USB-RLY02", 15: "USB-RLY16L"}
RELAYS = {8: 8, 9: 8, 10: 2, 15: 8}
BAUD = 9600
ANSWER_S = 1.0
SETTLE_S = 0.05  # a relay's armature: 10 ms and some bounces
NORMALLY_OPEN, NORMALLY_CLOSED = "normally_open", "normally_closed"


class DevantechRelay(PowerSwitch):
    """Keys: port, relay (from 1), contact (through which the supply is wired: "normally_closed" has power when the
    board is unplugged)."""

    def __init__(self, port: str, relay: int, contact: str):
        self._relay = relay
        self._closed_when_on = contact == NORMALLY_OPEN
        self._line = SerialLine("The relay board", port, BAUD)
        try:
            self._line.drop_input()
            self._line.write(bytes([VERSION]))
            number, self._version = self._line.take(2, "the question for its version", ANSWER_S)
            if number not in BOARDS:
                raise self._line.nonsense("the question for its version", bytes([number, self._version]))
            self._name = BOARDS[number]
            if relay > RELAYS[number]:
                raise RigError(f"The {self._name} on {port} has {RELAYS[number]} relays, and no relay {relay}.")
        except BaseException:
            self._line.close()
            raise

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], DevantechRelay]:
        port, relay = keys.port(), keys.whole("relay", 1, max(RELAYS.values()))
        contact = keys.choice("contact", (NORMALLY_OPEN, NORMALLY_CLOSED))
        return lambda: cls(port, relay, contact)

    def identity(self) -> str:
        return f"Devantech {self._name} version {self._version}, relay {self._relay}"

    def on(self) -> None:
        self._switch(self._closed_when_on)

    def off(self) -> None:
        self._switch(not self._closed_when_on)

    def close(self) -> None:
        self._line.close()

    def _switch(self, closed: bool) -> None:
        self._line.drop_input()  # what a question that was given up left behind
        self._line.write(bytes([(CLOSE if closed else OPEN) + self._relay]))
        time.sleep(SETTLE_S)
        self._line.write(bytes([STATES]))
        states = self._line.take(1, "the question for its relays", ANSWER_S)[0]
        if bool(states >> (self._relay - 1) & 1) != closed:
            raise RigError(
                f"The {self._name} on {self._line.port} did not {'close' if closed else 'open'} relay {self._relay}: "
                "has its coil its supply?"
            )
