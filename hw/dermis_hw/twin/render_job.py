"""What passes between the twin and its rendering process."""

from __future__ import annotations

from dataclasses import dataclass

from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance

# A moving presentation goes and comes back in this time, rendered at these steps.
MOTION_SPAN_S = 1.0
MOTION_STEP_S = 0.1


@dataclass(frozen=True)
class Job:
    number: int
    path: str
    module: ModuleInstance
    seed: int
    temperature_c: float | None = None  # of the module; None: the scene's
    klux: float = 0.0  # of a lamp like the sun, beside the scene's own light


@dataclass(frozen=True)
class Result:
    """`fields`: one a step of `MOTION_STEP_S`, a single one when nothing moves. `error`: one sentence, or None.

    Number 0 says that the process is gone.
    """

    number: int
    fields: tuple[LightField, ...] = ()
    error: str | None = None
