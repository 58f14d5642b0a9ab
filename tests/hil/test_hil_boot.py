"""From power or reset to the first words: read from the port by pytest-embedded, whatever the module is."""

from __future__ import annotations

import json
import time

import pytest
from dermis_host.wire import frame_lines, request

from tests.hil.support.ports import ModuleDut

# From a reset to the line of a firmware that is up. Generous: a board checks its image's signature on the way, and a
# twin shares its computer; a module that needs longer does not start.
START_S = 60.0
FIRST_ANSWER_S = 10.0  # after that line
RESET_HELD_S = 0.1  # with EN low, as esptool holds it


def boot_line(dut: ModuleDut) -> dict:
    """The event `boot`, once it comes."""
    found = dut.expect(rb'(\{"t_ms": [^\n]*"event": "boot"[^\n]*\})\r?\n', timeout=START_S)
    return json.loads(found.group(1))


def press_reset(dut: ModuleDut) -> None:
    """The reset button, by the port's lines (RTS: EN low, DTR: released)."""
    dut.serial.proc.dtr = False
    dut.serial.proc.rts = True
    time.sleep(RESET_HELD_S)
    dut.serial.proc.rts = False


def test_the_reset_line_starts_the_module_and_it_says_what_it_is(dut):
    press_reset(dut)
    said = boot_line(dut)
    with dut.module() as module:
        identity = module.identity()
    told = {name: said[name] for name in ("serial", "board", "firmware", "runtime", "state", "calibrated")}
    assert told == {name: getattr(identity, name) for name in told}
    assert said["inference"], "the module runs no model"
    assert said["heap_free"] > 0


def test_it_answers_soon_after_its_boot_line(dut):
    press_reset(dut)
    boot_line(dut)
    began = time.monotonic()
    with dut.module() as module:
        module.echo("there?")
    assert time.monotonic() - began < FIRST_ANSWER_S


def test_a_requested_reset_starts_it_anew(dut):
    dut.write(frame_lines(request("reset").BYTES))  # nobody hears a boot line while a port changes hands
    assert boot_line(dut)["serial"]


def test_opening_and_closing_the_port_restarts_nothing(rig, module):
    before = module.identity().uptime_ms
    module.close()
    with rig.module() as again:
        assert again.identity().uptime_ms >= before


@pytest.mark.needs("power")
def test_power_that_goes_and_comes_back(rig):
    assert rig.power_cycle(limit_s=START_S) < START_S
