"""The simulated hardware without a module: light, time, detectors, flash, eye safety."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dermis_hw import eye_safety
from dermis_hw.module_instance import ModuleInstance, draw
from dermis_hw.optics import DM1
from dermis_hw.twin import synthetic
from dermis_hw.twin.console import MOST_HELD, RELEASE_LIMIT_S, Console
from dermis_hw.twin.errors import TwinError
from dermis_hw.twin.flash import SECTOR, Flash, PowerCut
from dermis_hw.twin.imager import Imager
from dermis_hw.twin.port import AutoReset
from dermis_hw.twin.render_job import MOTION_STEP_S
from dermis_hw.twin.sensor import ImagerSensor, output_factor, swir_sums
from dermis_hw.twin.stage import field_by_time
from dermis_hw.twin.world import DutyReached, World

NOMINAL = ModuleInstance()
FLAT = replace(NOMINAL, vignette=0.0)
SCENE = np.s_[:, DM1.monitor_columns[1] :]  # without the monitor tab


def lit(light: str, level: float = 1.0, exposure_us: int = DM1.exposure_us) -> dict[str, np.ndarray]:
    return {light: np.full(DM1.height, exposure_us * level, np.float32)}


def linear(codes: np.ndarray, module: ModuleInstance = NOMINAL) -> np.ndarray:
    """Codes to electrons, as a calibration would."""
    part = np.clip((codes.astype(float) - module.black_code) / (255 - module.black_code), 0, 1)
    return part**module.gamma * DM1.full_well_e


def world(virtual: bool = True, provider=synthetic.plane, optics=DM1) -> World:
    made = World(optics, virtual=virtual)
    made.show(provider)
    made.module_started()
    return made


# --- imager


def test_signal_is_proportional_to_light_until_the_well_is_full():
    sensor, rng = ImagerSensor(DM1, FLAT), np.random.default_rng(1)
    field = synthetic.plane()
    means = []
    for level in (0.25, 0.5, 1.0):
        codes = sensor.expose(field, lit("850", level), DM1.exposure_us, 1.0, 25.0, rng)
        means.append(linear(codes[SCENE]).mean() - field.ambient.mean() * 0.05 * DM1.exposure_us)
    expected = DM1.electrons_per_us["850"] * DM1.exposure_us
    assert np.allclose(np.array(means) / expected, [0.25, 0.5, 1.0], rtol=0.015)
    flooded = sensor.expose(field, lit("850", 5.0), DM1.exposure_us, 1.0, 25.0, rng)
    assert (flooded[SCENE] == 255).mean() > 0.999


def test_noise_is_that_of_shot_and_read_noise():
    sensor = ImagerSensor(DM1, FLAT)
    for electrons in (1500.0, 4000.0, 8000.0):
        rng = np.random.default_rng(2)
        flat = np.full((DM1.height, DM1.width), electrons, np.float32)
        measured = np.std(linear(sensor.codes(flat, 1.0, rng)))
        # a code's width at this level adds its own w/sqrt(12)
        slope = FLAT.gamma * DM1.full_well_e / (255 - FLAT.black_code)
        code = slope * (electrons / DM1.full_well_e) ** (1 - 1 / FLAT.gamma)
        expected = np.sqrt(electrons + DM1.read_noise_e**2 + code**2 / 12)
        assert measured == pytest.approx(expected, rel=0.04)


def test_the_fixed_pattern_stays_and_belongs_to_the_module():
    def pattern(seed):
        sensor = ImagerSensor(DM1, replace(FLAT, noise_seed=seed))
        return sensor.electrons(synthetic.plane(), lit("850"), DM1.exposure_us, 25.0)[SCENE]

    assert np.array_equal(pattern(3), pattern(3))
    assert np.std(pattern(3)) / np.mean(pattern(3)) == pytest.approx(DM1.prnu, rel=0.05)
    assert abs(np.corrcoef(pattern(3).ravel(), pattern(4).ravel())[0, 1]) < 0.02


def test_the_monitor_tab_names_each_light():
    sensor = ImagerSensor(DM1, NOMINAL)
    tab = np.s_[:, slice(*DM1.monitor_columns)]
    for light, part in DM1.monitor_level.items():
        electrons = sensor.electrons(synthetic.face(), lit(light), DM1.exposure_us, 25.0)[tab].mean()
        ambient = DM1.monitor_ambient_per_klux * synthetic.face().klux_sun * DM1.full_well_e
        assert electrons - ambient == pytest.approx(part * DM1.full_well_e, rel=0.01)


def test_temperature_dims_the_leds_and_raises_the_silicon():
    sensor = ImagerSensor(DM1, FLAT)
    dark_room = replace(synthetic.plane(), ambient=np.zeros((DM1.height, DM1.width), np.float32))
    cold, hot = (sensor.electrons(dark_room, lit("1050"), 6000, t)[SCENE].mean() for t in (25.0, 45.0))
    assert output_factor("1050", 45.0) == pytest.approx(0.90)
    assert hot / cold == pytest.approx(0.90 * 1.17, rel=0.001)


def test_a_modules_tolerances_show():
    module = replace(draw(3), noise_seed=0)
    field = replace(synthetic.plane(), ambient=np.zeros((DM1.height, DM1.width), np.float32))
    nominal = ImagerSensor(DM1, FLAT).electrons(field, lit("970"), 6000, 25.0)
    own = ImagerSensor(DM1, module).electrons(field, lit("970"), 6000, 25.0)
    ratio = own / nominal
    assert ratio[115:125, 155:165].mean() == pytest.approx(module.level["970"], rel=0.002)
    assert ratio[120, 310] / ratio[120, 12] == pytest.approx(1 + 1.87 * module.flat_tilt["970"][0], rel=0.01)


def test_rows_see_what_burned_while_they_were_exposed():
    outside = world()
    outside.pulse(1000, "850", 1.0, 5000)
    outside.pulse(4000, "970", 0.5, 5000)
    starts = np.array([0, 2000, 4000, 9000])
    seen = outside.lit_us(starts, 2000)
    assert seen["850"].tolist() == [1000, 2000, 0, 0]
    assert seen["970"].tolist() == [0, 0, 1000, 0]
    outside.dead_lights.add("850")
    assert "850" not in outside.lit_us(starts, 2000)


def _frames(optics, count, pulse_every_us=None):
    outside = world(optics=optics)
    imager = Imager(optics, NOMINAL, outside, seed=5)
    imager.start(0, 6000, 256, 2)
    now, taken, next_pulse, lights = 0, [], 0, ["850", "970", "1050"]
    while len(taken) < count:
        if pulse_every_us and now >= next_pulse:
            outside.pulse(now, lights[next_pulse // pulse_every_us % 3], 1.0, pulse_every_us)
            next_pulse += pulse_every_us
        again, arrived, pixels = imager.read(now)
        if again:
            now = min(again, next_pulse) if pulse_every_us else again
            continue
        taken.append((arrived, pixels))
    return imager, taken


def test_frames_run_free_are_late_and_some_were_lit_by_two_lights():
    imager, taken = _frames(DM1, 120, pulse_every_us=97_000)
    deliveries = list(imager.deliveries)
    took = round(DM1.row_time_us * DM1.height) + 6000
    late = [d.arrived_us - d.started_us - took for d in deliveries]
    assert min(late) >= DM1.latency_us[0]
    assert np.mean(late) == pytest.approx(np.mean(DM1.latency_us), rel=0.3)
    two = [d for d in deliveries if sum(rows.max() > 0 for rows in d.lit_us.values()) > 1]
    one = [d for d in deliveries if len(d.lit_us) == 1 and next(iter(d.lit_us.values())).min() == 6000]
    assert len(two) > 20 and len(one) > 20
    arrivals = [arrived for arrived, _ in taken]
    assert all(b > a for a, b in itertools.pairwise(arrivals))


def test_frames_are_dropped_and_repeated_at_the_rate_given():
    optics = replace(DM1, drop_probability=0.15, repeat_probability=0.15, latency_us=(20_000, 20_001))
    imager, taken = _frames(optics, 200)
    starts = [d.started_us for d in imager.deliveries]
    missing = (starts[-1] - starts[0]) / optics.frame_period_us + 1 - len(starts)
    assert 15 < missing < 60
    repeats = [index for index, d in enumerate(imager.deliveries) if d.repeated]
    assert 15 < len(repeats) < 50
    assert all(taken[index][1] == taken[index - 1][1] for index in repeats)
    assert taken[0][1] != taken[1][1] or imager.deliveries[1].repeated


def test_a_frame_that_nobody_took_makes_room_for_a_newer_one():
    outside = world()
    imager = Imager(DM1, NOMINAL, outside, seed=1)
    imager.start(0, 6000, 256, 2)
    now = 60_000_000
    first = imager.read(now)[1]
    second = imager.read(now)[1]
    assert now - 250_000 < first < second <= now
    assert imager.read(now)[0] > now


def test_the_imager_refuses_what_it_cannot():
    imager = Imager(DM1, NOMINAL, world(), seed=1)
    with pytest.raises(ValueError, match="not started"):
        imager.read(0)
    with pytest.raises(ValueError, match="exposures"):
        imager.start(0, 0, 256, 2)


# --- photodiode


def test_swir_sums_follow_reflectance_and_noise():
    rng = np.random.default_rng(1)
    draws = [swir_sums(DM1, NOMINAL, synthetic.plane(), 1300, 64, 25.0, rng) for _ in range(300)]
    difference = np.array([on - off for on, off in draws])
    assert difference.mean() == pytest.approx(64 * (DM1.swir_counts + DM1.swir_tab_counts), rel=0.001)
    assert difference.std() == pytest.approx(DM1.swir_noise_counts * np.sqrt(2 * 64), rel=0.15)
    bright = replace(synthetic.plane(), swir=dict.fromkeys(synthetic.SKIN_SWIR, 50.0))
    assert swir_sums(DM1, NOMINAL, bright, 1300, 64, 25.0, rng)[0] == 64 * DM1.swir_full_scale


# --- time and lights


def test_a_one_shot_ends_every_pulse_and_no_pulse_outlasts_the_boards_limit():
    outside = world()
    outside.pulse(0, "850", 1.0, 10_000_000)
    outside.hear(DM1.longest_pulse_us - 2)
    assert outside.lights()["any_on"]
    outside.hear(DM1.longest_pulse_us + 1)
    assert not outside.lights()["any_on"]
    assert outside.lights()["last_dark_us"] == DM1.longest_pulse_us


def test_one_light_at_a_time():
    outside = world()
    outside.pulse(100, "850", 1.0, 50_000)
    outside.pulse(200, "dots", 1.0, 50_000)
    outside.hear(300)
    burning = [light for light, entry in outside.lights()["lights"].items() if entry["on"]]
    assert burning == ["dots"]


def test_the_interlock_ends_the_projectors_pulse_and_no_other():
    for light, dark_us in (("dots", 30_000), ("850", 100_000)):
        outside = world()
        outside.pulse(outside.hear(0), light, 1.0, 100_000)
        outside.hear(30_000)
        outside.interlock_closed = False
        pulse = outside.lights()["lights"][light]
        assert pulse["dark_us"] - pulse["lit_us"] == dark_us
        assert outside.lights()["any_on"] == (light == "850")
        outside.interlock_closed = True
        assert outside.lights()["any_on"] == (light == "850"), "closing it again lights nothing"


def test_the_duty_limit_cuts_the_pulse_that_would_pass_it():
    optics = replace(DM1, duty_limit=0.1, duty_window_us=1_000_000)
    outside = world(optics=optics)
    outside.pulse(0, "850", 1.0, 80_000)
    outside.pulse(100_000, "850", 1.0, 80_000)
    assert outside.lights()["lights"]["850"]["dark_us"] == 120_000
    with pytest.raises(DutyReached):
        outside.pulse(200_000, "850", 1.0, 80_000)
    outside.pulse(200_000, "970", 1.0, 80_000)
    outside.pulse(1_090_000, "850", 1.0, 80_000)


def test_a_restart_of_the_module_does_not_turn_back_the_world():
    outside = world()
    outside.hear(5_000_000)
    outside.pulse(5_000_000, "850", 1.0, 100_000)
    outside.module_ended()
    assert not outside.lights()["any_on"]
    before = outside.now_us()
    outside.module_started()
    assert outside.hear(0) > before
    assert outside.module_us(outside.hear(1000)) == 1000


def test_the_scene_changes_for_later_frames_only():
    outside = world(provider=synthetic.nothing)
    outside.hear(1_000_000)
    outside.show(synthetic.plane)
    change = outside.now_us()
    assert outside.field(change - 1).klux_sun == 0
    assert outside.field(change).klux_sun > 0


def test_a_motion_goes_forth_and_comes_back():
    steps = tuple(replace(synthetic.nothing(), klux_sun=float(step)) for step in range(11))
    field_at = field_by_time(steps)
    seen = [field_at(step * MOTION_STEP_S).klux_sun for step in (0, 3, 10, 13, 20, 23)]
    assert seen == [0, 3, 10, 7, 0, 3]


# --- eye safety


def test_the_design_stays_below_what_the_standards_allow():
    for result in eye_safety.results():
        assert result.exposure < result.limit, result
    assert DM1.longest_pulse_us < eye_safety.longest_pulse_us()
    assert DM1.duty_limit <= eye_safety.duty_limit()


def test_the_swir_head_beside_an_imagers_light_stays_below_the_corneas_limit():
    channels = {result.channel: result for result in eye_safety.results()}
    irradiance = [result.exposure for result in channels.values() if result.unit == "W/m2"]
    assert len(irradiance) == 8
    swir = max(channels[name].exposure for name in channels if name.startswith("swir"))
    assert max(irradiance) + swir < eye_safety.CORNEA_LONG_W_M2


def test_the_shorter_pulse_of_both_hazards_counts():
    """A strong LED: the cornea is nearer to its limit (35 s), but the retina allows no more than 10 s of it."""
    strong = replace(DM1, led_intensity_w_sr=25.0, led_source_mm=3.0)
    result = eye_safety.results(strong)[0]
    assert result.unit == "W/m2" and result.exposure == pytest.approx(1250)
    assert result.longest_pulse_s == eye_safety.RETINA_SWITCH_S
    assert result.duty == pytest.approx(0.08)


def test_the_limits_bind_when_the_emitters_are_made_stronger():
    """2 LEDs of 25 W/sr: 1250 W/m2 at 200 mm, so (18000 / 1250)^(4/3) = 35 s and a duty of 8 %."""
    strong = replace(DM1, led_intensity_w_sr=25.0, led_source_mm=20.0)
    worst = eye_safety.results(strong)[0]
    assert worst.exposure == pytest.approx(1250)
    assert worst.longest_pulse_s == pytest.approx(35.0, rel=0.01)
    assert worst.duty == pytest.approx(0.08)
    laser = eye_safety.results(replace(DM1, dots_power_w=1.2))[3]
    assert laser.limit == pytest.approx(3.9e-4 * 10**0.48)
    assert laser.exposure > laser.limit and laser.longest_pulse_s < 1


def test_without_its_diffuser_the_projector_is_no_class_1_product():
    """Why there is an interlock: the whole power in one beam."""
    assert DM1.dots_power_w > 50 * next(r for r in eye_safety.results() if r.channel == "dots").limit


# --- flash, reset circuit, console


def test_flash_is_nor_and_takes_no_room_until_written(tmp_path):
    flash = Flash(tmp_path / "flash.bin")
    assert flash.read(0, 4) == b"\xff" * 4
    flash.program(8, b"\xf0")
    flash.program(8, b"\x3f")
    assert flash.read(8, 1) == b"\x30"
    flash.erase(0, SECTOR)
    assert flash.read(8, 1) == b"\xff"
    for bad in (lambda: flash.erase(1, SECTOR), lambda: flash.read(flash.size, 1), lambda: flash.program(-1, b"x")):
        with pytest.raises(ValueError):
            bad()
    assert (tmp_path / "flash.bin").stat().st_blocks * 512 < 1 << 20
    flash.program(100, b"kept")
    flash.close()
    again = Flash(tmp_path / "flash.bin")
    assert again.image()[100:104] == b"kept"
    again.close()
    (tmp_path / "other").write_bytes(b"not a flash")
    with pytest.raises(TwinError, match="not the flash of a twin"):
        Flash(tmp_path / "other")


def test_a_power_cut_tears_the_operation_it_hits(tmp_path):
    flash = Flash(tmp_path / "flash.bin")
    flash.cut_power_after(2, torn=3)
    flash.program(0, b"first")
    with pytest.raises(PowerCut):
        flash.program(16, b"second")
    assert flash.read(16, 6) == b"sec\xff\xff\xff"
    flash.program(32, b"third")
    assert flash.read(32, 5) == b"third"
    flash.close()


@pytest.mark.parametrize(
    "changes, acts",
    [
        ([(1, 0), (1, 1)], []),  # opening a port
        ([(1, 1), (0, 1), (0, 0)], ["hold", "app"]),
        ([(0, 1), (1, 1), (1, 0), (0, 0)], ["hold", "loader"]),  # esptool's classic reset
    ],
)
def test_the_reset_circuit(changes, acts):
    done: list[str] = []
    circuit = AutoReset(done.append)
    for dtr, rts in changes:
        circuit.change(dtr=bool(dtr), rts=bool(rts))
    assert done == acts


def test_the_reset_circuit_lets_go_of_a_held_chip_after_a_while():
    done: list[str] = []
    circuit = AutoReset(done.append, settle_s=0.0)
    circuit.change(rts=True)
    circuit.change(dtr=True)
    circuit.tick()
    assert done == ["hold", "app"]


def test_what_follows_a_ctrl_c_waits_for_the_prompt():
    sent: list[bytes] = []
    console = Console(sent.append)
    console.restart(main=True)
    console.from_host(b"\r\x03\r\x01")
    assert sent == [b"\r\x03"]
    console.taken(False)
    console.from_module(b"MicroPython\r\n>>> ")
    assert sent == [b"\r\x03", b"\r\x01"] and console.raw_prompt
    console.from_host(b"\x02")
    assert not console.raw_prompt


def test_what_follows_a_ctrl_c_waits_for_a_firmware_that_starts(monkeypatch):
    """On a board it lies in the port until the firmware reads, however long that takes to start."""
    sent: list[bytes] = []
    now = [100.0]
    monkeypatch.setattr("dermis_hw.twin.console.time.monotonic", lambda: now[0])
    console = Console(sent.append)
    console.restart(main=True)
    console.from_host(b"\r\x03")
    console.from_host(b"\r\x01")
    now[0] += 10.0
    console.tick()
    console.taken(True)
    now[0] += 2.0
    console.tick()
    assert sent == [b"\r\x03"]
    console.taken(False)
    console.from_module(b">>> ")
    assert sent == [b"\r\x03", b"\r\x01"] and console.raw_prompt


def test_a_firmware_that_keeps_the_console_gets_what_followed_a_ctrl_c(monkeypatch):
    """As in the field state."""
    sent: list[bytes] = []
    now = [100.0]
    monkeypatch.setattr("dermis_hw.twin.console.time.monotonic", lambda: now[0])
    console = Console(sent.append)
    console.restart(main=True)
    console.taken(True)
    console.from_host(b"\r\x03\r\x01")
    now[0] += RELEASE_LIMIT_S
    console.tick()
    assert sent == [b"\r\x03", b"\r\x01"] and not console.raw_prompt
    console.from_host(b"\x03")
    console.from_host(bytes(MOST_HELD + 1))
    assert len(sent[-1]) > MOST_HELD, "a flood is not gathered"


def test_noise_with_a_ctrl_c_in_it_is_passed_on_whole():
    sent: list[bytes] = []
    console = Console(sent.append)
    console.restart(main=True)
    console.from_host(b"abc\x03def")
    assert sent == [b"abc\x03def"]


def test_the_page_names_every_fault_and_every_request():
    from dermis_hw.twin.faults import Faults
    from dermis_hw.twin.requests import Requests

    page = (Path(__file__).parents[2] / "docs" / "twin.md").read_text()
    names = [key[6:] for key in dir(Faults) if key.startswith("fault_")]
    names += [key[4:] for key in dir(Requests) if key.startswith("_do_")]
    assert len(names) > 15
    assert [name for name in names if f"`{name}`" not in page] == []
