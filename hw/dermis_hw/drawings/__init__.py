"""Drawings of DM1, made from the board data and the optics so that they cannot disagree with them.

`python -m dermis_hw.drawings` writes them into `hw/drawings/`; a test holds the committed files to what it makes.
"""

from __future__ import annotations

from dermis_hw.boards.wiring import WIRED, wired
from dermis_hw.drawings.blocks import block_diagram
from dermis_hw.drawings.optical import optical_layout
from dermis_hw.drawings.wiring import wiring_diagram


def drawings() -> dict[str, str]:
    """File name -> SVG. Raises DrawingError for one that cannot be read."""
    sheets = {"optical-layout": optical_layout()}
    for board in WIRED:
        sheets[f"blocks-{board}"] = block_diagram(wired(board))
        sheets[f"wiring-{board}"] = wiring_diagram(wired(board))
    return {f"{name}.svg": sheet.svg() for name, sheet in sorted(sheets.items())}
