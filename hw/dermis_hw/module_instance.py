"""One module off the line: the reference design plus its tolerances."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dermis_hw.optics import DM1, DOTS, NIR_BANDS, SWIR_BANDS, Band

LIGHT_KEYS = ("850", "970", "1050", "dots", "swir1050", "swir1200", "swir1300", "swir1450", "swir1550")
LEDS = tuple(key for key in LIGHT_KEYS if key != "dots")
IMAGER_LIGHTS = LIGHT_KEYS[:4]
SWIR_LIGHTS = LIGHT_KEYS[4:]
# What the design puts behind each key, and what a hand may put there by mistake.
DESIGN: dict[str, Band] = {**NIR_BANDS, "dots": DOTS, **{f"swir{label}": band for label, band in SWIR_BANDS.items()}}
OTHER_LEDS: dict[str, Band] = {"940": Band(940, 937.0, 40.0, 0.30, -0.004)}

# Tolerances of the parts: half widths of uniform distributions. Those without a source are ours; issue D's accuracy
# is claimed over these.
LEVEL = 0.20  # of an LED's or the projector's output
PEAK_NM, VCSEL_PEAK_NM = 8.0, 1.0
VIGNETTE = (0.05, 0.25)
FLAT_TILT = 0.05  # of the illumination, from the middle to the frame's edge, each axis
GAMMA = 0.10
BLACK_CODES = (2, 12)
BASELINE, FOCAL = 0.01, 0.02
TILT_DEG = 1.0
PHOTODIODE_GAIN, SWIR_OFFSET, SWIR_TAB = 0.20, 0.20, 0.25
OUTPUT_PER_K, DRIFT_NM_PER_K, EFFICIENCY_PER_K = 0.15, 0.15, 0.10


@dataclass(frozen=True)
class Scratch:
    """A scratch in the window, out of focus: a straight band that takes light away.

    u, v: px, a point on it. angle_deg: its direction, from u towards v. sigma_px: its blurred width. loss: part of the
    light that its middle takes.
    """

    u: float
    v: float
    angle_deg: float
    sigma_px: float
    loss: float


@dataclass(frozen=True)
class ModuleInstance:
    """How this module differs from `optics.DM1`. All zero or one is the nominal module.

    Keys of dicts are lights (`LIGHT_KEYS`); what is missing is nominal.
    level: factor on the output. peak_offset_nm: shift of the peak.
    output_per_k, drift_nm_per_k, efficiency_per_k: factors on the design's temperature coefficients.
    other_led: light -> key of `DESIGN` or `OTHER_LEDS`, what was fitted in its place.
    gamma, black_code: of the imager.
    vignette: relative loss at the corner. flat_tilt: light -> (per u, per v) slope of the illumination across
        the frame. noise_seed: fixed-pattern noise. scratches: of the window.
    baseline_error_mm, focal_error: of the geometry. yaw_deg, pitch_deg: how the module is turned against its fixture,
        so how what stands square to the fixture is turned before it (`scenes.rotation`).
    pattern_turn_deg: of the dots, with the direction in which they move. baseline_slope: relative change of the
        baseline from the frame's middle to its edge along v, as of a pattern that comes from no single point.
    photodiode_gain: factor on what light gives. swir_offset: factor on the photodiode's offset. swir_tab: SWIR light
        -> factor on what the tab and the window send back. photodiode_sign: -1 for one wired the wrong way round.
        swir_order: the LED that burns for each band of the head.
    imager_id, swir_id: what the sensors call themselves.
    """

    serial: str = "DM1-0000"
    level: dict[str, float] = field(default_factory=dict)
    peak_offset_nm: dict[str, float] = field(default_factory=dict)
    gamma: float = DM1.gamma
    black_code: int = DM1.black_code
    vignette: float = 0.15
    flat_tilt: dict[str, tuple[float, float]] = field(default_factory=dict)
    noise_seed: int = 0
    baseline_error_mm: float = 0.0
    focal_error: float = 0.0
    output_per_k: dict[str, float] = field(default_factory=dict)
    drift_nm_per_k: dict[str, float] = field(default_factory=dict)
    efficiency_per_k: dict[str, float] = field(default_factory=dict)
    other_led: dict[str, str] = field(default_factory=dict)
    scratches: tuple[Scratch, ...] = ()
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    pattern_turn_deg: float = 0.0
    baseline_slope: float = 0.0
    photodiode_gain: float = 1.0
    swir_offset: float = 1.0
    swir_tab: dict[str, float] = field(default_factory=dict)
    photodiode_sign: int = 1
    swir_order: tuple[str, ...] = SWIR_LIGHTS
    imager_id: str = "twin-00000000"
    swir_id: str = "twin-00000001"

    def band(self, light: str) -> Band:
        """The emitter behind a key of `LIGHT_KEYS`, as it is in this module."""
        fitted = self.other_led.get(light, light)
        design = OTHER_LEDS.get(fitted) or DESIGN[fitted]
        return replace(
            design,
            peak_nm=design.peak_nm + self.peak_offset_nm.get(light, 0.0),
            drift_nm_per_k=design.drift_nm_per_k * self.drift_nm_per_k.get(light, 1.0),
            output_per_k=design.output_per_k * self.output_per_k.get(light, 1.0),
        )

    def silicon_per_k(self) -> dict[str, float]:
        """Relative rise of the imager's efficiency a kelvin, at "850", "970", "1050" and "dots"."""
        return {light: rise * self.efficiency_per_k.get(light, 1.0) for light, rise in DM1.efficiency_per_k.items()}

    def to_json(self) -> str:
        """For a module's file; `from_json` reads it."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ModuleInstance:
        """Raises ValueError, TypeError, AttributeError or RecursionError for what `to_json` did not write."""
        stored = json.loads(text)
        stored["flat_tilt"] = {light: tuple(tilt) for light, tilt in stored.get("flat_tilt", {}).items()}
        stored["scratches"] = tuple(Scratch(**scratch) for scratch in stored.get("scratches", ()))
        stored["swir_order"] = tuple(stored.get("swir_order", SWIR_LIGHTS))
        return cls(**stored)


def draw(seed: int, serial: str | None = None) -> ModuleInstance:
    """A module drawn from the tolerances above, every one of them uniform."""
    rng = np.random.default_rng([seed, 0xDE1])

    def around(width: float, centre: float = 0.0) -> float:
        return float(rng.uniform(centre - width, centre + width))

    def factors(width: float, lights: tuple[str, ...] = LIGHT_KEYS) -> dict[str, float]:
        return {light: around(width, 1.0) for light in lights}

    def identity() -> str:
        return f"twin-{int(rng.integers(1 << 32)):08x}"

    return ModuleInstance(
        serial=serial or f"DM1-{seed:04d}",
        level=factors(LEVEL),
        peak_offset_nm={light: around(VCSEL_PEAK_NM if light == "dots" else PEAK_NM) for light in LIGHT_KEYS},
        gamma=DM1.gamma * around(GAMMA, 1.0),
        black_code=int(rng.integers(BLACK_CODES[0], BLACK_CODES[1] + 1)),
        vignette=float(rng.uniform(*VIGNETTE)),
        flat_tilt={light: (around(FLAT_TILT), around(FLAT_TILT)) for light in NIR_BANDS},
        noise_seed=int(rng.integers(1 << 31)),
        baseline_error_mm=DM1.baseline_mm * around(BASELINE),
        focal_error=around(FOCAL),
        output_per_k=factors(OUTPUT_PER_K),
        drift_nm_per_k=factors(DRIFT_NM_PER_K),
        efficiency_per_k=factors(EFFICIENCY_PER_K, IMAGER_LIGHTS),
        yaw_deg=around(TILT_DEG),
        pitch_deg=around(TILT_DEG),
        photodiode_gain=around(PHOTODIODE_GAIN, 1.0),
        swir_offset=around(SWIR_OFFSET, 1.0),
        swir_tab=factors(SWIR_TAB, SWIR_LIGHTS),
        imager_id=identity(),
        swir_id=identity(),
    )


def from_text(text: str) -> ModuleInstance:
    """A module as a command line names it: a seed to draw, SEED:DEFECT for one with a planted defect
    (`defects.NAMES`), or the path of a JSON file.

    Raises ValueError, one sentence that says what to give.
    """
    from dermis_hw import defects

    seed, colon, defect = text.partition(":")
    if seed.isdecimal():
        module = draw(int(seed))
        return defects.plant(module, defect) if colon else module
    try:
        return ModuleInstance.from_json(Path(text).read_text())
    except OSError as problem:
        raise ValueError(f"'{text}' is no seed and no file of a module ({problem.strerror}): give one") from problem
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(f"'{text}' is a file, but of no module ({problem}): give one, or a seed") from problem
