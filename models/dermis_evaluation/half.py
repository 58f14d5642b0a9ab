"""The test half of what instruments and wearers are drawn of: for `presentations.draw(..., half=half.TEST)`.

No measured spectrum of it is in `dermis_models.halves.DEVELOPMENT`. Figures of modelled instruments come from wider
ranges, so that some of them lie where training never was; what people wear stays what people wear.
"""

from __future__ import annotations

from dermis_hw.materials import held_out
from dermis_models.halves import RANGES, Half, Range

WIDER = 0.15  # of a range, at both ends
LEAST = 0.2  # of a range's lower end: nothing becomes negative or nothing at all
PARTS = ("hydrogel_water", "gelatin_water", "dye", "toner")  # of a whole: at most 1
WORN = ("foundation", "sunscreen", "wet", "beard", "cold")


def _wider(span: Range) -> Range:
    low, high = span
    reach = WIDER * (high - low)
    return max(low - reach, LEAST * low), high + reach


def _parted(key: str, span: Range) -> Range:
    if key in WORN:
        return span
    low, high = _wider(span)
    return low, min(high, 1.0) if key in PARTS else high


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
    ranges={key: _parted(key, span) for key, span in RANGES.items()},
)
