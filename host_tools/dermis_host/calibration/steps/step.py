"""What a step of the calibration is, and what it took: bursts that can be kept and taken up again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_host import files, recording
from dermis_host.calibration.bench import Bench
from dermis_host.calibration.steps.state import State
from dermis_host.calibration.targets import Fixture
from dermis_host.errors import RecordingError, RequestFailed
from dermis_host.recording import Recording

FORMAT = 1
SUMMARY = "step.json"
REFUSED = "refused"  # the fact that says that the module refused a burst

Tell = Callable[[str], None]
Pick = Callable[[Sequence[str]], str]  # one of several targets, so that nobody knows beforehand


@dataclass
class StepData:
    """What a step took. bursts: key -> recording, in the order taken. facts: what else it must know again (JSON), such
    as which target was picked."""

    step: str
    bursts: dict[str, Recording] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """The module refused a burst, so that the step is not whole; it is not worth keeping."""
        return REFUSED in self.facts

    def save(self, folder: Path) -> None:
        """Into an empty or new folder; the summary comes last, so that a folder without one is not finished."""
        folder.mkdir(parents=True, exist_ok=True)
        for key, burst in self.bursts.items():
            burst.save(folder / f"{key}.npz")
        summary = {"format": FORMAT, "step": self.step, "bursts": list(self.bursts), "facts": self.facts}
        with files.whole(folder / SUMMARY) as file:
            file.write((json.dumps(summary, indent=1) + "\n").encode())


def load(folder: Path) -> StepData | None:
    """What `StepData.save` kept; None when the step was not finished there. Raises RecordingError when damaged."""
    where = folder / SUMMARY
    try:
        summary = json.loads(where.read_text())
        if summary["format"] != FORMAT:
            raise RecordingError(f"{where} is of another version: start over with --fresh.")
        bursts = {key: recording.load(folder / f"{key}.npz") for key in summary["bursts"]}
        return StepData(summary["step"], bursts, dict(summary["facts"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise RecordingError(f"{where} cannot be read: start over with --fresh.") from None


class Shoot:
    """Shows targets and takes bursts for one step; once the module has refused a burst, nothing more is taken."""

    def __init__(self, step: str, bench: Bench, fixture: Fixture, tell: Tell, pick: Pick):
        self.data = StepData(step)
        self.pick = pick
        self.fixture = fixture
        self.exposure_us = int(bench.board["exposure_us"])
        self._bench, self._tell = bench, tell
        self._target = ""

    def show(self, name: str) -> None:
        self._target = name
        if not self.data.refused:
            self._bench.show(self.fixture.targets[name])

    def heat(self, temperature_c: float) -> None:
        if not self.data.refused:
            self._tell(f"waiting for {temperature_c:g} degrees Celsius")
            self._bench.heat(temperature_c)

    def burst(self, key: str, frames: tuple[str, ...] = (), exposure_us: int = 0) -> None:
        if self.data.refused:
            return
        self._tell(f"{self._target}: {key}")
        try:
            self.data.bursts[key] = self._bench.burst(frames, exposure_us)
        except RequestFailed as refusal:
            self.data.facts[REFUSED] = {"name": refusal.name, "sentence": refusal.sentence, "target": self._target}


@dataclass(frozen=True)
class Step:
    """name: of folders and tables. title: for people. targets: names of what is shown, in order. why: one sentence.
    seconds: on a bench, an estimate: placing each target and taking its bursts.

    shoot: takes the bursts. judge: measurements, corrections and judgement from them; raises CannotMeasure.
    """

    name: str
    title: str
    targets: tuple[str, ...]
    why: str
    seconds: float
    shoot: Callable[[Shoot], StepData] = field(repr=False)
    judge: Callable[[State, StepData], None] = field(repr=False)

    def take(
        self, bench: Bench, fixture: Fixture, tell: Tell = lambda _: None, pick: Pick = secrets.choice
    ) -> StepData:
        """Shows the targets and takes the bursts."""
        return self.shoot(Shoot(self.name, bench, fixture, tell, pick))
