"""A plan cut into shards, and one shard made: draw, trace, compose, take, and for features the device's own code.

A shard depends on plan, generator and its number alone, so it does not matter who makes it, when, or how often.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from dermis_host.errors import CalibrationFailed, HostError
from dermis_host.recording import Recording
from dermis_host.replaying import replay
from dermis_hw import render, scenes
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance

from dermis_models import bursts, drawing, modules, presentations, sources, splits
from dermis_models.dataset import Row, pack
from dermis_models.generator import Generator
from dermis_models.plan import Plan
from dermis_models.presentations import Presentation

FEATURES, RECORDINGS = "features", "recordings"
# Geometries of a shard: some seconds of work, so that little is lost with a process, and a bar moves.
GEOMETRIES = {FEATURES: 12, RECORDINGS: 2}
CHANCE = (
    0xE0  # keeps the random numbers of a geometry apart from others that begin with its subject and the plan's seed
)


@dataclass(frozen=True)
class Group:
    """`variants` presentations of one species on one geometry: that of `subject`."""

    species: str
    subject: int
    variants: int


class Judge(Protocol):
    """Says of recordings what the device's code makes of them, and of a presentation whether it wants more bursts."""

    def results(self, bursts: Sequence[Recording]) -> list[dict[str, Any]]:
        """One result a burst, in their order, as JSON holds it. Raises HostError when the device's code fails."""
        ...

    def enough(self, results: Sequence[dict[str, Any]]) -> bool:
        """Whether a module would take no more bursts of a presentation after these of it, in the order taken."""
        ...


FIRST_BURSTS = 3  # that are taken of every presentation that is judged, so that other thresholds find bursts, too


@dataclass(frozen=True)
class Job:
    """What is to be made; small, and handed to whoever makes a shard.

    kind: `FEATURES` or `RECORDINGS`. sources: `sources.digest()` of who asks. judge: takes no more bursts of a
    presentation than it wants (`FIRST_BURSTS` at least, the plan's at most), and recordings come with its results.
    """

    plan: Plan
    generator: Generator
    kind: str
    sources: str = field(default_factory=sources.digest)
    judge: Judge | None = None

    def description(self) -> dict[str, Any]:
        """All but the judge as JSON would hold it; two jobs that differ in it make different files."""
        described = asdict(replace(self, judge=None))
        described.pop("judge")
        return json.loads(json.dumps({"format": 1, **described}))


@lru_cache(maxsize=1)  # whoever makes shards of a plan of millions would else draw them all for each shard
def groups(plan: Plan) -> tuple[Group, ...]:
    """All geometries of a plan, species mixed, the same for the same plan."""
    found = []
    taken: set[int] = set()
    for species, count in plan.species.items():
        for number in range(-(-count // plan.each)):
            subject = splits.subject(plan.split, plan.seed, species, number)
            while subject in taken:  # of any two, with a chance of one in 2^28
                subject = splits.next_to(subject)
            taken.add(subject)
            variants = min(plan.each, count - number * plan.each)
            place = hashlib.sha256(f"{plan.seed}/{species}/{number}".encode()).digest()
            found.append((place, Group(species, subject, variants)))
    return tuple(group for _, group in sorted(found, key=lambda each: each[0]))


def shard(job: Job, number: int) -> tuple[Group, ...]:
    """The geometries of one shard."""
    size = GEOMETRIES[job.kind]
    return groups(job.plan)[number * size : (number + 1) * size]


def shards(job: Job) -> list[tuple[Group, ...]]:
    """The plan's geometries, cut into shards."""
    return [shard(job, number) for number in range(-(-len(groups(job.plan)) // GEOMETRIES[job.kind]))]


def name_of(job: Job, number: int) -> str:
    """The file whose presence says that a shard is whole."""
    return f"shard-{number:06d}.{'npz' if job.kind == FEATURES else 'json'}"


def make(job: Job, number: int, folder: Path) -> dict[str, bytes]:
    """File name -> content of one shard, `name_of` last. folder: keeps modules' calibrations, shared by processes.

    Raises HostError with one sentence.
    """
    if job.sources != sources.digest():
        raise HostError(
            "A worker runs other sources than this computer: install the same state of Dermis, "
            "and of its requirements.txt, on both."
        )
    standing = [each for group in shard(job, number) for each in _standing(job, group, folder)]
    if job.kind == FEATURES:
        taken = [(burst, each.row) for each in standing for burst in each.bursts(job.plan.bursts)]
        results = replay([recording for recording, _ in taken], None, features_only=True)
        for (_, row), result in zip(taken, results, strict=True):
            # A presentation that is no face is a result, a burst that cannot be read is none.
            if "error" in result:
                raise HostError(
                    f"The device's code cannot read a burst of {row.species}, subject {row.subject} before module "
                    f"{row.module} ({result['error']}): report it with the plan."
                )
        return {name_of(job, number): pack([row for _, row in taken], results)}
    files: dict[str, bytes] = {}
    index = []
    for recording, result in _judged(standing, job):
        name = f"recording-{number:06d}-{len(index):03d}.npz"
        files[name] = _bytes_of(recording)
        index.append({"file": name, "truth": recording.truth, **({} if result is None else {"result": result})})
    files[name_of(job, number)] = (json.dumps({"recordings": index}, sort_keys=True) + "\n").encode()
    return files


def _judged(standing: Sequence[Standing], job: Job) -> list[tuple[Recording, dict[str, Any] | None]]:
    """All bursts, one presentation after the other, each with what the job's judge made of it; None without one."""
    most, judge = job.plan.bursts, job.judge
    if judge is None:
        return [(burst, None) for each in standing for burst in each.bursts(most)]
    first = min(FIRST_BURSTS, most)
    begun = [each.bursts(first) for each in standing]
    results = _results(judge, begun)
    more = [
        each.bursts(most)[first:] if first < most and not judge.enough(result) else []
        for each, result in zip(standing, results, strict=True)
    ]
    found = []
    for parts in zip(begun, results, more, _results(judge, more), strict=True):
        early, early_results, late, late_results = parts
        found += zip([*early, *late], [*early_results, *late_results], strict=True)
    return found


def _results(judge: Judge, bursts: Sequence[Sequence[Recording]]) -> list[list[dict[str, Any]]]:
    """The judge's results, in the same lists as the bursts."""
    every = [burst for each in bursts for burst in each]
    results = iter(judge.results(every) if every else ())
    return [[next(results) for _ in each] for each in bursts]


def _bytes_of(recording: Recording) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dermis-recording-") as folder:
        path = Path(folder) / "recording.npz"
        recording.save(path)
        return path.read_bytes()


@dataclass
class Standing:
    """One presentation as it stands before its module; bursts are taken of it as they are asked for.

    taken: the first of them at least. seed: what chance begins with, for the `number`-th burst with that behind it.
    """

    light_field: LightField
    straying: bursts.Straying
    record: bytes
    row: Row
    truth: dict[str, Any]
    module: dict[str, Any]
    seed: tuple[int, ...]
    taken: list[Recording] = field(default_factory=list)

    def take(self, rng: np.random.Generator) -> None:
        """Takes one burst more."""
        number = len(self.taken)
        recording = bursts.take(self.light_field, self.straying, rng, self.record, number)
        recording.truth, recording.module = {**self.truth, "burst": number}, self.module
        self.taken.append(recording)

    def bursts(self, count: int) -> list[Recording]:
        """The first `count`, the same whether they are asked for at once or by and by."""
        while len(self.taken) < count:
            self.take(np.random.default_rng([*self.seed, len(self.taken)]))
        return self.taken[:count]


def presented(job: Job, group: Group, folder: Path) -> list[tuple[Recording, Row]]:
    """The bursts of one geometry, and what a feature shard says of them beside the features."""
    standing = _standing(job, group, folder)
    return [(burst, each.row) for each in standing for burst in each.bursts(job.plan.bursts)]


def drawn(plan: Plan, generator: Generator, group: Group) -> tuple[list[Presentation], np.random.Generator]:
    """(variants of one geometry, as plan and generator want them; the chance with which each of them goes on)."""
    rng = np.random.default_rng([group.subject, plan.seed, CHANCE])
    shown = [
        drawing.adapted(each, rng, tones=plan.tones, temperature_c=plan.temperature_c)
        for each in presentations.draw(group.species, group.subject, group.variants, generator.half)
    ]
    common = drawing.surroundings(shown[0], rng, plan.pose, plan.light or dict(generator.light))
    for each in shown:
        each.values.update(common)
    return shown, rng


def _standing(job: Job, group: Group, folder: Path) -> list[Standing]:
    """The presentations of one geometry, their first bursts taken: these share one chance with what is drawn."""
    plan, generator = job.plan, job.generator
    shown, rng = drawn(plan, generator, group)
    parsed = [drawing.scene_of(each) for each in shown]
    meshes, _ = scenes.place(parsed[0])
    geometry = render.Geometry(meshes, ambient=parsed[0].ambient, surface=generator.surface(rng))
    rougher = float(rng.uniform(*generator.roughness))
    found = []
    for variant, (presentation, scene) in enumerate(zip(shown, parsed, strict=True)):
        number = int(rng.integers(plan.modules))
        module, record, module_seed = calibrated(plan.split, number, folder)
        module = bursts.aged(module, generator, rng)
        materials = drawing.varied(scenes.paint(scene, meshes), generator, rng, rougher)
        seed = int(rng.integers(1 << 31))
        light_field = geometry.compose(materials, module, temperature_c=scene.temperature_c, seed=seed)
        light_field = render.answered(light_field, scene.lamp)
        standing = Standing(
            light_field,
            bursts.stray(module, generator, rng, scene.ambient.lamp, scene.pose.velocity_mm_s),
            record,
            _row(presentation, group, scene, module_seed),
            _truth(plan, presentation, group, scene, variant, module_seed),
            {"serial": module.serial, "board": "twin", "simulated": True},
            (group.subject, plan.seed, CHANCE, variant),
        )
        standing.take(rng)
        found.append(standing)
    return found


def _truth(
    plan: Plan,
    presentation: Presentation,
    group: Group,
    scene: scenes.Scene,
    variant: int,
    module_seed: int,
) -> dict[str, Any]:
    bona_fide = presentation.bona_fide
    return {
        "kind": "bona_fide" if bona_fide else "attack",
        "species": "" if bona_fide else presentation.species,
        "scene": scene.name,
        "presentation": f"{group.subject}-{variant}",
        "subject": group.subject,
        "module": module_seed,
        "tone": None if np.isnan(presentation.tone) else round(presentation.tone, 3),
        "condition": presentation.condition,
        "details": presentation.details,
        "distance_mm": round(scene.pose.distance_mm, 1),
        "lamp": scene.ambient.lamp,
        "klux": round(scene.ambient.klux, 3),
        "temperature_c": round(scene.temperature_c, 1),
        "split": plan.split,
        "plan": f"{plan.name} {plan.digest()}",
    }


def _row(presentation: Presentation, group: Group, scene: scenes.Scene, module_seed: int) -> Row:
    return Row(
        bona_fide=presentation.bona_fide,
        species=presentation.species,
        subject=group.subject,
        module=module_seed,
        tone=presentation.tone,
        condition=presentation.condition,
        distance_mm=scene.pose.distance_mm,
        temperature_c=scene.temperature_c,
    )


@lru_cache(maxsize=512)
def calibrated(split: str, number: int, folder: Path) -> tuple[ModuleInstance, bytes, int]:
    """(module, calibration record, seed) of the split's `number`-th module: the first of its seeds that passes the
    bench, as a line throws out what does not. Raises HostError if none does."""
    for replacement in range(splits.REPLACEMENTS):
        seed = splits.module(split, number, replacement)
        try:
            return *modules.calibrate(seed, folder), seed
        except CalibrationFailed:
            continue
    raise HostError(
        f"None of {splits.REPLACEMENTS} modules from seed {splits.module(split, number)} on passes its calibration: "
        "the tolerances of the drawn modules are wider than the bench takes."
    )
