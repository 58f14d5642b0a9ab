"""A rig.toml for the module of another rig, as a bench engineer writes one: a port, and an instrument of one's own."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from dermis_host.errors import HostError
from dermis_host.rig import Keys, Rig, RigError, Targets
from dermis_host.twin_access import TwinControl, scene_file
from dermis_hw import scenes

OPENINGS = "targets.opened"


class RunningTwinTargets(Targets):
    """The renderer of a twin that somebody else started; `state`: its folder.

    As the machines of a bench it has one opener at a time; `OPENINGS` in that folder has a line for each so far.
    """

    def __init__(self, state: Path):
        self._twin = TwinControl(state)
        self._held = (state / OPENINGS).open("a")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._held.close()
            raise RigError("Somebody else has these targets open: close them there.") from None
        self._held.write("opened\n")
        self._held.flush()

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], RunningTwinTargets]:
        state = Path(keys.text("state"))
        return lambda: cls(state)

    def identity(self) -> str:
        return "the renderer of a running twin"

    def close(self) -> None:
        """Others may open it; the twin is somebody else's."""
        self._held.close()

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
