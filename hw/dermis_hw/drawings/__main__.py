"""`python -m dermis_hw.drawings [FOLDER]`: writes every drawing, into `hw/drawings` unless told."""

from __future__ import annotations

import sys
from pathlib import Path

from dermis_hw.drawings import drawings

FOLDER = Path(__file__).parents[2] / "drawings"


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in drawings().items():
        (folder / name).write_text(svg, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
