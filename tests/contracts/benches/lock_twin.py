"""The lock's side before the twin's drivers and what they find in the twin, with no process between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from dermis.core import twin_wire as wire
from dermis.core.errors import SensorFault
from dermis.drivers.lock.twin import TwinLock
from dermis_hw.twin.lockside import LockSide

from tests.contracts.benches.lock import LockBench, Unbreakable


class LockChannel:
    """`dermis.drivers.twin_channel.Channel` for the requests of the lock's side. sent: bytes for the panel."""

    def __init__(self):
        self.sent = bytearray()
        self.side = LockSide(self.sent.extend, lambda: 0)
        self._methods = {
            wire.LOCK_SET: self.side.set,
            wire.LOCK_INPUTS: self.side.read_inputs,
            wire.WIEGAND: self.side.wiegand,
            wire.BUS_OPEN: self.side.open,
            wire.BUS_READ: self.side.read,
            wire.BUS_WRITE: self.side.write,
        }

    def ask(self, op, payload=b""):
        try:
            return self._methods[op](0, bytes(payload))
        except ValueError as problem:
            raise SensorFault(str(problem)) from None

    glance = ask


class _Clock:
    def __init__(self):
        self.slept_ms = 0

    async def sleep_ms(self, duration_ms):
        self.slept_ms += duration_ms


class TwinLockBench(LockBench):
    def __init__(self):
        self.channel = LockChannel()
        self.side = self.channel.side
        self.make()

    def make(self, lock=TwinLock):
        self.driver = lock(self.channel, _Clock())

    def run(self, work):
        return asyncio.run(work())

    def relay_closed(self):
        return self.side.relay

    def led(self):
        return self.side.led

    def buzzer(self):
        return self.side.buzzer

    def heard(self):
        return self.side.frames[-1]["bits"] if self.side.frames else ""

    def lines_high(self):
        return True  # its frames are messages

    def stall(self, duration_us):
        raise Unbreakable("its frames are messages")

    def set_input(self, name, active):
        self.side.inputs[{"tampered": "tamper", "power_good": "power"}.get(name, name)] = active

    def break_(self, what):
        raise Unbreakable(what)

    def restart(self):
        self.side.reset()


@contextlib.contextmanager
def bench() -> Iterator[TwinLockBench]:
    yield TwinLockBench()
