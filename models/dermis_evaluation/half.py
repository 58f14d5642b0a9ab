"""The test half of what instruments and wearers are drawn of: for `presentations.draw(..., half=half.TEST)`.

No measured spectrum of it is in `dermis_models.halves.DEVELOPMENT`. Figures of modelled instruments come from wider
ranges, so that some of them lie where training never was; what people wear stays what people wear.

The ranges were computed once from those that training had then: 15% of each wider at both ends, the lower one at least
a fifth of training's, parts of a whole at most 1. They stand here as numbers to the last bit, so that nothing that
training changes moves them.
"""

from __future__ import annotations

from dermis_hw.materials import held_out
from dermis_models.halves import Half

TEST = Half(
    name="test",
    number=1,
    skins=tuple(material.name for material in held_out() if material.name.startswith("skin:")),
    papers=("paper_recycled",),
    glossy_papers=("paper_satin",),
    boards=("cardboard",),
    cloths=(
        "usgs:nylon_fabric_gds433_blu_rpst",
        "usgs:nylon_webbing_gds438_flr_yel",
        "usgs:polyester_webbing_gds429_blk",
        "usgs:nylon_carpet_gds536_gry_pile",
    ),
    plastics=(
        "usgs:plastic_hdpe_gds384_wht_opaq",
        "usgs:plastic_hdpe_gds387_whtransl",
        "usgs:plastic_vinyl_gds372_white",
    ),
    resins=("resin", "polycarbonate"),
    walls=("usgs:plywood_gds365_fresh_pine", "usgs:wood_beam_gds363_nw_pine_2x4"),
    ranges={
        "silicone_scatter": (0.24, 3.36),
        "silicone_pigment": (0.16000000000000003, 2.24),
        "latex_scatter": (2.25, 8.75),
        "latex_pigment": (0.275, 2.225),
        "resin_scatter": (1.1, 8.9),
        "resin_pigment": (0.19000000000000003, 2.0100000000000002),
        "paint_mm": (0.0165, 0.1335),
        "paint_scatter": (9.75, 55.25),
        "paint_pigment": (0.16000000000000003, 2.24),
        "plaster_water": (0.6399999999999999, 1.1600000000000001),
        "hydrogel_mm": (0.395, 1.305),
        "hydrogel_water": (0.72, 0.98),
        "hydrogel_scatter": (0.11, 0.89),
        "gelatin_water": (0.4625, 0.7875),
        "gelatin_scatter": (0.775, 2.725),
        "gelatin_pigment": (0.0, 1.15),
        "film_mm": (0.020000000000000004, 0.28),
        "film_scatter": (0.010000000000000002, 0.9125000000000001),
        "make_up_mm": (0.019499999999999997, 0.1105),
        "make_up_scatter": (4.5, 17.5),
        "make_up_pigment": (0.22, 1.78),
        "water_mm": (0.006, 0.4555),
        "dye": (0.004, 0.16949999999999998),
        "toner": (0.455, 0.8450000000000001),
        "foundation": (0.005, 0.035),
        "sunscreen": (0.004, 0.025),
        "wet": (0.01, 0.06),
        "beard": (0.1, 0.7),
        "cold": (0.3, 1.5),
    },
)
