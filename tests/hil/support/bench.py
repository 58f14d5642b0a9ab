"""A rig.toml for the module of another rig, as a bench engineer writes one: a port, and an instrument of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from dermis_host.errors import HostError
from dermis_host.rig import Keys, Rig, RigError, Targets
from dermis_host.twin_access import TwinControl, scene_file
from dermis_hw import scenes


class RunningTwinTargets(Targets):
    """The renderer of a twin that somebody else started; `state`: its folder."""

    def __init__(self, state: Path):
        self._twin = TwinControl(state)

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], RunningTwinTargets]:
        state = Path(keys.text("state"))
        return lambda: cls(state)

    def identity(self) -> str:
        return "the renderer of a running twin"

    def close(self) -> None:
        """The twin is somebody else's."""

    def names(self) -> Sequence[str]:
        return list(scenes.shipped())

    def show(self, target: str | Path) -> None:
        try:
            self._twin.set_scene(scene_file(str(target)))
        except HostError as problem:
            raise RigError(str(problem)) from None


def rig_file(folder: Path, rig: Rig, name: str = "bench") -> Path:
    """A rig.toml for the module of a twin's rig: for these tools a port with targets, and no twin."""
    path = folder / f"{name}.toml"
    kind = f"{RunningTwinTargets.__module__}:{RunningTwinTargets.__name__}"
    lines = (
        "format = 1",
        "[module]",
        f"port = {json.dumps(rig.port)}",
        "[targets]",
        f"kind = {json.dumps(kind)}",
        f"state = {json.dumps(str(rig.folder))}",
    )
    path.write_text("\n".join(lines) + "\n")
    return path
