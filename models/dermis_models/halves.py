"""What instruments and wearers are drawn of. Training and development draw from `DEVELOPMENT`; the test half, which
shares no measured spectrum with it, lies in `dermis_evaluation`, where no code of this package may look.

Modelled materials have no spectrum to share: their figures are drawn anew for each presentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class Half:
    """One half of the materials.

    number: keeps its random numbers apart. skins: measured subjects, or none to draw from the components of the
    development half. The other tuples hold names of materials. resins: families of `materials.instruments`.
    ranges: key -> what a figure is drawn from, evenly. *_mm: mm. *_scatter: 1/mm, at 1000 nm. *_pigment: times that of
    a usual skin colour. hydrogel_water, gelatin_water: part of the volume; plaster_water: times gypsum's own. dye,
    toner: part of the near-infrared reflectance that full ink takes away. foundation, sunscreen, wet: mm on the skin.
    beard: part of the area. cold: times the loss of blood of `materials.skin`.
    """

    name: str
    number: int
    skins: tuple[str, ...]
    papers: tuple[str, ...]
    glossy_papers: tuple[str, ...]
    boards: tuple[str, ...]
    cloths: tuple[str, ...]
    plastics: tuple[str, ...]
    resins: tuple[str, ...]
    walls: tuple[str, ...]
    ranges: dict[str, Range] = field(default_factory=dict)


RANGES: dict[str, Range] = {
    "silicone_scatter": (0.6, 3.0),
    "silicone_pigment": (0.4, 2.0),
    "latex_scatter": (3.0, 8.0),
    "latex_pigment": (0.5, 2.0),
    "resin_scatter": (2.0, 8.0),
    "resin_pigment": (0.4, 1.8),
    "paint_mm": (0.03, 0.12),
    "paint_scatter": (15.0, 50.0),
    "paint_pigment": (0.4, 2.0),
    "plaster_water": (0.7, 1.1),
    "hydrogel_mm": (0.5, 1.2),
    "hydrogel_water": (0.75, 0.95),
    "hydrogel_scatter": (0.2, 0.8),
    "gelatin_water": (0.5, 0.75),
    "gelatin_scatter": (1.0, 2.5),
    "gelatin_pigment": (0.0, 1.0),
    "film_mm": (0.05, 0.25),
    "film_scatter": (0.05, 0.8),
    "make_up_mm": (0.03, 0.10),
    "make_up_scatter": (6.0, 16.0),
    "make_up_pigment": (0.4, 1.6),
    "water_mm": (0.03, 0.4),
    "dye": (0.02, 0.15),
    "toner": (0.5, 0.8),
    "foundation": (0.005, 0.035),
    "sunscreen": (0.004, 0.025),
    "wet": (0.01, 0.06),
    "beard": (0.10, 0.70),
    "cold": (0.3, 1.5),
}


DEVELOPMENT = Half(
    name="development",
    number=0,
    skins=(),
    papers=("paper_matte",),
    glossy_papers=("paper_glossy",),
    boards=("cardboard_white",),
    cloths=(
        "cloth_cotton",
        "usgs:nylon_fabric_gds432_grn_rpst",
        "usgs:polyester_pile_gds435_dkgrn",
        "usgs:terrycloth_fabric_gds537_yel",
        "usgs:burlap_fabric_gds430_brown",
    ),
    plastics=("pla", "tpu", "petg", "usgs:plastic_pvc_gds338_white", "usgs:plastic_hdpe_gds393_gloswhtr"),
    resins=("resin",),
    walls=("background_wall", "usgs:plastic_pvc_gds338_white"),
    ranges=RANGES,
)


def number(half: Half, rng: np.random.Generator, key: str) -> float:
    """A figure of that key. Raises KeyError for one that there is not."""
    return float(rng.uniform(*half.ranges[key]))
