"""The twin's own instruments: its renderer, its supply, its lamp, its lock's side, its faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermis_host.errors import HostError, UsageError
from dermis_host.rig.contract import Instrument, RigError
from dermis_host.twin_access import scene_file, simulation, twin_errors

if TYPE_CHECKING:
    from dermis_hw.twin import Twin as TwinProcess

CLOSED = "closed"


class _OfTwin:
    """What they share: the twin, which the rig starts and ends."""

    part = ""

    def __init__(self, twin: TwinProcess):
        self._twin = twin

    def identity(self) -> str:
        return f"twin, {self.part}"

    def close(self) -> None:
        """The twin is the rig's, not an instrument's."""

    def _do(self, action: Callable[..., Any], *given: Any, **named: Any) -> Any:
        try:
            with twin_errors():
                return action(*given, **named)
        except HostError as problem:
            raise RigError(str(problem)) from None


class TwinTargets(_OfTwin):
    part = "renderer"

    def names(self) -> Sequence[str]:
        return list(simulation("dermis_hw.scenes").shipped())

    def show(self, target: str | Path) -> None:
        try:
            path = scene_file(str(target))
        except UsageError as problem:
            raise RigError(str(problem)) from None
        self._do(self._twin.set_scene, path)


class TwinPower(_OfTwin):
    part = "supply"

    def on(self) -> None:
        self._do(self._twin.power, True)

    def off(self) -> None:
        self._do(self._twin.power, False)


class TwinLight(_OfTwin):
    part = "lamp like the sun"

    def __init__(self, twin: TwinProcess):
        super().__init__(twin)
        self._klux: float | None = 0.0

    def set(self, klux: float) -> None:
        """A scene keeps its own light beside this lamp."""
        if klux != self._klux:  # else the same scene would be rendered again
            self._klux = None  # the twin may have taken it, whatever comes of rendering
            self._do(self._twin.light, klux)
            self._klux = klux


class TwinLock(_OfTwin):
    part = "lock's side"

    def __init__(self, twin: TwinProcess):
        super().__init__(twin)
        self._seen_us = -1
        self.frames()

    def relay(self) -> bool:
        return self._do(self._twin.status)["lock"]["relay"] == CLOSED

    def frames(self) -> list[tuple[int, ...]]:
        seen = self._do(self._twin.request, {"do": "lock_history"})["frames"]
        fresh = [frame for frame in seen if frame["world_us"] > self._seen_us]
        if fresh:
            self._seen_us = fresh[-1]["world_us"]
        return [tuple(int(bit) for bit in frame["bits"]) for frame in fresh]

    def can_trigger(self) -> bool:
        return True

    def trigger(self, on: bool) -> None:
        self._do(self._twin.lock, "trigger", on)


class TwinFaults(_OfTwin):
    part = "faults"

    def ask(self, name: str, **arguments: Any) -> None:
        self._do(self._twin.request, {"do": "fault", "name": name, "args": arguments})

    def clear(self) -> None:
        self.ask("clear")


_OF_ROLE: dict[str, Callable[[TwinProcess], Instrument]] = {
    "power": TwinPower,
    "light": TwinLight,
    "targets": TwinTargets,
    "lock": TwinLock,
    "faults": TwinFaults,
}


def make(role: str, twin: TwinProcess) -> Instrument:
    """The twin's instrument for a role."""
    return _OF_ROLE[role](twin)
