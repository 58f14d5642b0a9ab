"""The twin, from the host: imported only when asked for, its errors as ours."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from dermis_host.errors import HostError, UsageError, sentence
from dermis_host.output import Output

SIMULATION = ("mitsuba", "drjit", "threadpoolctl")
RENDER_S = 300.0  # a scene on a machine without LLVM
ANSWER_S = 10.0
DEFAULT_STATE = Path("build/twin")
# As the twin and the renderer say it
STAND_INS = ("under CPython", "no LLVM", "stands in for it", "to stand in for it")
INSTALL = "The simulation is not installed: pip install 'dermis[sim]'."


def simulation(name: str) -> ModuleType:
    """A module of `dermis_hw` that needs the extra `sim`. Raises HostError with what to install."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name in SIMULATION:
            raise HostError(INSTALL) from None
        raise


def require_simulation() -> None:
    """What renders runs in a process of its own, so that its absence must be found here. Raises HostError."""
    if any(importlib.util.find_spec(name) is None for name in SIMULATION):
        raise HostError(INSTALL)


@contextmanager
def twin_errors() -> Iterator[None]:
    """What the twin or a scene complains of, as a HostError with the same sentence."""
    twin, scenes, materials = (
        simulation(name) for name in ("dermis_hw.twin", "dermis_hw.scenes", "dermis_hw.materials")
    )
    complaints = (twin.TwinError, scenes.SceneError, materials.MaterialError)
    try:
        yield
    except complaints as problem:
        raise HostError(sentence(problem)) from None


@dataclass(frozen=True)
class TwinControl:
    """A running twin, by its state folder; every method raises HostError with the twin's own sentence."""

    state_dir: Path

    def request(self, message: dict[str, Any], timeout_s: float = RENDER_S) -> dict[str, Any]:
        """One request of the control socket."""
        with twin_errors():
            return simulation("dermis_hw.twin").request(self.state_dir, message, timeout_s)

    def status(self) -> dict[str, Any]:
        """URL, state of the module, scene, times, faults."""
        return self.request({"do": "status"}, ANSWER_S)

    def set_scene(self, path: Path) -> None:
        """Change what stands before the module; returns when it is rendered and in force."""
        self.request({"do": "scene", "path": str(path)})

    def fault(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Ask for a fault; `clear` takes all back."""
        return self.request({"do": "fault", "name": name, "args": arguments}, ANSWER_S)

    def lock(self, name: str, on: bool) -> dict[str, Any]:
        """Set an input of the lock's side: trigger, tamper or power."""
        return self.request({"do": "lock", "name": name, "on": on}, ANSWER_S)

    def enter_loader(self) -> None:
        """Reset its module with the BOOT button held."""
        self.request({"do": "loader"}, ANSWER_S)

    def stop(self) -> None:
        """End the twin."""
        self.request({"do": "stop"}, ANSWER_S)


def scene_file(name_or_path: str) -> Path:
    """The scene file of that path, or the built-in of that name. Raises UsageError with what there is."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError(f"There is no scene file {path}.")
        return path.resolve()
    scenes = simulation("dermis_hw.scenes")
    try:
        return scenes.builtin(name_or_path)
    except scenes.SceneError as problem:
        raise UsageError(sentence(problem)) from None


def twin_log(output: Output) -> Callable[[str], None]:
    """What takes the twin's lines. Its remarks on what stands in for the interpreter or the renderer people must hear
    even without --verbose, once."""

    def log(line: str) -> None:
        if any(sign in line for sign in STAND_INS):
            output.note(line)
        else:
            output.log(line)

    return log
