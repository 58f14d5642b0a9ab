"""What a step of the calibration is, and what it took: bursts that can be kept and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_host import files, recording
from dermis_host.calibration.bench import Bench
from dermis_host.calibration.targets import Fixture
from dermis_host.errors import RecordingError
from dermis_host.recording import Recording

FORMAT = 1
SUMMARY = "step.json"

Tell = Callable[[str], None]


@dataclass
class StepData:
    """What a step took. bursts: key -> recording, in the order taken. facts: what else it must know again (JSON), such
    as which target was picked."""

    step: str
    bursts: dict[str, Recording] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

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
    try:
        summary = json.loads((folder / SUMMARY).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise RecordingError(f"{folder / SUMMARY} cannot be read: start over with --fresh.") from None
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise RecordingError(f"{folder / SUMMARY} is of another version: start over with --fresh.")
    bursts = {key: recording.load(folder / f"{key}.npz") for key in summary["bursts"]}
    return StepData(summary["step"], bursts, summary["facts"])


@dataclass(frozen=True)
class Step:
    """name: of folders and tables. title: for people. targets: names of what is shown, in order. why: one sentence.
    seconds: on a bench, an estimate: placing each target and taking its bursts."""

    name: str
    title: str
    targets: tuple[str, ...]
    why: str
    seconds: float
    take: Callable[[Bench, Fixture, Tell], StepData] = field(repr=False)
