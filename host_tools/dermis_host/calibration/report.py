"""The report of a calibration: report.json, and one HTML file that needs nothing beside it."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from dermis_host import files, pictures
from dermis_host.calibration import charts, words
from dermis_host.calibration.outcome import Outcome, Picture, Plot
from dermis_host.calibration.steps import Step
from dermis_host.calibration.targets import Fixture

FORMAT = 1
TEMPLATE = "report.html.j2"
PICTURE_PX = 240  # the width that a map is enlarged to, so that its cells have sharp edges
HASH_CHARACTERS = 16
SIMULATED_BOARD = "twin"


@dataclass(frozen=True)
class Run:
    """Who calibrated what, with what, when."""

    serial: str
    sensors: dict[str, str]
    firmware: str
    board: str
    fixture: Fixture
    overdue: bool
    operator: str
    tool: str
    began: datetime
    seconds: float
    resumed: tuple[str, ...]  # steps that an earlier run had finished

    @property
    def simulated(self) -> bool:
        """No light of this world made it."""
        return self.board == SIMULATED_BOARD


def summary(run: Run, outcome: Outcome, steps: tuple[Step, ...], record: bytes) -> dict[str, Any]:
    """For report.json and --json. Values that are no number are null."""
    return {
        "format": FORMAT,
        "passed": outcome.passed,
        "serial": run.serial,
        "sensors": run.sensors,
        "firmware": run.firmware,
        "board": run.board,
        "simulated": run.simulated,
        "fixture": {
            "id": run.fixture.id,
            "certified": run.fixture.certified.isoformat(),
            "due": run.fixture.due.isoformat(),
            "hash": run.fixture.hash,
            "overdue": run.overdue,
        },
        "operator": run.operator,
        "tool": run.tool,
        "began": run.began.strftime("%Y-%m-%dT%H:%M:%S"),
        "seconds": round(run.seconds, 1),
        "resumed": list(run.resumed),
        "hash": record_hash(record),
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "measurements": [words.plain_row(measurement) for measurement in outcome.by_step.get(step.name, [])],
            }
            for step in steps
        ],
        "causes": [
            {"name": cause.name, "sentence": cause.sentence, "because": list(cause.because)} for cause in outcome.causes
        ],
    }


def record_hash(record: bytes) -> str:
    """A record's name: hex of the first 8 bytes of its file's SHA-256; empty without one."""
    return hashlib.sha256(record).hexdigest()[:HASH_CHARACTERS] if record else ""


def write(folder: Path, run: Run, outcome: Outcome, steps: tuple[Step, ...], record: bytes, names: tuple[str, str]):
    """Both files, named (JSON, HTML); returns the summary. Raises HostError when one cannot be written."""
    told = summary(run, outcome, steps, record)
    plots = [_plot(plot) for plot in outcome.plots]
    text = json.dumps({**told, "plots": [_data(plot) for plot in outcome.plots]}, indent=1, allow_nan=False)
    with files.whole(folder / names[0]) as file:
        file.write(text.encode() + b"\n")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    measured = outcome.measurements
    context = {
        **told,
        "run": run,
        "complete": outcome.complete,
        "count": len(measured),
        "outside": [words.row(each) for each in measured if not each.passed],
        "close": [words.row(each) for each in measured if words.marginal(each)],
        "chapters": [
            {
                "step": step,
                "taken": step.name in outcome.by_step,
                "rows": [words.row(each) for each in outcome.by_step.get(step.name, [])],
                "plots": [plot for plot in plots if plot["step"] == step.name],
                "pictures": [_picture(each) for each in outcome.pictures if each.step == step.name],
                "resumed": step.name in run.resumed,
            }
            for step in steps
        ],
    }
    with files.whole(folder / names[1]) as file:
        file.write(environment.get_template(TEMPLATE).render(context).encode())
    return told


def _plot(plot: Plot) -> dict[str, Any]:
    return {"step": plot.step, "title": plot.title, "svg": charts.chart(plot), "legend": charts.legend(plot)}


def _data(plot: Plot) -> dict[str, Any]:
    return {
        "step": plot.step,
        "title": plot.title,
        "x": plot.x_label,
        "y": plot.y_label,
        "lines": [{"name": each.name, "x": _numbers(each.x), "y": _numbers(each.y)} for each in plot.lines],
    }


def _numbers(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _picture(picture: Picture) -> dict[str, Any]:
    """A map in the ramp's colours, upright, with the values of its ends."""
    values = np.asarray(picture.values, float)
    low, high = pictures.usual_range(values)
    coloured = pictures.ramp(values, low, high)
    factor = max(1, PICTURE_PX // values.shape[0])
    shown = pictures.upright(pictures.enlarge(coloured, factor))
    return {
        "title": picture.title,
        "unit": picture.unit,
        "uri": pictures.data_uri(shown),
        "width": shown.shape[1],
        "height": shown.shape[0],
        "low": "" if low is None else f"{low:.3g}",
        "high": "" if high is None else f"{high:.3g}",
    }
