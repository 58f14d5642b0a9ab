"""What the steps of one calibration know of the module so far: each step's judge adds to it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host import depth_map
from dermis_host.calibration import maths, planes, spectra
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.outcome import Cause, Outcome
from dermis_host.calibration.targets import Fixture, Target
from dermis_host.recording import Recording

# The search of plane disparities, px: 300 mm lies at +14.7 px, 650 mm at -9; what is far off must be seen to be.
PLANE_SEARCH = depth_map.Search(min_disparity=-24, max_disparity=24, curve="none")
# Cells nearer to the edge than search and window reach can have no answer; they do not count.
EDGE_U_PX, EDGE_V_PX = 48, 16
CENTRE = (slice(80, 160), slice(110, 210))  # rows, columns of the frame's middle, where lens and LEDs are even


class CannotMeasure(Exception):
    """A step whose bursts cannot be what they should be; `cause` says why. What needs it cannot be measured either."""

    def __init__(self, cause: Cause):
        super().__init__(cause.sentence)
        self.cause = cause


@dataclass(frozen=True)
class Subject:
    """The module that a record is made for, as it names itself."""

    serial: str
    sensors: dict[str, str]
    board: dict[str, Any]


@dataclass
class State:
    """Filled step by step. table: uint16 (256,). flat: band -> uint16 nodes of a white of factor 1. whites: the
    recordings of the white target that corrections are made from; white_check: one more, kept out of them. reference:
    uint8 (240, 320). peaks_nm by LED at `temperature_c`. readings: target -> LED -> reflectance factor by the white.
    looks: planes of dots by target."""

    fixture: Fixture
    subject: Subject
    outcome: Outcome
    step: str = ""
    black: int = 0
    gamma: float = 0.0
    table: np.ndarray = field(default_factory=lambda: np.zeros(maths.CODES, np.uint16))
    dark_level: float = 0.0
    temperature_c: float = spectra.ROOM_C
    exposure_us: int = 0
    whites: list[Recording] = field(default_factory=list)
    white_check: Recording | None = None
    monitor: dict[str, int] = field(default_factory=dict)
    flat: dict[str, np.ndarray] = field(default_factory=dict)
    reference: np.ndarray | None = None
    swir_dark: list[float] = field(default_factory=list)
    swir_white: list[float] = field(default_factory=list)
    swir_noise: float = DM1.swir_noise_counts
    peaks_nm: dict[str, float] = field(default_factory=dict)
    skin: spectra.Skin | None = None
    triangle: planes.Triangle | None = None
    yaw: float = 0.0
    pitch: float = 0.0
    looks: dict[str, planes.Look] = field(default_factory=dict)
    readings: dict[str, dict[str, float]] = field(default_factory=dict)
    curves: dict[str, Any] = field(default_factory=dict)
    temperatures_c: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[int, int]:
        first, end = self.subject.board["monitor_columns"]
        return first, end

    @property
    def has_swir(self) -> bool:
        return bool(self.subject.board["swir"])

    def add(self, kind: str, value: float, of: str = "", before: float | None = None) -> Measurement:
        """Notes a measurement of this step."""
        measurement = Measurement(kind, float(value), of, before)
        self.outcome.by_step.setdefault(self.step, []).append(measurement)
        return measurement

    def target(self, name: str) -> Target:
        return self.fixture.targets[name]

    def ambient(self, recording: Recording, of: str) -> None:
        """Light of the room in a burst's dark frame."""
        dark = self.table[recording.frames[vocabulary.DARK]][:, self.columns[1] :].astype(float).mean()
        self.add("ambient", 100 * (dark - self.dark_level) / maths.FULL_SCALE, of)

    def plane(self, name: str, recording: Recording) -> planes.Look:
        """The dots of a target as a plane against the reference. Raises ValueError when there are none."""
        board = self.subject.board
        if self.reference is None:
            raise ValueError("there is no reference yet")
        geometry = depth_map.Geometry(
            board["focal_px_q8"] / 256, board["baseline_um"] / 1000, self.target(name).distance_mm
        )
        dots = maths.dot_pattern([recording.frames], self.table)
        found = depth_map.measure(self.reference, dots, geometry, PLANE_SEARCH)
        inside = (
            (found.u_px >= EDGE_U_PX)
            & (found.u_px < DM1.width - EDGE_U_PX)
            & (found.v_px >= EDGE_V_PX)
            & (found.v_px < DM1.height - EDGE_V_PX)
        )
        values = np.where(found.valid, found.disparity_px, np.nan)[inside]
        return planes.fit_look(name, self.target(name).distance_mm, values, found.u_px[inside], found.v_px[inside])

    @functools.cached_property
    def white_levels(self) -> dict[str, float]:
        """Band -> the white's mean in the frame's middle, linear counts, as a part of the tab's."""
        out = {}
        for band in vocabulary.NIR_BANDS:
            lit = np.mean([maths.lit(each.frames, band, self.table)[CENTRE].mean() for each in self.whites])
            out[band] = float(lit) / max(self.monitor[band], 1)
        return out
