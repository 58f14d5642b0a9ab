"""What a generator draws beside a plan: how materials, surfaces, sensors and calibrations stray from the design.

`TRAINING` and `WIDE` serve the splits training and development: a plan names one of them. The test split has a set of
its own, which lies in `dermis_evaluation` and differs on purpose; nothing in this package may import it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from dermis_hw.render.bsdf import BSDFS, Bsdf, lambert, minnaert

from dermis_models.halves import DEVELOPMENT, Half

Range = tuple[float, float]


@dataclass(frozen=True)
class Generator:
    """One parameter set. Standard deviations unless said otherwise; a range is drawn from evenly.

    half: of the materials (`halves`). bsdf: a key of `render.bsdf.BSDFS`. minnaert_power: of Minnaert's law in
    place of Lambert's, drawn once a geometry; 1 to 1 is Lambert's.

    Materials, each presentation: skin_ripple and material_ripple, of the logarithm of the reflectance, smooth over
    `ripple_nm`; gloss, roughness, blur and variation: factors on the material's own. skin_stray: how far a living skin
    lies from the one that was drawn, in standard deviations of the development half's components; a range, as the
    spread itself is drawn anew each time, which gives the tails that few measured subjects cannot show.

    Module, each presentation, beyond its calibrated self: calibration_error, of each band's level that no tab sees;
    peak_shift_nm, of LEDs since calibration; gamma_residual, relative; thermometer_error_k; flat_error, slope of the
    illumination over the frame.

    Sensor: factors on the design's noise (read_noise, prnu, swir_noise) and full well.

    Surroundings: sway_mm_s, a person's own motion in each direction; flicker_hz, one of them; flicker_depth: lamp ->
    range; light: lamp -> (share, lowest klux, highest klux), used where the plan gives none; empty: the species' own.
    """

    name: str
    half: Half = DEVELOPMENT
    bsdf: str = "lambert_ggx"
    minnaert_power: Range = (1.0, 1.0)
    skin_ripple: float = 0.004
    skin_stray: Range = (0.0, 0.0)
    material_ripple: float = 0.02
    ripple_nm: float = 180.0
    gloss: Range = (0.7, 1.4)
    roughness: Range = (0.7, 1.4)
    blur: Range = (0.75, 1.3)
    variation: Range = (0.6, 1.6)
    calibration_error: float = 0.01
    peak_shift_nm: float = 0.5
    gamma_residual: float = 0.003
    thermometer_error_k: float = 1.0
    flat_error: float = 0.005
    read_noise: Range = (0.8, 1.3)
    prnu: Range = (0.7, 1.4)
    full_well: Range = (0.9, 1.1)
    swir_noise: Range = (0.8, 1.5)
    sway_mm_s: float = 2.5
    flicker_hz: tuple[float, ...] = (100.0, 120.0)
    flicker_depth: tuple[tuple[str, Range], ...] = (("led", (0.0, 0.5)), ("incandescent", (0.05, 0.15)))
    light: tuple[tuple[str, tuple[float, float, float]], ...] = ()

    def __post_init__(self) -> None:
        if self.bsdf not in BSDFS:
            raise ValueError(f"generator {self.name}: there is no BSDF '{self.bsdf}'; there are {', '.join(BSDFS)}")
        if self.minnaert_power != (1.0, 1.0) and BSDFS[self.bsdf].diffuse is not lambert:
            raise ValueError(f"generator {self.name}: Minnaert's law stands in Lambert's place, not in {self.bsdf}'s")

    def surface(self, rng: np.random.Generator) -> Bsdf:
        """How the surfaces of one geometry send light on."""
        known = BSDFS[self.bsdf]
        low, high = self.minnaert_power
        return known if low == high == 1.0 else replace(known, diffuse=minnaert(float(rng.uniform(low, high))))


TRAINING = Generator("training-1")
# What a module meets that is not as designed: worse calibrated, noisier, before stuff further from the tables, in more
# light. A model that has only seen the design takes the rest of the world for attacks.
WIDE = Generator(
    "training-wide-2",
    minnaert_power=(0.7, 1.1),
    skin_ripple=0.007,
    skin_stray=(0.0, 1.2),
    material_ripple=0.03,
    ripple_nm=220.0,
    gloss=(0.4, 2.0),
    roughness=(0.4, 1.9),
    blur=(0.5, 1.7),
    variation=(0.3, 2.2),
    calibration_error=0.012,
    peak_shift_nm=1.0,
    gamma_residual=0.006,
    thermometer_error_k=2.0,
    flat_error=0.01,
    read_noise=(0.7, 2.0),
    prnu=(0.6, 2.2),
    full_well=(0.75, 1.1),
    swir_noise=(0.7, 2.8),
    sway_mm_s=4.5,
    flicker_depth=(("led", (0.0, 0.8)), ("incandescent", (0.03, 0.3))),
)

DESIGN = "design"
FOR_TRAINING = {DESIGN: TRAINING, "wide": WIDE}
