"""Masks, heads, appliances and what goes with them: instruments that have the shape of a face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from dermis_hw.geometry import patches, simple
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.materials import band_value, resolve
from dermis_hw.optics import NIR_BANDS
from dermis_hw.species import QUARTER

from dermis_models.drawn import Draw, Shown, Thing, measures, on_head, wearer
from dermis_models.faces import FRAMES, hat_size, lens_size

Maker = Callable[[Draw, int], Iterator[Shown]]
EYES_AND_MOUTH_SHARE = 0.25  # of full masks; the others leave the lips
FRONT_PLATE_SHARE = 0.5  # of rigid masks; the others are heads
FILM_SHELL_MM = 0.5  # how far a formed film stands off
MAKE_UP_SHELL_MM = 0.1  # thinner would meet the rays' own tolerance
DUMMIES = ("polystyrene_foam", "plaster", "resin", "silicone:20")
# Part of the face that a partial mask covers, by the side of the quarter it is to lie on.
UNDER, OVER = (0.06, 0.235), (0.265, 0.5)
MOST_OVER = {"jaw": 0.36}  # a jaw with mouth and cheeks is no more of a face


def _shell(head: HeadParameters, offset_mm: float, material: str, **more: Any) -> Thing:
    return {
        "geometry": "head",
        "parameters": measures(head),
        "offset_mm": offset_mm,
        "material": material,
        **{key: value for key, value in more.items() if value},
    }


def _mask_holes(draw: Draw) -> list[str]:
    return ["eyes", "mouth"] if draw.chance(EYES_AND_MOUTH_SHARE) else ["eyes"]


def silicone(draw: Draw, thickness_mm: float) -> str:
    """A silicone of that thickness as a film."""
    scatter, pigment = draw.figure("silicone_scatter"), draw.figure("silicone_pigment")
    return f"silicone:{thickness_mm:.2f},scatter={scatter:.2f},pigment={pigment:.2f}"


def _glued(draw: Draw, variants: int, low: float, high: float) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(low, high)
    for _ in range(variants):
        skin, tone = draw.skin()
        shell = _shell(head, thickness, silicone(draw, thickness), holes=holes)
        yield Shown([wearer(head, skin), shell], tone, thickness_mm=thickness)


def _air_gap(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(0.6, 4.0)
    offset = thickness + draw.between(0.3, 3.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        shell = _shell(head, offset, f"{silicone(draw, thickness)} over air over {skin}", holes=holes)
        yield Shown([wearer(head, skin), shell], tone, thickness_mm=thickness)


def _dummy(draw: Draw, variants: int) -> Iterator[Shown]:
    """The mask has eyes, drawn on or of glass, and no holes."""
    head, thickness = draw.head(), draw.between(1.0, 5.0)
    for _ in range(variants):
        beneath = draw.one(DUMMIES)
        gap = "air over " if draw.chance(0.5) else ""
        mask = f"{silicone(draw, thickness)} over {gap}{beneath}"
        eyes = draw.one(("eye", mask))
        shell = _shell(head, thickness, mask, regions={"eyes": eyes})
        yield Shown([wearer(head, beneath), shell], thickness_mm=thickness)


def matched_scatter(skin: str, thickness_mm: float, pigment: float) -> float:
    """The scatterer (1/mm) with which a silicone over that skin is as bright as the skin at 850 nm, or as near as may
    be."""
    bare = band_value(resolve(skin), NIR_BANDS["850"])
    low, high = 0.05, 20.0
    for _ in range(8):
        middle = (low * high) ** 0.5
        mask = resolve(f"silicone:{thickness_mm:.2f},scatter={middle:.3f},pigment={pigment:.2f} over {skin}")
        low, high = (low, middle) if band_value(mask, NIR_BANDS["850"]) > bare else (middle, high)
    return (low * high) ** 0.5


def _pigment_matched(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(1.0, 4.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        pigment = draw.figure("silicone_pigment")
        scatter = matched_scatter(skin, thickness, pigment)
        mask = f"silicone:{thickness:.2f},scatter={scatter:.2f},pigment={pigment:.2f}"
        yield Shown([wearer(head, skin), _shell(head, thickness, mask, holes=holes)], tone, thickness_mm=thickness)


def _elderly_hat(draw: Draw, variants: int) -> Iterator[Shown]:
    head, thickness = draw.head("man"), draw.between(2.0, 5.0)
    size = hat_size(draw)
    for _ in range(variants):
        skin, tone = draw.skin()
        shell = _shell(head, thickness, silicone(draw, thickness), holes=["eyes", "mouth"])
        hat = on_head(head, "hat", draw.one(draw.half.cloths), **size)
        yield Shown([wearer(head, skin), shell, hat], tone, thickness_mm=thickness)


def _latex(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(0.8, 2.5)
    for _ in range(variants):
        skin, tone = draw.skin()
        scatter, pigment = draw.figure("latex_scatter"), draw.figure("latex_pigment")
        gap = "air over " if draw.chance(0.7) else ""
        mask = f"latex:{thickness:.2f},scatter={scatter:.2f},pigment={pigment:.2f} over {gap}{skin}"
        yield Shown([wearer(head, skin), _shell(head, thickness + 0.3, mask, holes=holes)], tone, 1.0, thickness)


def _painted(draw: Draw, body: str) -> str:
    """The same, with skin-coloured paint on it or without."""
    if draw.chance(0.4):
        return body
    paint = (draw.figure("paint_mm"), draw.figure("paint_scatter"), draw.figure("paint_pigment"))
    return "paint:{:.3f},scatter={:.1f},pigment={:.2f} over ".format(*paint) + body


def _resin(draw: Draw, thickness_mm: float, beneath: str) -> str:
    family = draw.one(draw.half.resins)
    scatter, pigment = draw.figure("resin_scatter"), draw.figure("resin_pigment")
    behind = f" over air over {beneath}" if beneath else ""
    return _painted(draw, f"{family}:{thickness_mm:.1f},scatter={scatter:.2f},pigment={pigment:.2f}{behind}")


def _plastic(draw: Draw, _thickness_mm: float, _beneath: str) -> str:
    return _painted(draw, draw.one(draw.half.plastics))


def _rigid(draw: Draw, variants: int, body: Callable[[Draw, float, str], str]) -> Iterator[Shown]:
    head, thickness = draw.head(), draw.between(1.5, 4.0)
    plate = draw.chance(FRONT_PLATE_SHARE)
    holes = ["eyes", "nostrils", "back"] if draw.chance(0.6) else ["eyes", "back"]
    for _ in range(variants):
        if not plate:
            yield Shown([wearer(head, body(draw, thickness, ""))], thickness_mm=thickness)
            continue
        skin, tone = draw.skin()
        shell = _shell(head, thickness, body(draw, thickness, skin), holes=holes)
        yield Shown([wearer(head, skin), shell], tone, 1.0, thickness)


def _plaster(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head()
    for _ in range(variants):
        yield Shown([wearer(head, _painted(draw, f"plaster:{draw.figure('plaster_water'):.2f}"))])


def _hydrogel(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(1.0, 4.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        gel = (draw.figure("hydrogel_mm"), draw.figure("hydrogel_water"), draw.figure("hydrogel_scatter"))
        mask = "hydrogel:{:.2f},water={:.2f},scatter={:.2f} over ".format(*gel) + f"{silicone(draw, thickness)}"
        shell = _shell(head, thickness + 1.0, f"{mask} over {skin}", holes=holes)
        yield Shown([wearer(head, skin), shell], tone, thickness_mm=gel[0])


@lru_cache(maxsize=64)
def _patch(head: HeadParameters, patch: str, part: float, over: bool) -> tuple[dict[str, float], tuple[str, ...]]:
    """The patches and holes with which `part` of the face is covered, about."""
    beside = {"cheeks": 0.9} if patch == "jaw" and over else {}
    holes = {"jaw": ("mouth",), "nose": ("eyes",), "brow": ("eyes",)}[patch] if over else ()
    low, high = patches.SMALLEST, patches.LARGEST
    for _ in range(10):
        middle = 0.5 * (low + high)
        covered = patches.covered_part(head, {patch: middle, **beside}, holes)
        low, high = (middle, high) if covered < part else (low, middle)
    return {patch: 0.5 * (low + high), **beside}, holes


def _partial(draw: Draw, variants: int, patch: str, over: bool) -> Iterator[Shown]:
    head, thickness = draw.head("man" if patch == "jaw" else ""), draw.between(1.0, 5.0)
    low, high = OVER if over else UNDER
    part = draw.between(low, MOST_OVER.get(patch, high) if over else high)
    cover, holes = _patch(head, patch, part, over)
    covered = patches.covered_part(head, cover, holes)
    if (covered >= QUARTER) != over:
        raise ValueError(f"a {patch} of {covered:.3f} of the face lies on the wrong side of a quarter")
    for _ in range(variants):
        skin, tone = draw.skin()
        shell = _shell(head, thickness, silicone(draw, thickness), holes=list(holes), cover=cover)
        yield Shown([wearer(head, skin), shell], tone, covered, thickness)


def _gelatin(draw: Draw, variants: int) -> Iterator[Shown]:
    head, thickness = draw.head(), draw.between(1.0, 5.0)
    first = draw.one(("nose", "brow", "cheeks", "face"))
    cover = {first: draw.between(0.8, 1.2 if first == "face" else 2.0)}
    holes = ["eyes", "mouth"]
    covered = patches.covered_part(head, cover, tuple(holes))
    for _ in range(variants):
        skin, tone = draw.skin()
        figures = (draw.figure("gelatin_water"), draw.figure("gelatin_scatter"), draw.figure("gelatin_pigment"))
        gelatin = f"gelatin:{thickness:.2f}," + "water={:.2f},scatter={:.2f},pigment={:.2f}".format(*figures)
        shell = _shell(head, thickness, gelatin, holes=holes, cover=cover)
        yield Shown([wearer(head, skin), shell], tone, covered, thickness)


def _clear_film(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.figure("film_mm")
    for _ in range(variants):
        skin, tone = draw.skin()
        film = f"nir_clear_film:{thickness:.3f},scatter={draw.figure('film_scatter'):.3f}"
        gap = "air over " if draw.chance(0.7) else ""
        shell = _shell(head, FILM_SHELL_MM, f"{film} over {gap}{skin}", holes=holes)
        yield Shown([wearer(head, skin), shell], tone, thickness_mm=thickness)


def _make_up(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes = draw.head(), ["eyes", "mouth"]
    first = draw.one(("brow", "cheeks", "face"))
    cover = {first: draw.between(0.7, 1.1) if first == "face" else draw.between(1.0, 2.2)}
    covered = patches.covered_part(head, cover, tuple(holes))
    for _ in range(variants):
        skin, tone = draw.skin()
        thickness = draw.figure("make_up_mm")
        figures = (draw.figure("make_up_scatter"), draw.figure("make_up_pigment"))
        paint = f"make_up:{thickness:.3f}," + "scatter={:.2f},pigment={:.2f}".format(*figures)
        shell = _shell(head, MAKE_UP_SHELL_MM, paint, holes=holes, cover=cover)
        yield Shown([wearer(head, skin), shell], tone, covered, thickness)


def _printed_eyes(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head()
    lens = lens_size(draw)
    rim = draw.between(0.8, 3.0)
    covered = patches.shown_part(head, simple.lenses(head, **lens))
    for _ in range(variants):
        skin, tone = draw.skin()
        ground = draw.one(draw.half.papers + draw.half.glossy_papers)
        eyes = on_head(head, "lenses", f"print:{ground},ink={draw.figure('dye'):.3f}", **lens)
        frame = on_head(head, "spectacles", draw.one(FRAMES), rim_mm=rim, **lens)
        yield Shown([wearer(head, skin), frame, eyes], tone, covered)


def _answering(draw: Draw, variants: int) -> Iterator[Shown]:
    """Any mask that would do but for its index, with light added where water would not take any away."""
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(1.0, 3.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        rigid = {"resin": _resin, "plastic": _plastic}.get(draw.one(("silicone", "resin", "plastic")))
        mask = rigid(draw, thickness, skin) if rigid else silicone(draw, thickness)
        answers = {"850": draw.between(0.02, 0.25), "1050": draw.between(0.02, 0.25)}
        tab = 0.0 if draw.chance(0.5) else draw.between(0.0, 0.5)
        objects = [wearer(head, skin), _shell(head, thickness, mask, holes=holes)]
        yield Shown(objects, tone, 1.0, thickness, {"answers": answers, "tab": tab})


def _hand(draw: Draw, variants: int) -> Iterator[Shown]:
    head, holes, thickness = draw.head(), _mask_holes(draw), draw.between(1.0, 4.0)
    hand: Thing = {
        "geometry": "hand",
        "parameters": {"length": draw.between(165.0, 205.0)},
        "position_mm": [draw.between(-50.0, 10.0), draw.between(-50.0, 50.0), draw.between(-10.0, 6.0)],
    }
    for _ in range(variants):
        skin, tone = draw.skin()
        shell = _shell(head, thickness, silicone(draw, thickness), holes=holes)
        yield Shown([wearer(head, skin), shell, {**hand, "material": skin}], tone, 1.0, thickness)


def _beads(draw: Draw, variants: int) -> Iterator[Shown]:
    head, thickness = draw.head(), draw.between(1.0, 4.0)
    for _ in range(variants):
        skin, tone = draw.skin()
        yield Shown([wearer(head, skin), _shell(head, thickness, "glass_beads", holes=["eyes"])], tone)


MAKERS: dict[str, Maker] = {
    "latex_mask": _latex,
    "silicone_glued_03_06": partial(_glued, low=0.3, high=0.6),
    "silicone_glued_06_1": partial(_glued, low=0.6, high=1.0),
    "silicone_glued_1_5": partial(_glued, low=1.0, high=5.0),
    "silicone_air_gap": _air_gap,
    "silicone_dummy_head": _dummy,
    "silicone_pigment_matched": _pigment_matched,
    "silicone_elderly_hat": _elderly_hat,
    "resin_mask": partial(_rigid, body=_resin),
    "pla_mask": partial(_rigid, body=_plastic),
    "plaster_head": _plaster,
    "hydrogel_on_silicone": _hydrogel,
    "gelatin_appliance": _gelatin,
    "nir_clear_film": _clear_film,
    **{
        f"partial_{patch}_{side}": partial(_partial, patch=patch, over=side == "over")
        for patch in ("nose", "brow", "jaw")
        for side in ("under", "over")
    },
    "heavy_makeup": _make_up,
    "spectacles_printed_eyes": _printed_eyes,
    "answering_light": _answering,
    "hand_on_mask": _hand,
    "glass_bead_mask": _beads,
}
