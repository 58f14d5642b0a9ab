"""Prints, screens, folded paper, cloth and mirrors: instruments that are flat, bent or folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from dermis_models.drawn import Draw, Shown, Thing, measures, wearer

Maker = Callable[[Draw, int], Iterator[Shown]]
TONER_SHARE = 0.2  # of prints on plain paper
WET_PAPER_SHARE, WET_CLOTH_SHARE = 0.08, 0.25  # somebody who knows the module wets them
PHONE_MM, TABLET_MM = (70.0, 150.0), (150.0, 240.0)  # width and height, about
SCREENS = {"phone": "screen_glass", "tablet": "screen_lcd"}


def _print(draw: Draw, grounds: tuple[str, ...], toner: float = 0.0) -> str:
    ink = draw.figure("toner" if draw.chance(toner) else "dye")
    return _wetted(draw, f"print:{draw.one(grounds)},ink={ink:.3f}", WET_PAPER_SHARE)


def _wetted(draw: Draw, material: str, share: float) -> str:
    """Now and then with water on it: the cheapest way to the water that skin has."""
    return f"water:{draw.figure('water_mm'):.3f} over {material}" if draw.chance(share) else material


def _sheet(draw: Draw, bent: bool) -> Thing:
    size = {"height": draw.between(180.0, 300.0), "width": draw.between(140.0, 220.0)}
    if not bent:
        return {"geometry": "plane", "parameters": size}
    return {"geometry": "cylinder", "parameters": {**size, "radius": draw.between(65.0, 220.0)}}


def _photo(draw: Draw, variants: int, bent: bool, grounds: tuple[str, ...]) -> Iterator[Shown]:
    sheet = _sheet(draw, bent)
    choices = tuple(name for kind in grounds for name in getattr(draw.half, kind))
    for _ in range(variants):
        yield Shown([{**sheet, "material": _print(draw, choices, TONER_SHARE)}])


def _before_face(draw: Draw, variants: int, grounds: str) -> Iterator[Shown]:
    """A print with holes for the eyes, bent before a living face."""
    size = {"height": draw.between(220.0, 260.0), "width": draw.between(170.0, 210.0), "radius": draw.between(90, 400)}
    sheet = {"geometry": "cylinder", "parameters": size, "holes": ["eyes"]}
    head = draw.head()
    gap = draw.between(3.0, 12.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        behind = wearer(head, skin, position_mm=[0.0, 0.0, gap])
        yield Shown([{**sheet, "material": _print(draw, getattr(draw.half, grounds), TONER_SHARE)}, behind], tone)


def _screen(draw: Draw, variants: int, kind: str = "", moving: bool = False) -> Iterator[Shown]:
    kind = kind or draw.one(tuple(SCREENS))
    width, height = PHONE_MM if kind == "phone" else TABLET_MM
    scale = draw.between(0.95, 1.15)
    size = {"height": height * scale, "width": width * scale}
    draw.pose["distance_mm"] = draw.between(280.0, 400.0)
    if moving:
        draw.pose["velocity_mm_s"] = [draw.about(0, 8, 20), draw.about(0, 12, 30), draw.about(0, 8, 20)]
    for _ in range(variants):
        yield Shown([{"geometry": "plane", "parameters": size, "material": SCREENS[kind]}])


def _papercraft(draw: Draw, variants: int) -> Iterator[Shown]:
    parameters = {**measures(draw.head()), "hair_mm": 0.0}
    grounds = draw.half.papers + draw.half.glossy_papers + draw.half.boards
    for _ in range(variants):
        material = _print(draw, grounds, TONER_SHARE)
        yield Shown([{"geometry": "papercraft", "parameters": parameters, "material": material}])


def _shirt(draw: Draw, variants: int) -> Iterator[Shown]:
    """A chest or a back: wide, bent a little or not at all."""
    size = {"height": draw.between(280, 420), "width": draw.between(240, 380), "radius": draw.between(140, 600)}
    for _ in range(variants):
        cloth = f"print:{draw.one(draw.half.cloths)},ink={draw.between(0.05, 0.5):.3f}"
        material = _wetted(draw, cloth, WET_CLOTH_SHARE)
        yield Shown([{"geometry": "cylinder", "parameters": size, "material": material}])


def _mirror(draw: Draw, variants: int) -> Iterator[Shown]:
    size = {"height": draw.between(200.0, 400.0), "width": draw.between(160.0, 320.0)}
    for _ in range(variants):
        yield Shown([{"geometry": "plane", "parameters": size, "material": "mirror"}])


MAKERS: dict[str, Maker] = {
    "photo_matte": partial(_photo, bent=False, grounds=("papers",)),
    "photo_glossy": partial(_photo, bent=False, grounds=("glossy_papers",)),
    "photo_bent": partial(_photo, bent=True, grounds=("papers", "glossy_papers", "cloths")),
    "photo_eyes_cut_out": partial(_before_face, grounds="papers"),
    "cardboard_mask": partial(_before_face, grounds="boards"),
    "screen_phone": partial(_screen, kind="phone"),
    "screen_tablet": partial(_screen, kind="tablet"),
    "screen_video": partial(_screen, moving=True),
    "papercraft_mask": _papercraft,
    "cloth_print": _shirt,
    "mirror": _mirror,
}
