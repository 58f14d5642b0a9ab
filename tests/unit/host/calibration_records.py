"""Calibration records for tests: whole, sound, and as different as asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from dermis.core import calibration
from dermis.core.calibration_fields import MONITOR_LIGHTS
from dermis.core.vocabulary import NIR_BANDS
from dermis_host.calibration.keys import DEVELOPMENT_KEY

SERIAL, IMAGER, SWIR_HEAD = "DM1-0007", "twin-00000001", "twin-00000002"


def linear(black: int = 4, gamma: float = 2.2) -> bytes:
    part = np.clip(np.arange(256) - black, 0, None) / (255 - black)
    return np.round(65535 * part**gamma).astype("<u2").tobytes()


def flat(level: float = 30000.0, tilt: float = 0.0) -> bytes:
    nodes = level * (1 + tilt * np.linspace(-1, 1, 17))[None, :] * np.ones((13, 1))
    return np.round(nodes).astype("<u2").tobytes()


def pattern(shift_px: int = 0, seed: int = 1) -> bytes:
    dots = np.random.default_rng(seed).random((240, 320)) ** 6 * 200
    return np.roll(dots, shift_px, axis=1).astype(np.uint8).tobytes()


def fields(**changes: Any) -> dict[str, Any]:
    """A whole record's fields."""
    return {
        "serial": SERIAL,
        "sensors": {"imager": IMAGER, "swir": SWIR_HEAD},
        "created": "2026-11-22T12:00:00",
        "operator": "ada",
        "tool": "dermis 0.1.0",
        "fixture": {"id": "F-7", "due": "2027-10-01", "hash": "0123456789abcdef"},
        "z_ref_um": 450_000,
        "exposure_us": 6000,
        "temperature_cc": 2500,
        "linear": linear(),
        "monitor": dict(zip(MONITOR_LIGHTS, (40000, 26000, 16000, 8000), strict=True)),
        "flat": {band: flat() for band in NIR_BANDS},
        "reference": pattern(),
        "swir_white": [144000] * 5,
        "baseline_um": 40120,
        "z_offset_um": 300,
        "measurements": [["flat 970", "% RMS", 420, None, 1000]],
        **changes,
    }


def record(key: bytes = DEVELOPMENT_KEY, **changes: Any) -> bytes:
    """The file of such a record."""
    return calibration.encode(fields(**changes), key)
