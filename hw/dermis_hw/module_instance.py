"""One module off the line: the reference design plus its tolerances."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ModuleInstance:
    """How this module differs from `optics.DM1`. All zero or one is the nominal module.

    level: light -> factor on its output ("850", "970", "1050", "dots", and "swir1050" ... "swir1550").
    peak_offset_nm: the same keys -> shift of the peak.
    gamma, black_code: of the imager.
    vignette: relative loss at the corner. flat_tilt: light -> (per u, per v) slope of the illumination across
        the frame. noise_seed: fixed-pattern noise.
    baseline_error_mm, focal_error: of the geometry.
    """

    serial: str = "DM1-0000"
    level: dict[str, float] = field(default_factory=dict)
    peak_offset_nm: dict[str, float] = field(default_factory=dict)
    gamma: float = 2.2
    black_code: int = 4
    vignette: float = 0.15
    flat_tilt: dict[str, tuple[float, float]] = field(default_factory=dict)
    noise_seed: int = 0
    baseline_error_mm: float = 0.0
    focal_error: float = 0.0


LIGHT_KEYS = ("850", "970", "1050", "dots", "swir1050", "swir1200", "swir1300", "swir1450", "swir1550")


def draw(seed: int, serial: str | None = None) -> ModuleInstance:
    """A module drawn from the tolerances, by standard deviations: LEDs 5% in output and 1.5 nm in peak (cut at 15%
    and 4 nm), illumination tilted by 2% to the frame's edge, gamma .01, baseline .05 mm, focal length .1%."""
    rng = np.random.default_rng([seed, 0xDE1])
    return ModuleInstance(
        serial=serial or f"DM1-{seed:04d}",
        level={key: float(np.clip(rng.normal(1.0, 0.05), 0.85, 1.15)) for key in LIGHT_KEYS},
        peak_offset_nm={
            key: 0.0 if key == "dots" else float(np.clip(rng.normal(0.0, 1.5), -4.0, 4.0)) for key in LIGHT_KEYS
        },
        gamma=float(rng.normal(2.2, 0.01)),
        black_code=int(rng.integers(2, 7)),
        vignette=float(rng.uniform(0.08, 0.22)),
        flat_tilt={key: (float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02))) for key in LIGHT_KEYS[:3]},
        noise_seed=int(rng.integers(1 << 31)),
        baseline_error_mm=float(rng.normal(0, 0.05)),
        focal_error=float(rng.normal(0, 0.001)),
    )
