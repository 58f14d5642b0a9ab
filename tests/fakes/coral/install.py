"""Puts a simulated machine where the Coral's drivers look for Linux."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import gpiod
import smbus2
from dermis.drivers import coral_pwm, coral_v4l2
from dermis.drivers.clock import coral as clock

from tests.fakes.coral.gpio import request_lines
from tests.fakes.coral.i2c import smbus
from tests.fakes.coral.machine import TICK_US, Machine, VirtualTimer
from tests.fakes.coral.pwm import Pwm
from tests.fakes.coral.video import Video
from tests.fakes.esp32s3.install import VirtualLoop

TURN_EVERY_US = 500


@contextlib.contextmanager
def installed(machine: Machine, video: Video | None = None) -> Iterator[Pwm]:
    """Within, the drivers find that machine, its time, its lines, its buses and its imager; gives its PWM."""
    pwm = Pwm(machine)

    def monotonic_ns() -> int:
        machine.run(TICK_US)
        return machine.monotonic_us() * 1000

    found = [
        (clock, "time", SimpleNamespace(monotonic_ns=monotonic_ns, time=machine.wall_s)),
        (gpiod, "request_lines", request_lines(machine)),
        (smbus2, "SMBus", smbus(machine)),
        (coral_pwm, "open", pwm.open),
        (threading, "Timer", lambda interval_s, function: VirtualTimer(machine, interval_s, function)),
        *[(coral_v4l2, name, module) for name, module in (video.modules() if video else {}).items()],
    ]
    with contextlib.ExitStack() as stack:
        for thing, name, fake in found:
            stack.enter_context(mock.patch.object(thing, name, fake, create=name == "open"))
        yield pwm


def run(machine: Machine, work, turns: list[int] | None = None):
    """The result of a coroutine function, its event loop in the machine's time. turns: takes how much later (us) than
    wanted one got its turns who wants one each half millisecond."""
    loop = VirtualLoop(machine)

    async def watched():
        watcher = asyncio.ensure_future(_watch(machine, turns)) if turns is not None else None
        try:
            return await work()
        finally:
            if watcher:
                watcher.cancel()

    try:
        return loop.run_until_complete(watched())
    finally:
        loop.close()


async def _watch(machine: Machine, turns: list[int]) -> None:
    while True:
        before = machine.now_us
        await asyncio.sleep(TURN_EVERY_US / 1e6)
        turns.append(machine.now_us - before - TURN_EVERY_US)
