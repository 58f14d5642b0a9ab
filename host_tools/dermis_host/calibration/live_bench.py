"""A real module (or the twin's) behind a port as a bench: what an operator shows it, what it sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dermis_hw import boards

from dermis_host.answers import Identity
from dermis_host.calibration import hints
from dermis_host.calibration.bench import StepVoid
from dermis_host.calibration.operators import Operator
from dermis_host.calibration.targets import Target
from dermis_host.errors import HostError, NotDermis
from dermis_host.module import Module
from dermis_host.recording import Recording

SETTLED_K = 1.5  # between what was asked for and the module's own thermometer: a chamber's edge, half a drift step
SETTLE_S = 1800.0  # for a module of 100 g in still air, from one temperature point to the next
LOOK_S = 5.0  # between two looks at a thermometer


class LiveBench:
    """`calibration.bench.Bench` on a `Module`. `tell` hears a line now and then.

    Raises NotDermis for a board that these tools have no board file for.
    """

    def __init__(self, module: Module, operator: Operator, tell: Callable[[str], None] = lambda _: None):
        self._module, self._operator, self._tell = module, operator, tell
        identity = module.identity()
        self.serial = identity.serial
        self.firmware = identity.firmware
        self.sensors = {"imager": identity.imager, "swir": identity.swir_head}
        self.board: dict[str, Any] = _board(identity)
        self._last_id: int | None = None
        self._uptime_ms = identity.uptime_ms

    def show(self, target: Target) -> None:
        """Returns when the operator says that it stands there."""
        hint = hints.Hint(target, self.board)
        self._operator.show(target, lambda: hint.line(self.burst(frames=hints.FRAMES)))

    def heat(self, temperature_c: float) -> None:
        """Returns when the module's own thermometer agrees. Raises HostError when it never does."""
        self._operator.heat(temperature_c, lambda: f"the module has {self._temperature_c():.1f} degC")
        until = time.monotonic() + SETTLE_S
        while abs((now_c := self._temperature_c()) - temperature_c) > SETTLED_K:
            if time.monotonic() > until:
                raise HostError(
                    f"The module has {now_c:.1f} degC where {temperature_c:g} was asked for: see to the chamber."
                )
            self._tell(f"{now_c:.1f} degC, waiting for {temperature_c:g}")
            time.sleep(LOOK_S)

    def burst(self, frames: tuple[str, ...] = (), exposure_us: int = 0) -> Recording:
        """A burst, with those frames. Raises StepVoid when somebody else took bursts, or the module started anew."""
        identity = self._module.identity()
        if identity.serial != self.serial:
            raise HostError(f"The module is {identity.serial} now and was {self.serial}: put that one back.")
        taken = self._module.burst(exposure_us=exposure_us)
        if identity.uptime_ms < self._uptime_ms:
            self._forget(identity)
            raise StepVoid("The module restarted in the middle of this step: see to its power, then take it again.")
        if self._last_id is not None and taken.id != self._last_id + 1:
            self._forget(identity)
            raise StepVoid(
                "Another host takes bursts from this module (their numbers do not follow one another): "
                "end the other program, then take this step again."
            )
        self._last_id, self._uptime_ms = taken.id, identity.uptime_ms
        return self._module.fetch(taken, identity, frames)

    def close(self) -> None:
        """The operator puts back what was there before."""
        self._operator.close()

    def _forget(self, identity: Identity) -> None:
        """The next step counts anew."""
        self._last_id, self._uptime_ms = None, identity.uptime_ms

    def _temperature_c(self) -> float:
        return self.burst(frames=("dark",)).meta["temperature_cc"] / 100


def _board(identity: Identity) -> dict[str, Any]:
    try:
        return boards.board_file(identity.board)
    except KeyError as problem:
        raise NotDermis(f"These tools have no board file for this module: {problem.args[0]}.") from None
