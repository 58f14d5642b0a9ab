"""A simulation plan's presentations as scene files that a twin shows, as its own module before its own renderer.

The scenes are those that `dermis evaluate` draws without a rig. What else the test generator varies (modules,
materials, what strayed since a calibration) is the twin's own: one module, as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from dermis_hw import species as species_table

from dermis_host import files
from dermis_host.errors import HostError
from dermis_host.evaluation.plan import Plan
from dermis_host.evaluation.rig_plan import ATTACK, BONA_FIDE, Target
from dermis_host.evaluation.simulated import drawn_species
from dermis_host.evaluation.source import plain
from dermis_host.twin_access import require_simulation, twin_errors

TARGETS_HELD = 64  # that are asked for again while they stand there


@dataclass(frozen=True)
class DrawnAttempt:
    """An `Attempt` that is drawn when it is shown. make: draws it, the same each time."""

    name: str
    make: Callable[[], Target]
    species: str
    klux: float | None = None
    shown_name: str | None = None

    @property
    def target_name(self) -> str:
        return self.name

    @property
    def target(self) -> Target:
        return self.make()

    @property
    def condition(self) -> str:
        return self.target.condition


def attempts(plan: Plan, folder: Path) -> tuple[list[DrawnAttempt], dict[str, Any]]:
    """(attempts, what draws them, for the run's record). folder: for the scene files.

    Raises UsageError for a plan that cannot be drawn, HostError without the extra [sim].
    """
    require_simulation()
    from dermis_evaluation import frozen
    from dermis_models import plan as generation
    from dermis_models import simulation

    values = {**plan.source_table, "format": generation.FORMAT, "name": plan.name, "split": "test", "seed": plan.seed}
    wanted = generation.parse(values, f"[simulation] of {plan.name}")
    generator = frozen.TEST

    @lru_cache(maxsize=1)
    def drawn(group: simulation.Group) -> list[Any]:
        return simulation.drawn(wanted, generator, group)[0]

    @lru_cache(maxsize=TARGETS_HELD)
    def target(group: simulation.Group, variant: int) -> Target:
        with twin_errors():
            presentation = drawn(group)[variant]
        name = f"{group.subject}-{variant}"
        species = "" if presentation.bona_fide else presentation.species
        known = species_table.all_species()
        return Target(
            name=name,
            show=write(presentation.values, folder / f"{plain(name)}.toml"),
            kind=ATTACK if species else BONA_FIDE,
            species=species,
            subject=str(group.subject),
            tone="" if np.isnan(presentation.tone) else f"{presentation.tone:.3f}",
            condition=presentation.condition,
            purpose=known[species].aim if species in known else species_table.IMPOSTOR,
        )

    def one(group: simulation.Group, variant: int) -> DrawnAttempt:
        (species,) = drawn_species([group.species])
        return DrawnAttempt(f"{group.subject}-{variant}", lambda: target(group, variant), species)

    listed = [one(group, variant) for group in simulation.groups(wanted) for variant in range(group.variants)]
    made_by = {"scenes": f"drawn as by {generator.name}, shown by the twin", "generator_digest": frozen.digest()}
    return listed, made_by


def write(values: dict[str, Any], path: Path) -> Path:
    """A scene's values as its file. Raises HostError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise HostError(f"{path.parent} cannot be made: {problem.strerror or problem}.") from None
    with files.whole(path) as file:
        file.write("".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in values.items()).encode())
    return path.resolve()


def _toml(value: Any) -> str:
    """Texts, numbers, lists and tables as inline TOML; JSON's texts are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, bool | str | int):
        return json.dumps(value)
    return repr(float(value))
