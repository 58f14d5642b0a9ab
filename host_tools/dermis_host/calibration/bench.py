"""A module before targets, as the procedure needs it: live, on the twin, or simulated without one."""

from __future__ import annotations

from typing import Any, Protocol

from dermis_host.calibration.targets import Target
from dermis_host.errors import HostError
from dermis_host.recording import Recording


class StepVoid(HostError):
    """Somebody else used the module, or it restarted, in the middle of a step: burst numbers do not follow one
    another or the uptime fell. What was taken in this step counts for nothing; the step must be taken again."""


class Bench(Protocol):
    """serial, sensors ({"imager": ..., "swir": ...}) and board (the board file) are the module's own."""

    serial: str
    sensors: dict[str, str]
    board: dict[str, Any]

    def show(self, target: Target) -> None:
        """Returns when it stands there. Raises HostError or KeyboardInterrupt to give up."""
        ...

    def heat(self, temperature_c: float) -> None:
        """Returns when the module has that temperature. Only asked of a fixture that heats."""
        ...

    def burst(self, frames: tuple[str, ...] = (), exposure_us: int = 0) -> Recording:
        """A burst with those frames (all when none is named) at that exposure (0: the board's).

        Raises RequestFailed when the module refuses, StepVoid when somebody else used it.
        """
        ...
