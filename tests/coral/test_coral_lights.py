"""The Coral's lights where Linux differs: a thread ends the pulse, lines and PWM are files, and all can be taken."""

from __future__ import annotations

import threading
import time

import pytest
from dermis.core.errors import DermisError, SensorFault
from dermis.drivers import coral_gpio
from dermis.drivers.coral_pwm import LinuxPwm
from dermis.drivers.emitters import coral
from dermis.drivers.emitters.coral import CoralEmitters
from dermis_hw.boards import board_file

from tests.contracts import test_emitters_contract as contract
from tests.contracts.benches.emitters_coral import bench
from tests.fakes.coral import Machine, installed

NOMINAL_Q8 = 256
ONE_SHOT_US = 220_000


def test_a_thread_ends_the_pulse_in_time(monkeypatch):
    """Real threads, real time; the loop stands still meanwhile."""
    real = threading.Timer
    with bench() as lights:
        monkeypatch.setattr(coral.threading, "Timer", real)
        lights.driver.pulse("850", NOMINAL_Q8, 20_000)
        assert lights.burning() == "850"
        until = time.monotonic() + 5
        while lights.burning() and time.monotonic() < until:
            time.sleep(0.001)
        assert lights.burning() == ""


def test_a_thread_of_an_earlier_pulse_ends_no_later_one():
    with bench() as lights:
        lights.driver.pulse("850", NOMINAL_Q8, 50_000)
        lights.advance_us(40_000)
        lights.driver.pulse("970", NOMINAL_Q8, 50_000)
        lights.advance_us(40_000)
        assert lights.burning() == "970"


def test_what_the_thread_could_not_do_is_told_with_the_next_pulse():
    with bench() as lights:
        lights.driver.pulse("850", NOMINAL_Q8, 50_000)
        lights.machine.missing.add("/dev/gpiochip0")
        lights.advance_us(ONE_SHOT_US + 1000)
        assert lights.burning() == ""  # the one-shot's work
        lights.machine.missing.clear()
        with pytest.raises(SensorFault, match="does not follow"):
            lights.driver.pulse("850", NOMINAL_Q8, 50_000)
        lights.driver.pulse("850", NOMINAL_Q8, 50_000)
        assert lights.burning() == "850"


def test_without_a_thread_nothing_burns(monkeypatch):
    class NoThread:
        daemon = False

        def __init__(self, *_arguments):
            pass

        def start(self):
            raise RuntimeError("can't start new thread")

        def cancel(self):
            pass

    with bench() as lights:
        monkeypatch.setattr(coral.threading, "Timer", NoThread)
        with pytest.raises(SensorFault, match="no thread left"):
            lights.driver.pulse("850", NOMINAL_Q8, 50_000)
        assert lights.burning() == ""


def test_lines_start_at_their_idle_level_and_are_ours_alone():
    machine = Machine(board_file("coral"))
    with installed(machine):
        for pin in machine.pins.values():
            pin.latch = 1  # as a process that died left them
        line = coral_gpio.output(machine.board, "light_pulse", 0)
        assert machine.level_of("light_pulse") == 0 and line.level() == 0
        with pytest.raises(SensorFault, match="busy"):
            coral_gpio.output(machine.board, "light_pulse", 0)
        line.set(1)
        line.release()
        assert machine.level_of("light_pulse") == 1, "the fake is too kind: the kernel leaves a line as it was"
        machine.missing.add("/dev/gpiochip2")
        with pytest.raises(SensorFault, match="cannot be had"):
            coral_gpio.output(machine.board, "relay", 0)


def test_a_pwm_is_set_up_once_and_again_after_a_fault():
    machine = Machine(board_file("coral"))
    with installed(machine) as files:
        pwm = LinuxPwm(machine.board["devices"]["current_pwm"], 100_000)
        for duty in (65535, 1, 30000):
            pwm.set(duty)
            assert machine.duties[1000] == pytest.approx(duty, abs=10)
        files.broken = True
        with pytest.raises(SensorFault, match="start the module as a service"):
            pwm.set(5)
        files.broken = False
        files._values.update(period=5000, duty_cycle=5000, enable=0)  # somebody else had it
        pwm.set(65535)
        assert machine.duties[1000] == 65535


def wrong_drivers():
    class NoThreads(CoralEmitters):
        def _begin(self, length_us):
            self._line.set(1)

    class LateSelection(CoralEmitters):
        def _begin(self, length_us):
            super()._begin(length_us)
            self._expander.select("light_select_", 0)

    class NoCurrent(CoralEmitters):
        def _current(self, duty_u16):
            try:
                super()._current(duty_u16)
            except SensorFault:
                return

    class StaysLit(CoralEmitters):
        def _end(self):
            if self._timer is not None:
                self._timer.cancel()

    class Unlimited(CoralEmitters):
        def pulse(self, light, level_q8, longest_us):
            self._limiters[light].__init__(1, 1 << 40)
            super().pulse(light, level_q8, longest_us)

    return [
        (NoThreads, contract.a_pulse_lasts_as_long_as_asked),
        (LateSelection, contract.each_light_burns_alone),
        (NoCurrent, contract.faults_are_told_and_nothing_burns),
        (StaysLit, contract.dark_ends_a_pulse),
        (Unlimited, contract.the_duty_limit_holds),
    ]


@pytest.mark.parametrize(("emitters", "check"), wrong_drivers(), ids=lambda each: each.__name__)
def test_a_wrong_driver_fails(emitters, check):
    with bench(emitters) as lights:
        lights.ends_itself = True  # a thread does: what the contract asks of hardware that can
        with pytest.raises((AssertionError, DermisError, pytest.fail.Exception)):
            check(lights)
