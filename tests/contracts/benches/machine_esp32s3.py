"""The ESP32-S3's machine on the fake chip."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from dermis_hw.boards import board_file

from tests.contracts.benches import machine
from tests.fakes.esp32s3 import Chip, installed
from tests.fakes.esp32s3.flash import LABELS
from tests.fakes.esp32s3.reset import ChipReset, wall_clock

FEED_EVERY_S = 10


def clock_of(chip: Any) -> Any:
    """The clock's driver, its wall clock the chip's."""
    from dermis.drivers.clock import esp32s3

    esp32s3.time = wall_clock(chip)  # type: ignore[attr-defined, assignment]
    return esp32s3.S3Clock()


class _Clock(machine.ClockBench):
    def __init__(self, chip):
        self._chip = chip
        self.driver = clock_of(chip)
        from dermis.drivers.system.esp32s3 import S3System

        self._system = S3System(self.driver)

    def run(self, work):
        return asyncio.run(work())  # type: ignore[arg-type]

    def pass_s(self, seconds):
        while seconds > 0:
            self._chip.run(min(seconds, FEED_EVERY_S) * 1_000_000)
            self._system.feed()
            seconds -= FEED_EVERY_S


class _System(machine.SystemBench):
    def __init__(self, chip):
        self._chip = chip
        self._start()

    def _start(self):
        from dermis.drivers.system.esp32s3 import S3System

        self.driver = S3System(clock_of(self._chip))

    def pass_ms(self, duration_ms):
        try:
            self._chip.run(duration_ms * 1000)
        except ChipReset as ended:
            return ended.why
        return ""

    def restart(self, why):
        self._chip.reset_state.start(why)
        self._start()

    def reset(self):
        try:
            self.driver.reset()
        except ChipReset as ended:
            self.restart(ended.why)
            return True
        return False


class _Link(machine.LinkBench):
    """kind: of the board file's `link`."""

    def __init__(self, chip, kind):
        self._chip = chip
        board = board_file("esp32s3") | {"link": kind}
        before = sys.stdin, sys.stdout
        sys.stdin = sys.stdout = SimpleNamespace(buffer=chip.usb)  # type: ignore[assignment]
        try:
            from dermis.drivers.link.esp32s3 import open_link

            self.driver = open_link(board, clock_of(chip))
        finally:
            sys.stdin, sys.stdout = before
        self.wire = chip.usb if kind == "usb" else chip.uarts[1]
        self.kind = kind

    def come(self, data):
        if self.kind == "usb":
            self.wire.arrive(data)
        else:
            self.wire.come(data)
            self._chip.run(len(data) * 20)

    def read(self, size=256):
        buffer = bytearray(size)
        return bytes(buffer[: asyncio.run(self.driver.read(buffer))])

    def got(self):
        sent = bytes(self.wire.sent)
        self.wire.sent.clear()
        return sent

    def host(self, *, reads, opened=True):
        if self.kind == "usb":
            self.wire.reading, self.wire.open_ = reads, opened

    def took_ms(self, work):
        before = self._chip.now_us
        work()
        return (self._chip.now_us - before) // 1000

    def interrupts(self):
        return self._chip.usb.interrupt == 0x03


class _Flash(machine.FlashBench):
    def __init__(self, chip):
        self._chip = chip
        from dermis.drivers.flash.esp32s3 import S3Flash

        self.driver = S3Flash()

    def content(self, partition, offset, length):
        return bytes(self._chip.flash.data[LABELS.get(partition, partition)][offset : offset + length])

    def put(self, partition, offset, data):
        self._chip.flash.data[LABELS.get(partition, partition)][offset : offset + len(data)] = data

    def break_(self, what):
        break_flash(self._chip.flash, what, "slot0")


def break_flash(flash: Any, what: str, label: str) -> None:
    if what == "broken":
        flash.broken = True
    elif what == "missing":
        flash.missing.add(label)
    elif what == "moved":
        flash.moved.add(label)
    else:
        raise machine.Unbreakable(what)


class _Storage(machine.StorageBench):
    def __init__(self, chip):
        self._chip = chip
        self.restart()

    def restart(self):
        self._chip.flash.mounts.clear()
        from dermis.drivers.flash.esp32s3 import S3Flash
        from dermis.drivers.storage.esp32s3 import open_storage

        self.driver = open_storage(S3Flash())

    def break_(self, what):
        if what == "damaged":
            data = self._chip.flash.data["data"]
            for block in (0, 1):  # all but the marks of the two superblocks
                data[block * 4096 + 16 : (block + 1) * 4096] = b"\x5a" * (4096 - 16)
        else:
            break_flash(self._chip.flash, what, "data")


PARTS: dict[str, Any] = {
    "clock": _Clock,
    "system": _System,
    "usb_link": lambda chip: _Link(chip, "usb"),
    "uart_link": lambda chip: _Link(chip, "uart"),
    "flash": _Flash,
    "storage": _Storage,
}


@contextlib.contextmanager
def bench(part: str) -> Iterator[Any]:
    chip = Chip()
    with installed(chip):
        os.dupterm = lambda stream: stream  # type: ignore[attr-defined]
        try:
            made = PARTS[part](chip)
            made.chip = chip
            yield made
        finally:
            del os.dupterm  # type: ignore[attr-defined]
