"""Bona fide presentations, one maker a condition (`dermis_hw.species.conditions`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from dermis_hw.geometry.anthropometry import FIGURES

from dermis_models.drawn import Draw, Shown, on_head, wearer

Maker = Callable[[Draw, int], Iterator[Shown]]
MIRRORED_SHARE = 0.2  # of spectacles, with lenses that are mirrors
COLD_C = (-15.0, 5.0)
# A head sways by about this much while its owner stands; who walks is asked to keep still (`moving`).
SLOWEST_MM_S, FASTEST_MM_S = 3.0, 10.0
TALL_SD = (1.3, 2.8)  # of a tall adult's measures, all alike
# Kinds of hats, by share.
HATS = {"knitted": 0.4, "visor": 0.4, "brim": 0.2}
FRAMES = ("spectacle_frame", "metal_frame")


def _worn(draw: Draw, variants: int, modifier: str) -> Iterator[Shown]:
    head = draw.head()
    for _ in range(variants):
        skin, tone = draw.skin()
        if modifier:
            skin = f"{skin}+{modifier}={draw.figure(modifier):.4f}"
        yield Shown([wearer(head, skin)], tone)


def _beard(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head("man")
    for _ in range(variants):
        skin, tone = draw.skin()
        beard = f"{skin}+beard={draw.figure('beard'):.3f}"
        yield Shown([wearer(head, skin, regions={"beard": beard})], tone)


def lens_size(draw: Draw) -> dict[str, float]:
    """Parameters of spectacles' lenses."""
    return {"lens_mm": draw.between(38.0, 56.0), "vertex_mm": draw.between(10.0, 16.0)}


def _spectacles(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head()
    lens = lens_size(draw)
    rim = draw.between(0.8, 3.2)
    mirrored = draw.chance(MIRRORED_SHARE)
    for _ in range(variants):
        skin, tone = draw.skin()
        objects = [wearer(head, skin), on_head(head, "spectacles", draw.one(FRAMES), rim_mm=rim, **lens)]
        if mirrored:
            objects.append(on_head(head, "lenses", "lens_mirrored", **lens))
        yield Shown(objects, tone)


def _headscarf(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head("woman")
    size = {"up_mm": draw.between(82.0, 100.0), "side_mm": draw.between(58.0, 70.0)}
    for _ in range(variants):
        skin, tone = draw.skin()
        yield Shown([wearer(head, skin), on_head(head, "headscarf", draw.one(draw.half.cloths), **size)], tone)


def hat_size(draw: Draw) -> dict[str, float]:
    """Parameters of a knitted cap, a cap with a visor, or a hat with a brim."""
    kind = draw.weighed(HATS)
    return {
        "seat_mm": draw.between(32.0, 52.0),
        "brim_mm": draw.between(10.0, 60.0) if kind == "brim" else 0.0,
        "visor_mm": draw.between(45.0, 75.0) if kind == "visor" else 0.0,
        "droop_mm": draw.between(-5.0, 15.0),
    }


def _hat(draw: Draw, variants: int) -> Iterator[Shown]:
    head = draw.head()
    size = hat_size(draw)
    for _ in range(variants):
        skin, tone = draw.skin()
        yield Shown([wearer(head, skin), on_head(head, "hat", draw.one(draw.half.cloths), **size)], tone)


def _cold(draw: Draw, variants: int) -> Iterator[Shown]:
    draw.between_c = COLD_C
    yield from _worn(draw, variants, "cold")


def _child(draw: Draw, variants: int) -> Iterator[Shown]:
    # A child stands lower than a module at an adult's height and looks up to it.
    draw.pose.update(pitch_deg=draw.between(0.0, 16.0), up_mm=draw.between(-30.0, 10.0))
    head = draw.head("child")
    for _ in range(variants):
        skin, tone = draw.skin()
        yield Shown([wearer(head, skin)], tone)


def _tall(draw: Draw, variants: int) -> Iterator[Shown]:
    draw.pose.update(pitch_deg=draw.between(-16.0, 0.0), up_mm=draw.between(-10.0, 30.0))
    grown = draw.between(*TALL_SD)
    larger = {name: mean + grown * sd for name, (mean, sd) in FIGURES["man"].items()}
    head = replace(draw.head("man"), **larger)
    for _ in range(variants):
        skin, tone = draw.skin()
        yield Shown([wearer(head, skin)], tone)


def _moving(draw: Draw, variants: int) -> Iterator[Shown]:
    direction = draw.rng.normal(size=3) * [0.6, 1.0, 0.8]  # people sway sideways rather than up and down
    speed = draw.between(SLOWEST_MM_S, FASTEST_MM_S)
    draw.pose["velocity_mm_s"] = [float(part) for part in speed * direction / np.linalg.norm(direction)]
    yield from _worn(draw, variants, "")


MAKERS: dict[str, Maker] = {
    "plain": partial(_worn, modifier=""),
    "foundation": partial(_worn, modifier="foundation"),
    "sunscreen": partial(_worn, modifier="sunscreen"),
    "beard": _beard,
    "spectacles": _spectacles,
    "headscarf": _headscarf,
    "hat": _hat,
    "wet": partial(_worn, modifier="wet"),
    "cold": _cold,
    "child": _child,
    "tall": _tall,
    "moving": _moving,
}
