"""Scenes: what stands before the module, as TOML files (docs/formats/scene.md)."""

from __future__ import annotations

import difflib
from pathlib import Path

from dermis_hw.scenes.load import load, parse
from dermis_hw.scenes.model import Expect, Pose, Scene, SceneError, SceneObject
from dermis_hw.scenes.place import paint, place, rotation

__all__ = [
    "Expect",
    "Pose",
    "Scene",
    "SceneError",
    "SceneObject",
    "builtin",
    "builtins",
    "load",
    "paint",
    "parse",
    "place",
    "rotation",
    "shipped",
]

_HERE = Path(__file__).parent
# The demo runs the first; the others hold one scene each PAI species and each bona fide condition (docs/species.md).
_BUILTIN = "builtin"
_FOLDERS = (_BUILTIN, "species", "conditions")


def builtins() -> list[str]:
    """Names of the scenes that ship and that the demo goes through."""
    return sorted(path.stem for path in (_HERE / _BUILTIN).glob("*.toml"))


def shipped() -> dict[str, Path]:
    """Name -> file of every scene that ships; no two folders share a name."""
    return {path.stem: path for folder in _FOLDERS for path in sorted((_HERE / folder).glob("*.toml"))}


def builtin(name: str) -> Path:
    """The file of a scene that ships.

    Raises SceneError with the nearest names.
    """
    scenes = shipped()
    if name not in scenes:
        near = [f"'{known}'" for known in difflib.get_close_matches(name, scenes, n=3, cutoff=0.5)]
        hint = f"; did you mean {' or '.join(near)}?" if near else ":"
        raise SceneError(f"there is no built-in scene '{name}'{hint} `python -m dermis_hw.scenes` lists all")
    return scenes[name]
