"""What a calibration gives: measurements, causes, the record's fields, and what a report draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dermis.core import calibration as record_format

from dermis_host.calibration.limits import Measurement
from dermis_host.errors import CalibrationFailed


@dataclass(frozen=True)
class Cause:
    """Why a calibration failed: its name (`causes.NAMES`), one sentence that says what to do, and the names of the
    measurements that say so."""

    name: str
    sentence: str
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A named line of a plot: x and y of equal length."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Plot:
    """Lines over common axes; `step` is the step that measured them."""

    step: str
    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Picture:
    """Values over the frame (rows, columns), for a report to colour; unit says what they are."""

    step: str
    title: str
    unit: str
    values: np.ndarray = field(repr=False)


@dataclass
class Outcome:
    """measurements: by step, in the order taken (`measurements` for all). fields: what `core.calibration.encode`
    takes, complete when `passed`."""

    by_step: dict[str, list[Measurement]] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    plots: list[Plot] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    complete: bool = False  # every step of the plan was measured

    @property
    def measurements(self) -> list[Measurement]:
        return [measurement for those in self.by_step.values() for measurement in those]

    @property
    def failed(self) -> list[Measurement]:
        return [measurement for measurement in self.measurements if not measurement.passed]

    @property
    def passed(self) -> bool:
        return self.complete and not self.causes and not self.failed

    def record(self, key: bytes) -> bytes:
        """The record's bytes under the station's key. Raises CalibrationFailed, with the causes, unless passed."""
        if not self.passed:
            why = [cause.sentence for cause in self.causes] or [
                f"Outside limits: {', '.join(measurement.name for measurement in self.failed) or 'steps are missing'}."
            ]
            raise CalibrationFailed(f"{' '.join(why)} Nothing was written.")
        return record_format.encode(self.fields, key)
