"""Print every material, or those named, as the module's bands see it."""

from __future__ import annotations

import argparse
import sys

from dermis_hw.materials import MaterialError, development, figures, held_out, names, resolve

LAYERED = [
    *(f"silicone:{mm} over skin:medium" for mm in ("0.1", "0.3", "1", "2", "3")),
    "silicone:1 over air over skin:medium",
    "silicone:0.3 over air over skin:medium",
    "hydrogel:0.8 over silicone:3",
    "nir_clear_film over skin:medium",
    "nir_clear_film over air over skin:medium",
]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__ or "")
    parser.add_argument("material", nargs="*", help="names or CSV files (default: all)")
    parser.add_argument("--measured", action="store_true", help="every measured subject and man-made material too")
    chosen = parser.parse_args(arguments)
    try:
        rows = [resolve(name) for name in chosen.material or [*names(), *LAYERED]]
    except MaterialError as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.measured:
        rows += [*development(), *held_out()]
    for number, material in enumerate(rows):
        seen = figures(material)
        if number == 0:
            print(f"{'material':42}" + "".join(f"{name:>10}" for name in seen) + "  what it is")
        kind = "measured" if material.measured else "modelled"
        part = f", {material.split}" if material.split != "modelled" else ""
        print(f"{material.name:42}" + "".join(f"{value:10.3f}" for value in seen.values()) + f"  {kind}{part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
