"""Scenes: what stands before the module, as TOML files (docs/formats/scene.md)."""

from __future__ import annotations

import difflib
from pathlib import Path

from dermis_hw.scenes.load import load, parse
from dermis_hw.scenes.model import Expect, Pose, Scene, SceneError, SceneObject
from dermis_hw.scenes.place import place

__all__ = ["Expect", "Pose", "Scene", "SceneError", "SceneObject", "builtin", "builtins", "load", "parse", "place"]

_FOLDER = Path(__file__).parent / "builtin"


def builtins() -> list[str]:
    """Names of the scenes that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def builtin(name: str) -> Path:
    """The file of a scene that ships.

    Raises SceneError with the nearest name.
    """
    path = _FOLDER / f"{name}.toml"
    if not path.is_file():
        near = difflib.get_close_matches(name, builtins(), n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(builtins())}"
        raise SceneError(f"there is no built-in scene '{name}'; {hint}")
    return path
