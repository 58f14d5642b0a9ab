"""The twin's drivers on a real MicroPython, and the same on CPython."""

from __future__ import annotations

import pytest
from dermis_hw.optics import DM1

from tests.twin.probe import ENTRY, Probe


@pytest.fixture(scope="module", params=["auto", "cpython"])
def probe(request, make_shared_twin):
    twin = make_shared_twin(request.param, entry=ENTRY, interpreter=request.param)
    with Probe(twin) as probe:
        probe.greet()
        yield probe


def test_virtual_time_moves_by_sleeping_alone_and_wakes_the_earliest_first(probe):
    assert 3_600_000_000 <= probe.ask("sleep", ms=3_600_000)["slept_us"] < 3_600_010_000
    order = probe.ask("race")["order"]
    assert [name for name, _ in order] == ["worker", "short", "middle", "long"]
    assert [ms for _, ms in order] == [0, 100, 200, 300]


def test_frames_come_late_in_order_and_about_25_a_second(probe):
    fast = probe.ask("camera", frames=40)
    gaps = [b - a for a, b in zip(fast["times"], fast["times"][1:], strict=False)]
    assert min(gaps) > 0
    assert 38_000 < sum(gaps) / len(gaps) < 46_000
    assert fast["now_us"] >= fast["times"][-1]
    slow = probe.ask("camera", frames=10, buffers=1)["times"]
    assert 70_000 < (slow[-1] - slow[0]) / 9 < 95_000


def test_a_lit_frame_is_brighter_than_a_dark_one(probe):
    dark = probe.ask("camera", frames=4)["sums"]
    probe.ask("pulse", light="850", longest_us=200_000)
    lit = probe.ask("camera", frames=4)["sums"]
    assert max(lit) > 1.5 * max(dark)


def test_swir_takes_its_time_and_sees_skins_water(probe):
    bright = probe.ask("swir", band_nm=1300, pairs=64)
    wet = probe.ask("swir", band_nm=1450, pairs=64)
    assert 12_800 <= bright["took_us"] < 13_000
    tab = 64 * DM1.swir_tab_counts  # comes back whatever stands there
    assert (bright["on"] - bright["off"] - tab) > 4 * (wet["on"] - wet["off"] - tab) > 0


def test_storage_replaces_removes_and_says_what_is_missing(probe):
    assert probe.ask("read", name="nothing") == {"error": "OSError", "errno": 2}
    before = probe.ask("free")["free"]
    probe.ask("write", name="cal", generation=3, size=5000)
    probe.ask("write", name="cal", generation=4, size=6000)
    assert probe.ask("read", name="cal") == {"size": 6000, "generation": 4, "whole": True}
    assert probe.ask("free")["free"] <= before - 6000
    probe.ask("remove", name="cal")
    assert probe.ask("remove", name="cal") == {}
    assert probe.ask("read", name="cal")["errno"] == 2
    assert probe.ask("write", name="../escape", generation=1, size=1)["errno"] == 22


def test_the_small_ones(probe):
    assert probe.ask("temperature") == {"centi_celsius": 2500}
    assert probe.ask("serial")["serial"] == "DM1-0000"
    draws = probe.ask("random", count=300)["bytes"]
    assert len(draws) == 300 and len(set(draws)) > 100
    assert probe.ask("pulse", light="850", level_q8=300)["error"] == "SensorFault"


def test_interlock_and_faults_reach_the_firmware(make_twin):
    twin = make_twin(entry=ENTRY)
    with Probe(twin) as probe:
        probe.greet()
        twin.fault("interlock_open")
        assert probe.ask("pulse", light="dots")["error"] == "InterlockOpen"
        assert "at_us" in probe.ask("pulse", light="850")
        twin.fault("silent_imager")
        assert probe.ask("camera", frames=1)["error"] == "SensorFault"
        twin.fault("stuck_adc", value=5)
        stuck = probe.ask("swir", band_nm=1200, pairs=10)
        assert stuck["on"] == stuck["off"] == 50
        twin.fault("hot_module", temperature_c=61)
        assert probe.ask("temperature") == {"centi_celsius": 6100}
        twin.fault("clear")
        assert "at_us" in probe.ask("pulse", light="dots")
        assert len(probe.ask("camera", frames=2)["times"]) == 2
        assert probe.ask("temperature") == {"centi_celsius": 2500}


def test_a_module_without_the_swir_head_says_so(make_twin):
    with Probe(make_twin(entry=ENTRY, swir=False)) as probe:
        probe.greet()
        assert probe.ask("swir", band_nm=1200, pairs=10)["error"] == "SensorFault"


def test_nothing_of_the_hosts_environment_reaches_the_firmware(make_twin, monkeypatch):
    monkeypatch.setenv("SECRET_SCENE", "silicone mask")
    with Probe(make_twin(entry=ENTRY)) as probe:
        probe.greet()
        seen = probe.ask("environment")
        assert seen["SECRET_SCENE"] is None and seen["DERMIS_SCENE"] is None
        assert seen["DERMIS_BOARD"].endswith("board.json")


def test_the_same_seed_gives_the_same_draws_and_frames(make_twin):
    seen = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        with Probe(make_twin(name, entry=ENTRY, seed=seed)) as probe:
            probe.greet()
            seen.append((probe.ask("random", count=16)["bytes"], probe.ask("camera", frames=3)["sums"]))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0] and seen[0][1] != seen[2][1]


def test_a_light_that_reaches_its_duty_limit_rests(make_twin):
    with Probe(make_twin(entry=ENTRY)) as probe:
        probe.greet()
        for _ in range(25):
            assert "at_us" in probe.ask("pulse", light="970", longest_us=10_000_000)  # cut to 200 ms each
            probe.ask("sleep", ms=200)
        refusal = probe.ask("pulse", light="970")
        assert refusal["error"] == "SensorFault" and "rest" in refusal["text"]
        assert "at_us" in probe.ask("pulse", light="850")
        probe.ask("sleep", ms=8000)
        assert "at_us" in probe.ask("pulse", light="970")
