"""From power or reset to the first words: read from the port by pytest-embedded, whatever the module is."""

from __future__ import annotations

import time

import pytest
from dermis_host.wire import frame_lines, request

from tests.hil.support.ports import START_S

FIRST_ANSWER_S = 10.0  # after the line that says that the firmware is up


def test_the_reset_line_starts_the_module_and_it_says_what_it_is(dut):
    dut.press_reset()
    said = dut.expect_boot()
    with dut.module() as module:
        identity = module.identity()
    told = {name: said[name] for name in ("serial", "board", "firmware", "runtime", "state", "calibrated")}
    assert told == {name: getattr(identity, name) for name in told}
    assert said["inference"], "the module runs no model"
    assert said["heap_free"] > 0


def test_it_answers_soon_after_its_boot_line(dut):
    dut.press_reset()
    dut.expect_boot()
    began = time.monotonic()
    with dut.module() as module:
        module.echo("there?")
    assert time.monotonic() - began < FIRST_ANSWER_S


def test_a_requested_reset_starts_it_anew(dut):
    dut.write(frame_lines(request("reset").BYTES))  # nobody hears a boot line while a port changes hands
    assert dut.expect_boot()["serial"]


def test_opening_and_closing_the_port_restarts_nothing(rig, module):
    before = module.identity().uptime_ms
    module.close()
    with rig.module() as again:
        assert again.identity().uptime_ms >= before


@pytest.mark.needs("power")
def test_power_that_goes_and_comes_back(rig):
    rig.power.off()
    try:
        assert not rig.answers_now(), "the switch is not that of the module's supply"
    finally:
        rig.power.on()
    rig.wait_for_module(START_S)
