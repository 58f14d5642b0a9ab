"""From a name in a scene file to a material.

Grammar: NAME[:ARGUMENT,key=value,...][+MODIFIER...] [over [air over] NAME...], or the path of a CSV.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from dermis_hw.materials import catalogue, instruments, skin, targets
from dermis_hw.materials.material import DEVELOPMENT, HELD_OUT, Material, MaterialError, from_csv

# Materials that take figures: name -> function of one leading number and named ones.
_FAMILIES: dict[str, Callable[..., Material]] = {
    "silicone": instruments.silicone,
    "latex": instruments.latex,
    "resin": instruments.resin,
    "polycarbonate": instruments.polycarbonate,
    "plaster": instruments.plaster,
    "hydrogel": instruments.hydrogel,
    "gelatin": instruments.gelatin,
    "nir_clear_film": instruments.clear_film,
    "water": instruments.water,
    "paint": instruments.paint,
    "make_up": instruments.make_up,
    "grey": catalogue.grey,
    "glowing": catalogue.glowing,
}
_PLAIN: dict[str, Callable[[], Material]] = {
    "white": lambda: replace(catalogue.grey(1.0), name="white"),
    "black": lambda: replace(catalogue.grey(0.0), name="black"),
    "skin": lambda: skin.tone("medium"),
    "lips": lambda: replace(skin.modified(skin.tone("medium"), "lips"), name="lips"),
    "print": lambda: catalogue.fixed("print:matte"),
    **catalogue.FIXED,
}


def names() -> list[str]:
    """What `resolve` knows, with an example for what takes figures. USGS names stand apart."""
    tones = [f"skin:{which}" for which in ("light", "medium", "dark", "mean", "r700=0.35")]
    worn = [f"skin:medium+{modifier}" for modifier in skin.MODIFIERS]
    films = ["silicone:1", "latex:1", "resin:3", "polycarbonate:2", "plaster:0.9", "hydrogel:0.8", "gelatin:4"]
    films += [
        "nir_clear_film:0.1",
        "paint:0.05",
        "make_up:0.06",
        "water:0.1",
        "print:cloth_cotton",
        "grey:0.18",
        "glowing:30",
    ]
    tiles = [f"tile:{kind}" for kind in targets.TILES]
    return [*tones, *worn, *sorted(set(_PLAIN) - {"skin", "print"}), *films, *tiles]


def resolve(name_or_path: str, base_dir: str | Path | None = None, *, development_only: bool = False) -> Material:
    """The material of that name, or of that CSV (relative to base_dir).

    development_only: refuse what rests on held-out figures; training passes True.
    Raises MaterialError, one sentence that says what to do.
    """
    if not str(name_or_path).strip():
        raise MaterialError("a material has no name: give one, as in skin:medium")
    parts = [part.strip() for part in str(name_or_path).split(" over ")]
    if "" in parts or parts[-1] == "air":
        raise MaterialError(f"'{name_or_path}' must name what lies on both sides of 'over'")
    material = _single(parts.pop(), base_dir)
    while parts:
        top = parts.pop()
        gap = top == "air"
        if gap:
            if not parts or parts[-1] == "air":
                raise MaterialError(f"'{name_or_path}' must name a film over the air")
            top = parts.pop()
        material = _single(top, base_dir).over(material, air_gap=gap)
    if development_only and material.split == HELD_OUT:
        raise MaterialError(f"{material.name} is held out for tests: train on materials.development() only")
    return material


def _single(text: str, base_dir: str | Path | None) -> Material:
    if text.lower().endswith(".csv") or "/" in text or "\\" in text:
        return from_csv(Path(base_dir or ".") / text)
    if text in catalogue.manmade_by_name():
        return catalogue.manmade_by_name()[text]
    base, *modifiers = text.split("+")
    material = _plain(base)
    if modifiers and not base.startswith("skin"):
        raise MaterialError(f"'{text}': modifiers are for skin only, as in skin:dark+wet")
    for modifier in modifiers:
        material = skin.modified(material, modifier)
    return material


def _plain(text: str) -> Material:
    if text in _PLAIN:
        return _PLAIN[text]()
    family, _, argument = text.partition(":")
    if family == "skin":
        return skin.tone(argument)
    if family == "tile":
        return targets.tile(argument)
    if family in _FAMILIES:
        return _with_figures(family, argument, _FAMILIES[family])
    if family == "print" and argument:
        ground, _, figures = argument.partition(",")
        return replace(_with_figures(family, figures, partial(catalogue.printed, _single(ground, None))), name=text)
    known = [*names(), *catalogue.manmade_by_name(), *_FAMILIES]
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "run 'python -m dermis_hw.materials' for the list."
    raise MaterialError(f"there is no material '{text}'; {hint}")


def _with_figures(family: str, argument: str, function: Callable[..., Material]) -> Material:
    """The material that `function` makes of the figures in `argument`: one or none, then named ones."""
    allowed = [name for name, kind in inspect.signature(function).parameters.items() if kind.kind is kind.KEYWORD_ONLY]
    positional: list[float] = []
    named: dict[str, float] = {}
    for item in filter(None, argument.split(",")):
        key, equals, number = item.rpartition("=")
        if equals and key not in allowed:
            raise MaterialError(f"{family} takes no '{key}'; it takes {', '.join(allowed) or 'one number'}")
        try:
            value = float(number)
        except ValueError as error:
            raise MaterialError(f"'{item}' in {family}:{argument} must be a number") from error
        if equals:
            named[key] = value
        else:
            positional.append(value)
    try:
        call = inspect.signature(function).bind(*positional, **named)
    except TypeError as error:
        raise MaterialError(f"{family}:{argument} needs one number first, as in {family}:1") from error
    material = function(*call.args, **call.kwargs)
    return replace(material, name=f"{family}:{argument}" if argument else family)


def held_out() -> list[Material]:
    """Measured skin and man-made materials that no training has seen: for `make bench` and tests."""
    there = catalogue.manmade_by_name().values()
    return [*skin.held_out_subjects(), *(material for material in there if material.split == HELD_OUT)]


def development() -> list[Material]:
    """Measured skin and man-made materials that training may use."""
    there = catalogue.manmade_by_name().values()
    return [*skin.development_subjects(), *(material for material in there if material.split == DEVELOPMENT)]
