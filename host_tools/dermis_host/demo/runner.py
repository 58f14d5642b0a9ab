"""The demo's course: fresh twin, calibration, every scene, verdicts against what each scene's file expects."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_hw.module_instance import draw

from dermis_host import evidence, twin_access
from dermis_host.answers import Identity, Verdict
from dermis_host.calibration import at_once, targets, words
from dermis_host.calibration.operators import TwinOperator
from dermis_host.calibration.outcome import Outcome
from dermis_host.demo import report
from dermis_host.errors import UsageError
from dermis_host.module import Module
from dermis_host.recording import Recording
from dermis_host.verdicts import explained

SHOWN_FRAMES = tuple(report.FRAME_TITLES)
FIRST_SCENE = f"target_{targets.CAP}"


@dataclass
class SceneResult:
    """One scene: what its file says and what the module said."""

    name: str
    title: str
    kind: str
    species: str
    note: str
    expected: str
    expected_reasons: list[str]
    verdict: Verdict
    ok: bool  # the module said what the file expects
    figures: list[dict[str, str]] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """For results.json. What binds a verdict to its moment is left out: it is another at each run."""
        verdict = dataclasses.asdict(self.verdict)
        del verdict["bound"]
        return {
            "scene": self.name,
            "kind": self.kind,
            "species": self.species,
            "expected": self.expected,
            "expected_reasons": self.expected_reasons,
            "ok": self.ok,
            **verdict,
        }


@dataclass
class DemoResult:
    """All of it."""

    seed: int
    identity: Identity
    outcome: Outcome
    calibration_hash: str
    scenes: list[SceneResult]
    seconds: float

    @property
    def passed(self) -> int:
        return sum(scene.ok for scene in self.scenes)

    def summary(self) -> dict[str, Any]:
        """For results.json and --json."""
        return {
            "seed": self.seed,
            "ok": self.passed == len(self.scenes),
            "passed": self.passed,
            "identity": dataclasses.asdict(self.identity),
            "calibration": {
                "hash": self.calibration_hash,
                "measurements": [words.plain_row(measurement) for measurement in self.outcome.measurements],
            },
            "scenes": [scene.row() for scene in self.scenes],
            "seconds": round(self.seconds, 1),
        }


def scene_names(chosen: str | None) -> list[str]:
    """The built-in scenes that say what they expect, or those chosen (comma-separated).

    Raises UsageError for a name that is not one.
    """
    scenes = twin_access.simulation("dermis_hw.scenes")
    names = [name for name in scenes.builtins() if scenes.load(scenes.builtin(name)).expect is not None]
    if chosen is None:
        return names
    wanted = [name.strip() for name in chosen.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        raise UsageError(f"There is no scene {', '.join(unknown) or 'named'}; there are: {', '.join(names)}.")
    return wanted


def run(
    names: Sequence[str],
    seed: int,
    *,
    told: Callable[[str], None],
    on_log: Callable[[str], None],
    twin_log: Callable[[str], None],
    advance: Callable[[SceneResult | None], None],
    pictured: bool = True,
) -> DemoResult:
    """Runs it all; without `pictured` no frame is fetched and no picture drawn.

    `told` hears what is being done, `on_log` and `twin_log` the
    module's and the twin's lines, `advance` each scene's result (None: calibrated).

    The twin and everything it started end with this function, however it ends.
    """
    twin_module = twin_access.simulation("dermis_hw.twin")
    scenes = twin_access.simulation("dermis_hw.scenes")
    started = time.monotonic()
    results: list[SceneResult] = []
    drawn: list[Future[list[dict[str, str]]]] = []
    draughtsman = ThreadPoolExecutor(max_workers=1)  # draws while the twin renders the next scene
    try:
        with (
            tempfile.TemporaryDirectory(prefix="dermis-demo-") as state,
            twin_access.twin_errors(),
            twin_module.Twin(
                state, scenes.builtin(FIRST_SCENE), module=draw(seed), virtual_time=True, seed=seed, log=twin_log
            ) as twin,
        ):
            told("starting the module")
            with Module(twin.url, on_log=on_log) as module:
                outcome, calibration_hash = at_once.calibrate(
                    module, TwinOperator(twin.set_scene), name="demo", told=lambda step: told(f"calibrating: {step}")
                )
                advance(None)
                for name in names:
                    told(name)
                    path = scenes.builtin(name)
                    twin.set_scene(path)
                    results.append(_result(name, scenes.load(path), module.verify()))
                    if pictured:
                        drawn.append(draughtsman.submit(_figures, module.capture(frames=SHOWN_FRAMES), outcome))
                    advance(results[-1])
                identity = module.identity()
        told("drawing")
        for result, figures in zip(results, drawn, strict=False):
            result.figures = figures.result()
    finally:
        draughtsman.shutdown(cancel_futures=True)
    return DemoResult(seed, identity, outcome, calibration_hash, results, time.monotonic() - started)


def _result(name: str, scene: Any, verdict: Verdict) -> SceneResult:
    return SceneResult(
        name=name,
        title=scene.name,
        kind=scene.kind,
        species=scene.species,
        note=scene.note,
        expected=scene.expect.verdict,
        expected_reasons=list(scene.expect.reasons),
        verdict=verdict,
        ok=scene.expect.met_by(verdict.verdict, verdict.reasons),
    )


def _figures(recording: Recording, outcome: Outcome) -> list[dict[str, str]]:
    return report.figures(recording, report.relief(recording, outcome))


def write_report(result: DemoResult, path: Path) -> None:
    """report.html."""
    context = {
        "seed": result.seed,
        "passed": result.passed,
        "identity": dataclasses.asdict(result.identity),
        "calibration_hash": result.calibration_hash,
        "created": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "seconds": result.seconds,
        "measurements": [words.row(measurement) for measurement in result.outcome.measurements],
        "scenes": [
            {
                **scene.row(),
                "name": scene.name,
                "title": scene.title,
                "note": scene.note,
                "figures": scene.figures,
                "explained": [(reason, explained(reason)) for reason in scene.verdict.reasons],
                "highlights": evidence.highlights(scene.verdict.evidence),
                "evidence_rows": evidence.readable(scene.verdict.evidence),
            }
            for scene in result.scenes
        ],
    }
    report.write(path, context)
