"""What a rig's instruments promise.

An instrument is a class with one more method than its contract says: `read(keys)`, a class method that takes its keys
of rig.toml (`dermis_host.rig.keys`), opens nothing, and returns what opens it. Constructors and methods raise
`RigError` with one sentence that says what to do; they return when it is so, never before, and wait for nothing
without a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dermis_host.errors import HostError


class RigError(HostError):
    """An instrument of the rig does not answer, refuses, or does not confirm."""


@runtime_checkable
class Instrument(Protocol):
    """Whatever a rig.toml names."""

    def identity(self) -> str:
        """What answers, as it calls itself; no question is asked for it."""
        ...

    def close(self) -> None:
        """Gives the port back, and leaves the instrument as it is: what must be so at the end, the rig has seen to. May
        be called more than once; raises nothing."""
        ...


Opener = Callable[[], Instrument]


@runtime_checkable
class Targets(Instrument, Protocol):
    """What stands before the module: a target changer, a screen, a person, the twin's renderer."""

    def names(self) -> Sequence[str]:
        """What it can show. A target that is the same thing as a scene that ships has that scene's name."""
        ...

    def show(self, target: str | Path) -> None:
        """Returns when it stands before the module, at rest."""
        ...


@runtime_checkable
class PowerSwitch(Instrument, Protocol):
    """The module's supply. Both return when the supply has confirmed it."""

    def on(self) -> None: ...

    def off(self) -> None: ...


@runtime_checkable
class LightSource(Instrument, Protocol):
    """A lamp at the target, beside what light the room has."""

    def set(self, klux: float) -> None:
        """So many klux at the target, 0 is dark; returns when it burns so."""
        ...


@runtime_checkable
class LockObserver(Instrument, Protocol):
    """What the access side did."""

    def relay(self) -> bool:
        """Whether the contact is closed now."""
        ...

    def frames(self) -> list[tuple[int, ...]]:
        """The Wiegand frames seen since the last call (at first: since it was opened), each its bits."""
        ...

    def can_trigger(self) -> bool:
        """Whether its wires reach the module's trigger input."""
        ...

    def trigger(self, on: bool) -> None:
        """Sets the trigger input. Raises RigError where the wires do not reach it."""
        ...


@runtime_checkable
class Faults(Instrument, Protocol):
    """Faults that can be had by asking (docs/twin.md); today the twin's alone."""

    def ask(self, name: str, **arguments: Any) -> None: ...

    def clear(self) -> None:
        """Takes them all back."""
        ...


# Table of rig.toml -> what its kind must be. They are opened in this order and closed in the other one.
ROLES: dict[str, type] = {
    "power": PowerSwitch,
    "light": LightSource,
    "targets": Targets,
    "lock": LockObserver,
    "faults": Faults,
}
