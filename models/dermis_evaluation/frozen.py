"""The frozen test generator: one parameter set that differs from training's on purpose (docs/simulate.md).

It was chosen before any model was tested on it, and is not to be changed with a model: what is changed gets a new name.
A run's `run.json` and its report's `run` say by name what drew its presentations; its row in docs/evaluations.md has
only the digest of that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from dermis_models.generator import Generator

from dermis_evaluation import half

TEST = Generator(
    name="test-1",
    # Other people and other stuff: the half of the measured spectra that no training may read.
    half=half.TEST,
    # Other surfaces: rough diffuse with Beckmann's gloss in place of Lambert with GGX, and further from the tables.
    bsdf="oren_nayar_beckmann",
    minnaert_power=(1.0, 1.0),
    skin_stray=(0.0, 0.0),  # its people are measured ones
    skin_ripple=0.006,
    material_ripple=0.03,
    ripple_nm=140.0,
    gloss=(0.5, 1.8),
    roughness=(0.5, 1.7),
    blur=(0.6, 1.5),
    variation=(0.4, 2.0),
    # Other tolerances: what has moved since a module's calibration. The error of 1% is training's, too: the
    # goal of a calibration (docs/calibration.md).
    calibration_error=0.01,
    peak_shift_nm=0.8,
    gamma_residual=0.005,
    thermometer_error_k=1.5,
    flat_error=0.008,
    # Another sensor.
    read_noise=(1.2, 1.8),
    prnu=(1.2, 2.0),
    full_well=(0.8, 1.0),
    swir_noise=(1.2, 2.5),
    # Other lamps, and people who stand less still.
    sway_mm_s=4.0,
    flicker_hz=(100.0, 120.0, 133.0),
    flicker_depth=(("led", (0.0, 0.9)), ("incandescent", (0.08, 0.25))),
    light=(
        ("none", (0.10, 0.0, 0.0)),
        ("led", (0.50, 0.2, 1.5)),
        ("incandescent", (0.20, 0.05, 0.7)),
        ("sun", (0.20, 0.1, 4.5)),
    ),
)


def digest() -> str:
    """16 hex digits of every value of `TEST`, its half of the materials included."""
    return hashlib.sha256(json.dumps(asdict(TEST), sort_keys=True).encode()).hexdigest()[:16]
