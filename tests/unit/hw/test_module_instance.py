"""Modules off the line: the spread of what is drawn, and that every tolerance reaches what it should and only that."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dermis_hw import defects, materials, module_instance
from dermis_hw.module_instance import IMAGER_LIGHTS, LEDS, LIGHT_KEYS, SWIR_LIGHTS, ModuleInstance, draw, from_text
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS
from dermis_hw.render.plane import plane
from dermis_hw.twin.sensor import ImagerSensor, output_factor, swir_sums

LINE = [draw(seed) for seed in range(400)]
PAGE = Path(__file__).parents[3] / "docs" / "hardware.md"
GREY = [{"body": materials.resolve("grey:0.5")}]
PLANES = {distance_mm: plane(distance_mm) for distance_mm in (450.0, 600.0)}
# Half widths: how a drawn figure is read from a module, and what it may differ from the nominal by.
WIDTHS = {
    "level": (lambda m: list(m.level.values()), 1.0, 0.20),
    "peak": (lambda m: [m.peak_offset_nm[led] for led in LEDS], 0.0, 8.0),
    "vcsel": (lambda m: [m.peak_offset_nm["dots"]], 0.0, 1.0),
    "vignette": (lambda m: [m.vignette], 0.15, 0.10),
    "tilt of light": (lambda m: [part for tilt in m.flat_tilt.values() for part in tilt], 0.0, 0.05),
    "gamma": (lambda m: [m.gamma], 2.2, 0.22),
    "black": (lambda m: [m.black_code], 7.0, 5.0),
    "baseline": (lambda m: [m.baseline_error_mm], 0.0, 0.4),
    "focal": (lambda m: [m.focal_error], 0.0, 0.02),
    "turn": (lambda m: [m.yaw_deg, m.pitch_deg], 0.0, 1.0),
    "photodiode": (lambda m: [m.photodiode_gain], 1.0, 0.20),
    "offset": (lambda m: [m.swir_offset], 1.0, 0.20),
    "tab": (lambda m: list(m.swir_tab.values()), 1.0, 0.25),
    "output a kelvin": (lambda m: list(m.output_per_k.values()), 1.0, 0.15),
    "drift a kelvin": (lambda m: list(m.drift_nm_per_k.values()), 1.0, 0.15),
    "efficiency a kelvin": (lambda m: list(m.efficiency_per_k.values()), 1.0, 0.10),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_a_tolerance_is_filled_evenly_to_its_ends_and_not_beyond(name):
    read, middle, width = WIDTHS[name]
    drawn = (np.array([value for module in LINE for value in read(module)]) - middle) / width
    assert np.abs(drawn).max() <= 1.0 + 1e-9
    assert drawn.max() > 0.95 and drawn.min() < -0.95
    assert abs(drawn.mean()) < 0.1
    # Of an even spread; eleven black codes are a little wider than a continuum of the same ends.
    assert drawn.std() == pytest.approx(1 / np.sqrt(3), rel=0.12)


def test_what_is_drawn_hangs_together_only_by_the_seed():
    assert draw(7) == draw(7) and draw(7) != draw(8)
    assert draw(7, serial="X").serial == "X"
    assert replace(draw(7, serial="X"), serial=draw(7).serial) == draw(7)
    levels = np.array([[module.level[light] for light in LIGHT_KEYS] for module in LINE])
    assert np.abs(np.corrcoef(levels.T) - np.eye(len(LIGHT_KEYS))).max() < 0.2


def test_sensors_have_names_of_their_own():
    names = [name for module in LINE for name in (module.imager_id, module.swir_id)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"twin-[0-9a-f]{8}", name) for name in names)
    assert ModuleInstance().imager_id != ModuleInstance().swir_id


def test_the_page_gives_the_tolerances_that_are_drawn():
    text = PAGE.read_text().split("## Tolerances")[1]
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", text, re.MULTILINE))
    m = module_instance
    wanted = {
        "output of each LED and of the projector": f"±{100 * m.LEVEL:g} %",
        "peak of each LED": f"±{m.PEAK_NM:g} nm",
        "peak of the projector": f"±{m.VCSEL_PEAK_NM:g} nm",
        "illumination tilt, middle to edge, each imaged band and axis": f"±{100 * m.FLAT_TILT:g} %",
        "vignette at the corner": f"{100 * m.VIGNETTE[0]:g} to {100 * m.VIGNETTE[1]:g} %",
        "gamma": f"±{100 * m.GAMMA:g} %",
        "black level": f"{m.BLACK_CODES[0]} to {m.BLACK_CODES[1]} codes",
        "baseline": f"±{100 * m.BASELINE:g} %",
        "focal length": f"±{100 * m.FOCAL:g} %",
        "module against its fixture, yaw and pitch": f"±{m.TILT_DEG:g}°",
        "photodiode gain": f"±{100 * m.PHOTODIODE_GAIN:g} %",
        "photodiode offset": f"±{100 * m.SWIR_OFFSET:g} %",
        "light that tab and window send back to the photodiode, each SWIR LED": f"±{100 * m.SWIR_TAB:g} %",
        "output a kelvin, each light": f"±{100 * m.OUTPUT_PER_K:g} %",
        "drift of the peak a kelvin, each light": f"±{100 * m.DRIFT_NM_PER_K:g} %",
        "rise of the imager's efficiency a kelvin, each light": f"±{100 * m.EFFICIENCY_PER_K:g} %",
        "fixed pattern": "`prnu`, one standard deviation",
    }
    assert {name: value for name, value in rows.items() if name in wanted} == wanted
    assert len(rows) == len(wanted) + 1  # the heading


def test_a_file_gives_the_module_back(tmp_path):
    for module in (ModuleInstance(), draw(3), *(defects.plant(draw(3), name) for name in defects.VARIANTS)):
        assert ModuleInstance.from_json(module.to_json()) == module
    path = tmp_path / "module.json"
    path.write_text(draw(3).to_json())
    assert from_text(str(path)) == from_text("3") == draw(3)
    assert from_text("3:dead_led").level["970"] == 0.0
    for wrong, word in (("3:rusty", "there is no defect"), ("nothing.json", "no seed and no file")):
        with pytest.raises(ValueError, match=word):
            from_text(wrong)
    path.write_text('{"serial": "X", "colour": "red"}')
    with pytest.raises(ValueError, match="of no module"):
        from_text(str(path))


# --- what each figure does


def frame(module: ModuleInstance, light: str = "850", temperature_c: float = 25.0) -> np.ndarray:
    seen = PLANES[450.0].compose(GREY, module, temperature_c=temperature_c)
    burns = {light: np.full(DM1.height, DM1.exposure_us, np.float32)}
    return ImagerSensor(DM1, module).electrons(seen, burns, DM1.exposure_us, temperature_c)


def swir(module: ModuleInstance, temperature_c: float = 25.0, material: str = "grey:0.5", klux: float = 0.0):
    """(levels, off) in counts a pair; many pairs, so that noise does not count."""
    seen = PLANES[450.0].compose([{"body": materials.resolve(material)}], module, temperature_c=temperature_c)
    seen = replace(seen, klux_sun=klux)
    rng = np.random.default_rng(1)
    sums = [swir_sums(DM1, module, seen, band, 100_000, temperature_c, rng) for band in SWIR_BANDS]
    return np.array([(on - off) / 100_000 for on, off in sums]), np.array([off / 100_000 for _, off in sums])


PEDESTAL = DM1.swir_tab_counts


def test_the_photodiode_sees_tab_and_window_with_the_cap_on():
    levels, off = swir(ModuleInstance(), material="black")
    assert levels == pytest.approx(np.full(5, PEDESTAL), abs=0.5)
    assert off == pytest.approx(np.full(5, DM1.swir_offset_counts), abs=0.5)
    own = ModuleInstance(level={"swir1300": 0.8}, swir_tab={"swir1300": 1.25, "swir1550": 0.75})
    assert swir(own, material="black")[0] == pytest.approx(np.array([1, 1, 1, 1, 0.75]) * PEDESTAL, abs=0.5)
    warm, _ = swir(ModuleInstance(), 45.0, material="black")
    drifts = [1 + 20 * band.output_per_k for band in SWIR_BANDS.values()]
    assert warm == pytest.approx(PEDESTAL * np.array(drifts), abs=0.5)


def test_gain_sign_offset_and_order_of_the_photodiode():
    nominal, off = swir(ModuleInstance(), klux=1.0)
    gained, gained_off = swir(ModuleInstance(photodiode_gain=1.2, swir_offset=0.8), klux=1.0)
    assert gained == pytest.approx(1.2 * nominal, rel=1e-3)
    ambient = DM1.swir_ambient_counts_per_klux
    assert off == pytest.approx(np.full(5, DM1.swir_offset_counts + ambient), abs=0.5)
    assert gained_off == pytest.approx(np.full(5, 0.8 * DM1.swir_offset_counts + 1.2 * ambient), abs=0.5)
    inverted, _ = swir(ModuleInstance(photodiode_sign=-1))
    assert (inverted < -PEDESTAL).all()  # down to the ADC's end
    dim = ModuleInstance(level={"swir1450": 0.5})
    exchanged = swir(defects.plant(dim, "miswired_photodiode:exchanged"))[0] / swir(dim)[0]
    assert exchanged == pytest.approx([1, 1, 0.5, 2, 1], rel=0.01)


def test_coefficients_of_temperature_are_the_modules_own():
    own = ModuleInstance(
        output_per_k={"970": 1.15}, efficiency_per_k={"1050": 0.9}, drift_nm_per_k={"swir1450": 1.15, "850": 0.85}
    )
    assert output_factor("970", 45.0, own) == pytest.approx(1 - 0.004 * 1.15 * 20)
    assert output_factor("970", 25.0, own) == output_factor("970", 45.0, own) + 0.004 * 1.15 * 20
    seen = {
        light: frame(own, light, 45.0)[120, 160] / frame(ModuleInstance(), light, 45.0)[120, 160] for light in NIR_BANDS
    }
    assert seen["970"] == pytest.approx((1 - 0.004 * 1.15 * 20) / (1 - 0.004 * 20), rel=0.002)
    assert seen["1050"] == pytest.approx((1 + 0.9 * 0.0085 * 20) / (1 + 0.0085 * 20), rel=0.002)
    assert seen["850"] == pytest.approx(1.0, abs=0.002)  # grey has the same reflectance wherever the peak lies
    assert own.band("swir1450").drift_nm_per_k == pytest.approx(0.6 * 1.15)
    assert own.band("850").drift_nm_per_k == pytest.approx(0.25 * 0.85)
    assert own.band("970") == replace(NIR_BANDS["970"], output_per_k=-0.004 * 1.15)


def test_a_drifting_peak_reads_a_slope_otherwise():
    """By 20 K at .6 nm a kelvin, 1450 nm slides down the standard's edge; with 15% more drift, farther."""

    def slid(module: ModuleInstance) -> float:
        """Of 1450 nm on the standard against the grey of one reflectance."""
        cold, warm = [swir(module, at, "tile:spectral")[0][3] - swir(module, at, "black")[0][3] for at in (25.0, 45.0)]
        return float(np.log(cold / warm * output_factor("swir1450", 45.0, module)))

    nominal = slid(ModuleInstance())
    assert 0.05 < nominal < 0.12
    assert slid(ModuleInstance(drift_nm_per_k={"swir1450": 1.15})) == pytest.approx(1.15 * nominal, rel=0.03)
    assert slid(ModuleInstance(drift_nm_per_k={"swir1300": 1.15})) == pytest.approx(nominal, rel=0.001)


# --- defects


SAME = 1e-6


@pytest.mark.parametrize("name", defects.VARIANTS)
def test_a_defect_changes_what_it_should_and_only_that(name):
    """Against the same module without: lights of the imager, the pattern of dots, readings of the photodiode."""
    module = draw(5)
    planted = defects.plant(module, name)
    kind, _, which = name.partition(":")
    changed_lights = {
        light for light in IMAGER_LIGHTS[:3] if not np.allclose(frame(planted, light), frame(module, light), rtol=SAME)
    }
    (levels, _), (sound, _) = swir(planted, material="tile:spectral"), swir(module, material="tile:spectral")
    changed_swir = {
        light for light, a, b in zip(SWIR_LIGHTS, levels, sound, strict=True) if a != pytest.approx(b, abs=1)
    }
    far_dots = [PLANES[600.0].compose(GREY, each).dots for each in (planted, module)]
    changed_dots = not np.allclose(*far_dots, rtol=SAME) or planted.level["dots"] != module.level["dots"]
    everything = set(IMAGER_LIGHTS[:3])
    dead = {which or "970"} if kind == "dead_led" else set()
    expected = {
        "dead_led": (dead & everything, dead & set(SWIR_LIGHTS), "dots" in dead),
        # Before a grey another LED in the place shows nothing: only a spectrum tells it.
        "swapped_led": (set(), {which} & set(SWIR_LIGHTS), False),
        "tilted_doe": (set(), set(), True),
        "scratched_window": (everything, set(), False),
        "miswired_photodiode": (
            set(),
            {"swir1300", "swir1450"} if which == "exchanged" else set(SWIR_LIGHTS),
            False,
        ),
        "stuck_gamma": (set(), set(), False),
        "mirrored_reference": (set(), set(), True),
    }[kind]
    assert (changed_lights, changed_swir, changed_dots) == expected


def test_every_kind_of_defect_of_the_bench_is_there():
    assert set(defects.NAMES) == {
        "dead_led", "swapped_led", "tilted_doe", "scratched_window", "miswired_photodiode", "stuck_gamma",
        "mirrored_reference",
    }  # fmt: skip
    with pytest.raises(ValueError, match="there are: dead_led"):
        defects.plant(draw(1), "dead")


def test_a_swapped_led_shows_on_the_spectral_standard():
    standard = [{"body": materials.resolve("tile:spectral")}]
    sound, swapped = (
        PLANES[450.0].compose(standard, module).bands["970"][120, 160]
        for module in (ModuleInstance(), defects.plant(ModuleInstance(), "swapped_led"))
    )
    assert swapped > 1.15 * sound


def test_a_scratch_is_local_and_the_same_for_all_lights():
    module = ModuleInstance()
    scratched = defects.plant(module, "scratched_window")
    parts = {light: frame(scratched, light)[:, 8:] / frame(module, light)[:, 8:] for light in ("850", "1050")}
    assert 0.6 < parts["850"].min() < 0.75  # where both cross
    assert np.median(parts["850"]) > 0.98
    assert np.allclose(parts["850"], parts["1050"], rtol=1e-4)
    tab = np.s_[:, slice(*DM1.monitor_columns)]
    assert np.array_equal(frame(scratched)[tab], frame(module)[tab])  # it lies inside the window


def test_a_gamma_that_is_stuck_makes_codes_linear():
    module = defects.plant(replace(ModuleInstance(), noise_seed=1), "stuck_gamma")
    half, full = (
        float(
            ImagerSensor(DM1, module)
            .codes(np.full((240, 320), electrons, np.float32), 1.0, np.random.default_rng(2))
            .mean()
        )
        for electrons in (4000.0, 8000.0)
    )
    black = module.black_code
    assert (full - black) / (half - black) == pytest.approx(2.0, rel=0.02)
