"""Puts a simulated machine where the Coral's drivers look for Linux."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import gpiod
import pytest
import smbus2
from dermis.drivers import coral_pwm, coral_v4l2
from dermis.drivers.clock import coral as clock

from tests.fakes.coral.gpio import request_lines
from tests.fakes.coral.i2c import smbus
from tests.fakes.coral.machine import TICK_US, Machine, VirtualTimer
from tests.fakes.coral.pwm import Pwm
from tests.fakes.coral.video import Video
from tests.fakes.esp32s3.install import VirtualLoop


@contextlib.contextmanager
def installed(machine: Machine, video: Video | None = None) -> Iterator[Pwm]:
    """Within, the drivers find that machine, its time, its lines, its buses and its imager; gives its PWM."""
    pwm = Pwm(machine)

    def monotonic_ns() -> int:
        machine.run(TICK_US)
        return machine.monotonic_us() * 1000

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", SimpleNamespace(monotonic_ns=monotonic_ns, time=time.time))
        patch.setattr(gpiod, "request_lines", request_lines(machine))
        patch.setattr(smbus2, "SMBus", smbus(machine))
        patch.setattr(coral_pwm, "open", pwm.open, raising=False)
        patch.setattr(threading, "Timer", lambda interval_s, function: VirtualTimer(machine, interval_s, function))
        for name, module in (video.modules() if video else {}).items():
            patch.setattr(coral_v4l2, name, module)
        yield pwm


def run(machine: Machine, work):
    """The result of a coroutine function, its event loop in the machine's time."""
    loop = VirtualLoop(machine)
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


def sleep_ms(duration_ms: int):
    return asyncio.sleep(duration_ms / 1000)
