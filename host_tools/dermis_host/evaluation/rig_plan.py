"""What a plan presents on a rig: targets, how often, under which light, and in which order (docs/evaluation.md)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

from dermis_hw import species as species_table
from dermis_hw.species import CONCEALER, IMPOSTOR

from dermis_host import twin_access
from dermis_host.errors import UsageError
from dermis_host.evaluation.plan import NAME
from dermis_host.evaluation.source import plain

BONA_FIDE, ATTACK = "bona_fide", "attack"
KEYS = ("repeats", "block", "target")
TARGET_KEYS = ("show", "name", "kind", "species", "subject", "tone", "condition", "purpose", "light", "repeats")
SCENE_SUFFIX = ".toml"
MOST_REPEATS = 100_000
MOST_KLUX = 200.0  # a clear sky at noon gives 130


@dataclass(frozen=True)
class Target:
    """What stands before the module, and the truth about it, which is what the operator put there.

    show: what the rig is asked to show, a name or a file. kind: `BONA_FIDE` or `ATTACK`, "" where the scene itself is
    to say it (a twin's). lights: klux, each for every repeat; none: the light is left as it is.
    """

    name: str
    show: str | Path
    kind: str = ""
    species: str = ""
    subject: str = ""
    tone: str = ""
    condition: str = ""
    purpose: str = IMPOSTOR
    lights: tuple[float, ...] = ()
    repeats: int = 1


class Attempt(Protocol):
    """One presentation that is wanted. klux: of the light, None where it is left as it is. target_name: of what stands
    there for it; attempts at one name need no other target. shown_name: what a rig must have to show it, None for a
    file. species: "" of a bona fide one. condition: the target's, and the light where it is set."""

    @property
    def name(self) -> str: ...

    @property
    def klux(self) -> float | None: ...

    @property
    def target_name(self) -> str: ...

    @property
    def shown_name(self) -> str | None: ...

    @property
    def species(self) -> str: ...

    @property
    def target(self) -> Target: ...

    @property
    def condition(self) -> str: ...


@dataclass(frozen=True)
class PlannedAttempt:
    """An `Attempt` at a target of a plan's [rig]."""

    name: str
    target: Target
    klux: float | None = None

    @property
    def target_name(self) -> str:
        return self.target.name

    @property
    def shown_name(self) -> str | None:
        return self.target.show if isinstance(self.target.show, str) else None

    @property
    def species(self) -> str:
        return self.target.species

    @property
    def condition(self) -> str:
        light = "" if self.klux is None else f"{self.klux:g} klux"
        return ", ".join(part for part in (self.target.condition, light) if part)


@dataclass(frozen=True)
class RigPlan:
    """block: attempts at one target in a row, before a target changer moves; 0: all of them."""

    targets: tuple[Target, ...]
    block: int = 0


def parse(table: dict[str, Any], path: Path) -> RigPlan:
    """A plan's [rig]. path: of the plan, from whose folder files count. Raises UsageError, one sentence."""
    return _Parser(table, path).plan()


def with_truths(plan: RigPlan, virtual: bool, name: str) -> RigPlan:
    """The plan with a kind at each target: a twin's scene says itself what it is, a board's target as the plan has it.

    name: of the plan's file. Raises UsageError where nobody says it, or scene and plan do not agree.
    """
    return replace(plan, targets=tuple(_with_truth(target, virtual, name) for target in plan.targets))


def _with_truth(target: Target, virtual: bool, name: str) -> Target:
    scene = _scene(target) if virtual else None
    if scene is None:
        if not target.kind:
            raise UsageError(
                f'{name}: what the target {target.name} is only who put it there knows: add kind = "{BONA_FIDE}", or '
                'species = "..." for an attack.'
            )
        return target
    if scene.kind not in (BONA_FIDE, ATTACK):
        raise UsageError(f"{name}: the scene {target.name} is neither bona fide nor an attack: leave it out.")
    if target.kind and (target.kind, target.species) != (scene.kind, scene.species):
        raise UsageError(
            f"{name}: the plan says that {target.name} is {target.species or target.kind}, and its scene says "
            f"{scene.species or scene.kind}: leave kind and species out for a twin."
        )
    purpose = target.purpose if target.kind else _aim(scene.species)
    return replace(target, kind=scene.kind, species=scene.species, purpose=purpose)


def _scene(target: Target) -> Any:
    """What a twin shows for it; None where that is no scene. Raises HostError for a scene that cannot be used."""
    scenes = twin_access.simulation("dermis_hw.scenes")
    if isinstance(target.show, str) and target.show not in scenes.shipped():
        return None
    with twin_access.twin_errors():
        return scenes.load(twin_access.scene_file(str(target.show)))


def _aim(species: str) -> str:
    known = species_table.all_species()
    return known[species].aim if species in known else IMPOSTOR


def in_order(plan: RigPlan, seed: int) -> list[PlannedAttempt]:
    """All attempts: blocks of one target, drawn anew for each round, so that neither a warm module nor a tired operator
    falls on one target alone, while a target changer moves once a block. In a block, lights change as seldom as they
    can. The same plan and seed give the same order."""
    rng = Random(seed)
    rounds: dict[int, list[list[PlannedAttempt]]] = {}
    for target in plan.targets:
        whole = [(klux, number) for number in range(target.repeats) for klux in target.lights or (None,)]
        size = plan.block or len(whole)
        for turn, first in enumerate(range(0, len(whole), size)):
            block = sorted(whole[first : first + size], key=lambda each: (each[0] is not None, each[0] or 0.0, each[1]))
            made = [PlannedAttempt(_name(target, klux, number), target, klux) for klux, number in block]
            rounds.setdefault(turn, []).append(made)
    found: list[PlannedAttempt] = []
    for turn in sorted(rounds):
        blocks = rounds[turn]
        rng.shuffle(blocks)
        found += [attempt for block in blocks for attempt in block]
    return found


def _name(target: Target, klux: float | None, number: int) -> str:
    light = "" if klux is None else f"-{klux:g}klux"
    return f"{target.name}{light}-{number + 1}"


@dataclass
class _Parser:
    table: dict[str, Any]
    path: Path
    _names: set[str] = field(default_factory=set)

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"{self.path.name}: {what}")

    def plan(self) -> RigPlan:
        self._known(self.table, KEYS, "[rig]")
        listed = self.table.get("target", [])
        if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
            raise self._wrong('[rig] needs what it is to show: one [[rig.target]] each, with show = "...".')
        repeats = self._whole(self.table.get("repeats", 1), "[rig] repeats", 1)
        targets = tuple(self._target(each, repeats) for each in listed)
        if len({bool(target.lights) for target in targets}) > 1:
            raise self._wrong("some targets name a light, and the others would get what those left: name one for all.")
        plan = RigPlan(targets, self._whole(self.table.get("block", 0), "[rig] block", 0))
        names = [plain(attempt.name) for attempt in in_order(plan, 0)]
        if len(set(names)) < len(names):
            raise self._wrong("the names of two targets are too much alike for files: give one another name.")
        return plan

    def _known(self, table: dict[str, Any], keys: Sequence[str], where: str) -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(keys)}."
                raise self._wrong(f"{where} takes no '{key}'; {hint}")

    def _whole(self, value: Any, what: str, least: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_REPEATS:
            raise self._wrong(f"{what} must be a whole number from {least} to {MOST_REPEATS}, not {value!r}.")
        return value

    def _text(self, table: dict[str, Any], key: str, where: str) -> str:
        value = table.get(key, "")
        if value != "" and not (isinstance(value, str) and NAME.fullmatch(value)):
            raise self._wrong(f"{key} of {where} must be a text of letters, digits, spaces and .,()+-_, in quotes.")
        return value

    def _target(self, table: dict[str, Any], repeats: int) -> Target:
        show, name = self._shown(table)
        where = f"the target {name}"
        self._known(table, TARGET_KEYS, where)
        if name in self._names:
            raise self._wrong(f'two targets have the name {name}: give one of them another with name = "...".')
        self._names.add(name)
        kind, species = self._text(table, "kind", where), self._text(table, "species", where)
        if kind not in ("", BONA_FIDE, ATTACK):
            raise self._wrong(f"kind of {where} must be {BONA_FIDE} or {ATTACK}.")
        if kind == BONA_FIDE and species:
            raise self._wrong(f"{where} is bona fide and names a species: leave one of them out.")
        if kind == ATTACK and not species:
            raise self._wrong(f'{where} is an attack and names no species: add species = "...".')
        return Target(
            name=name,
            show=show,
            kind=ATTACK if species else kind,
            species=species,
            subject=self._text(table, "subject", where) or name,
            tone=self._tone(table.get("tone"), where),
            condition=self._text(table, "condition", where),
            purpose=self._purpose(table.get("purpose"), species, where),
            lights=self._lights(table.get("light"), where),
            repeats=self._whole(table.get("repeats", repeats), f"repeats of {where}", 1),
        )

    def _shown(self, table: dict[str, Any]) -> tuple[str | Path, str]:
        """What to show, and its name."""
        value = table.get("show")
        if not isinstance(value, str) or not value:
            raise self._wrong('each [[rig.target]] needs show = "...", one of what the rig has (`dermis rig`).')
        if not value.endswith(SCENE_SUFFIX):
            return value, self._text({"name": table.get("name", value)}, "name", f"the target {value!r}")
        place = (self.path.parent / value).resolve()
        if not place.is_file():
            raise self._wrong(f"there is no scene file {value} beside the plan.")
        return place, self._text({"name": table.get("name", place.stem)}, "name", f"the target {value!r}")

    def _tone(self, value: Any, where: str) -> str:
        if value is None:
            return ""
        if isinstance(value, str) and NAME.fullmatch(value):
            return value
        if isinstance(value, str) or not _number(value) or not 0 <= value <= 1:
            raise self._wrong(f"tone of {where} must be a reflectance from 0 to 1 (R700), or a word in quotes.")
        return f"{value:.3f}"

    def _purpose(self, value: Any, species: str, where: str) -> str:
        if value is None:
            return _aim(species)
        if value not in (IMPOSTOR, CONCEALER):
            raise self._wrong(f"purpose of {where} must be {IMPOSTOR} or {CONCEALER}.")
        return value

    def _lights(self, value: Any, where: str) -> tuple[float, ...]:
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        good = bool(listed) and all(_number(each) and 0 <= each <= MOST_KLUX for each in listed)
        if not good or len(set(listed)) < len(listed):
            raise self._wrong(f"light of {where} must be klux from 0 (dark) to {MOST_KLUX:g}, each once: [0, 0.5].")
        return tuple(float(each) for each in listed)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
