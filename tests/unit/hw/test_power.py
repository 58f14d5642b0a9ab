"""The power budget adds up, and follows the board data."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dermis_hw import power
from dermis_hw.boards.wiring import WIRED, wired
from dermis_hw.environment import SUPPLY_V
from dermis_hw.optics import DM1


@pytest.mark.parametrize("board", WIRED)
def test_a_budget_is_in_order(board):
    made = power.budget(board)
    assert 0 < made.idle_ma < made.watch_ma < made.burst_ma < made.peak_ma
    assert made.peak_ma / 1000 < made.fuse_a / power.FUSE_ROOM + 1e-9
    assert made.psu_w >= made.peak_ma / 1000 * SUPPLY_V[0] * power.PSU_ROOM
    text = power.table(board)
    assert "NOTHING MEASURED" in text and all(load.name in text for load in made.loads)


def test_the_peak_is_every_consumer_at_once():
    made = power.budget("esp32s3")
    watts = sum(load.rail_v * load.peak_ma for load in made.loads) / 1000
    assert made.peak_ma == pytest.approx(1000 * watts / power.CONVERTER / SUPPLY_V[0])
    # One light at a time, so one light in the peak.
    board = wired("esp32s3")
    lights = [load for load in made.loads if load.rail_v == power.LIGHTS_V and load.name != "SWIR LED"]
    assert sum(load.peak_ma for load in lights) == max(board.currents_ma.values())


def test_a_hungrier_light_needs_more():
    board = wired("esp32s3")
    hungry = replace(board, currents_ma=board.currents_ma | {"970": 900})
    of_both = [{load.name: load for load in power.loads(made)} for made in (board, hungry)]
    assert of_both[1]["the hungriest light"].peak_ma == 900
    assert of_both[1]["light 970"].burst_ma > of_both[0]["light 970"].burst_ma


def test_a_slot_is_what_the_burst_taker_gives():
    # One frame period, one whole frame, and the switch: docs/timing.md.
    assert power.slot_us() == 40_000 + 33_600 + 6_000 + 400
    assert power.slot_us(replace(DM1, frame_period_us=300_000)) == DM1.longest_pulse_us
    assert power.burst_us() == 7 * 80_000 + 200_000
