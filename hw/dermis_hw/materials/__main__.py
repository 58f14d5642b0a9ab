"""Print every material as the module's bands see it."""

from __future__ import annotations

import math
import sys

from dermis_hw.materials import Material, MaterialError, band_value, held_out, names, resolve
from dermis_hw.optics import NIR_BANDS, SWIR_BANDS

LAYERED = [
    *(f"silicone:{mm} over skin:medium" for mm in ("0.1", "0.3", "1", "2", "3")),
    "silicone:1 over air over skin:medium",
    "hydrogel:0.8 over silicone:3",
    "nir_clear_film over skin:medium",
]


def figures(material: Material) -> dict[str, float]:
    """What the bands read, the water index ln R970 - .28 ln R850 - .72 ln R1050, and the SWIR ratios."""
    nir = {label: band_value(material, band, detector="silicon") for label, band in NIR_BANDS.items()}
    swir = {label: band_value(material, band, detector="ingaas") for label, band in SWIR_BANDS.items()}
    dark = min(*nir.values(), *swir.values()) <= 0.0
    return {
        "R850": nir["850"],
        "R970": nir["970"],
        "R1050": nir["1050"],
        "index": math.nan if dark else water_index(nir["850"], nir["970"], nir["1050"]),
        "1200/1050": math.nan if dark else swir[1200] / swir[1050],
        "1450/1300": math.nan if dark else swir[1450] / swir[1300],
        "1550/1050": math.nan if dark else swir[1550] / swir[1050],
    }


def water_index(r850: float, r970: float, r1050: float) -> float:
    """ln R970 - .28 ln R850 - .72 ln R1050: the weights flatten the slope of melanin."""
    return math.log(r970) - 0.28 * math.log(r850) - 0.72 * math.log(r1050)


def main(arguments: list[str]) -> int:
    chosen = arguments or [*names(), *LAYERED, *(material.name for material in held_out())]
    try:
        rows = [resolve(name) for name in chosen]
    except MaterialError as error:
        print(error, file=sys.stderr)
        return 2
    columns = ["R850", "R970", "R1050", "index", "1200/1050", "1450/1300", "1550/1050"]
    print(f"{'material':44}" + "".join(f"{name:>10}" for name in columns) + "  what it is")
    for material in rows:
        seen = figures(material)
        kind = "measured" if material.measured else "modelled"
        part = f", {material.split}" if material.split != "modelled" else ""
        print(f"{material.name:44}" + "".join(f"{seen[name]:10.3f}" for name in columns) + f"  {kind}{part}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
