"""Bytes on their way to the module's console, and which prompt is on there.

MicroPython's unix port throws away what waits in its terminal when its prompt comes up. A board keeps it, and
tools count on that: they send Ctrl-C and, without waiting, the switch to the raw prompt. So what follows a
Ctrl-C waits here until the prompt is there, or until it is clear that none will come.
"""

from __future__ import annotations

import time
from collections.abc import Callable

INTERRUPT = b"\x03"
RAW_PROMPT, FRIENDLY_PROMPT = b"\x01", b"\x02"
# Whoever wants the prompt sends nothing else beside the interrupt; noise that holds that byte does.
PROMPT_KEYS = b"\r\n\x01\x02\x03\x04"
PROMPT = b">>> "
# How long a firmware that starts may take to take the console, one that has it to let go of it, and then the
# interpreter to show its prompt: on a busy computer.
START_LIMIT_S, RELEASE_LIMIT_S, PROMPT_LIMIT_S = 30.0, 3.0, 3.0
MOST_HELD = 1 << 16  # bytes; whoever sends more waits for no prompt


class Console:
    """`send` passes bytes on to the module."""

    def __init__(self, send: Callable[[bytes], None]):
        self._send = send
        self._held = bytearray()
        self.deadline: float | None = None  # when held bytes go on at the latest
        self.firmware_reads = False
        self._starting = False  # the firmware has not taken the console yet: what comes waits for it, as on a board
        self.raw_prompt = False  # which prompt a soft reset comes back to

    def restart(self, *, main: bool) -> None:
        """A new process: held bytes were the old one's."""
        self._held.clear()
        self.deadline = None
        self.firmware_reads = self._starting = main
        if main:
            self.raw_prompt = False

    def taken(self, by_firmware: bool) -> None:
        """The firmware took the console, or let go of it."""
        self.firmware_reads, self._starting = by_firmware, False
        if by_firmware:
            self.raw_prompt = False
        if self.deadline is not None:
            self.deadline = time.monotonic() + (RELEASE_LIMIT_S if by_firmware else PROMPT_LIMIT_S)

    def from_host(self, data: bytes) -> None:
        if self.deadline is not None:
            self._held += data
            if len(self._held) > MOST_HELD:
                self._let_go()
            return
        if self.firmware_reads:
            if INTERRUPT in data and not data.strip(PROMPT_KEYS):
                cut = data.index(INTERRUPT) + 1
                self._held += data[cut:]
                self.deadline = time.monotonic() + (START_LIMIT_S if self._starting else RELEASE_LIMIT_S)
                data = data[:cut]
        else:
            self._note_prompt(data)
        self._send(data)

    def from_module(self, data: bytes) -> None:
        """Look for the prompt that held bytes wait for."""
        if self.deadline is not None and not self.firmware_reads and PROMPT in data:
            self._let_go()

    def tick(self) -> None:
        """Time has passed."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._let_go()

    def _let_go(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        self.deadline = None
        if data:
            if not self.firmware_reads:
                self._note_prompt(data)
            self._send(data)

    def _note_prompt(self, data: bytes) -> None:
        raw, friendly = data.rfind(RAW_PROMPT), data.rfind(FRIENDLY_PROMPT)
        if raw != friendly:
            self.raw_prompt = raw > friendly
