"""Presentations of one species on one geometry, as a plan asks for them: over `presentations.draw`."""

from __future__ import annotations

from dermis_models import presentations

# What the draw by kind of geometry can give, and of which kind.
_KIND_OF = {
    "bona_fide": "face",
    "rigid_head": "face",
    "silicone_mask_thin": "mask",
    "silicone_mask_full": "mask",
    "silicone_mask_air_gap": "mask",
    "latex_mask": "mask",
    "rigid_mask": "mask",
    "photo_print": "sheet",
    "photo_print_bent": "sheet",
    "photo_print_eyes_cut_out": "cut_out",
    "papercraft_mask": "papercraft",
    "photo_screen": "small_screen",
}


def species() -> tuple[str, ...]:
    """Every species that can be drawn, "bona_fide" among them."""
    return tuple(_KIND_OF)
