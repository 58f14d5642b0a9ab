"""The calibration procedure: show a target, take bursts, compute, measure again, judge. `run` never writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol

import numpy as np
from dermis.core import calibration as record_format
from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host import depth_map
from dermis_host.calibration import maths
from dermis_host.calibration.limits import Measurement
from dermis_host.errors import CalibrationFailed
from dermis_host.module import Module
from dermis_host.recording import Recording

NEAR_MM, FAR_MM = 450.0, 600.0
WHITE_BURSTS = 3  # averaged: shot noise of a block falls below 0.1 %
# The search of plane disparities, px: 600 mm lies at -7.3 px, and what is far off must be seen to be far off.
PLANE_SEARCH = depth_map.Search(min_disparity=-24, max_disparity=24, curve="none")
# Cells nearer to the edge than search and window reach can have no answer; they do not count.
EDGE_U_PX, EDGE_V_PX = 48, 16
MONITOR_STEPS = sorted(DM1.monitor_level, key=lambda light: DM1.monitor_level[light])


@dataclass(frozen=True)
class Target:
    """What stands before the module: the twin's scene, and what a person is told."""

    scene: str
    guide: str


DARK = Target("target_dark", "Cover the window with the black cap and keep stray light out.")
WHITE = Target(
    "target_white", "Put the white target square to the module, {z_ref} mm from the lens; it fills the frame."
)
NEAR = Target("target_plane_450", f"Put the matte plane square to the module, {NEAR_MM:g} mm from the lens.")
FAR = Target("target_plane_600", f"Put the matte plane square to the module, {FAR_MM:g} mm from the lens.")
TARGETS = (DARK, WHITE, NEAR, FAR)


class Operator(Protocol):
    """Who puts targets before the module: a person, or the twin's control socket."""

    def show(self, target: Target, z_ref_mm: int) -> None:
        """Returns when the target stands there. Raises KeyboardInterrupt or HostError to give up."""


@dataclass
class Outcome:
    """What was measured and the record made of it (`core.calibration.encode` takes `fields`)."""

    measurements: list[Measurement] = field(default_factory=list)
    fields: dict = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return bool(self.measurements) and all(measurement.passed for measurement in self.measurements)

    def record(self) -> bytes:
        """The record's bytes. Raises CalibrationFailed when a measurement is outside its limits."""
        failed = [measurement for measurement in self.measurements if not measurement.passed]
        if failed or not self.measurements:
            worst = ", ".join(f"{m.name} {m.value:.2f} {m.unit}" for m in failed)
            raise CalibrationFailed(
                f"Outside their limits: {worst}; nothing was written, see to it and calibrate again."
            )
        return record_format.encode(self.fields)


@dataclass(frozen=True)
class Bursts:
    """Recordings by target; the `_check` ones are one more of the same, kept out of what is computed from it."""

    dark: Recording
    white: Sequence[Recording]
    white_check: Recording
    near: Recording
    far: Recording
    far_check: Recording


def take(module: Module, operator: Operator, z_ref_mm: int, told: Callable[[str], None] = lambda _: None) -> Bursts:
    """Shows each target and takes its bursts."""

    def bursts(target: Target, count: int, frames: tuple[str, ...] = ()) -> list[Recording]:
        operator.show(target, z_ref_mm)
        taken = []
        for number in range(count):
            told(f"{target.scene} {number + 1}/{count}")
            taken.append(module.capture(frames=frames))
        return taken

    depth_frames = ("dark", "dots")
    (dark,) = bursts(DARK, 1, ("dark",))
    *white, white_check = bursts(WHITE, WHITE_BURSTS + 1)
    (near,) = bursts(NEAR, 1, depth_frames)
    far, far_check = bursts(FAR, 2, depth_frames)
    return Bursts(dark, white, white_check, near, far, far_check)


def compute(
    bursts: Bursts, serial: str, white_reflectance: float = 1.0, tell: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Measurements and record fields from the recordings.

    Raises CalibrationFailed with one sentence when a target cannot be what it should.
    """
    outcome = Outcome()
    board, meta = bursts.white[0].board, bursts.white[0].meta
    black = maths.black_code(bursts.dark.frames["dark"])
    add = outcome.measurements.append
    add(Measurement("temperature", meta["temperature_cc"] / 100))
    add(Measurement("black_level", black))
    try:
        table = maths.linear_table(board["gamma_q8"] / 256, black)
        whites = [recording.frames for recording in bursts.white]
        columns = tuple(board["monitor_columns"])
        add(Measurement("ambient", 100 * float(table[whites[0]["dark"]].mean()) / maths.FULL_SCALE, "white"))
        add(Measurement("saturated", 100 * maths.saturated_part(whites[0]), "white"))
        monitor = _monitor(outcome, whites, table, columns, board)
        flat = _flat(outcome, bursts, table, columns, white_reflectance)
        swir = _swir(outcome, bursts, white_reflectance) if board["swir"] else []
        reference = maths.dot_pattern(whites, table)
        triangle = _planes(outcome, bursts, table, reference, board, tell)
    except ValueError as problem:
        raise CalibrationFailed(
            f"The targets do not give a calibration: {problem}; check them and try again."
        ) from None
    outcome.fields = {
        "format": record_format.FORMAT,
        "serial": serial,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
        "z_ref_mm": board["z_ref_mm"],
        "exposure_us": meta["exposure_us"],
        "temperature_cc": meta["temperature_cc"],
        "linear": table.astype("<u2").tobytes(),
        "monitor": monitor,
        "flat": {band: nodes.astype("<u2").tobytes() for band, nodes in flat.items()},
        "reference": reference.tobytes(),
        "swir_white": swir,
        "baseline_um": round(triangle.baseline_mm * 1000),
        "z_offset_um": round(triangle.offset_mm * 1000),
    }
    return outcome


def run(
    module: Module,
    operator: Operator,
    white_reflectance: float = 1.0,
    *,
    told: Callable[[str], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Measures everything and computes the record; writes nothing."""
    identity = module.identity()
    bursts = take(module, operator, round(DM1.z_ref_mm), told)
    told("computing")
    return compute(bursts, identity.serial, white_reflectance, tell)


def commit(module: Module, outcome: Outcome) -> str:
    """Writes the record and reads it back; returns its hash. Raises CalibrationFailed unless everything passed."""
    module.store_calibration(outcome.record())
    state = module.calibration_state()
    if not state.calibrated:
        raise CalibrationFailed("The module stored the record but does not use it: run `dermis selftest`.")
    return state.hash


def _monitor(outcome, whites, table, columns, board) -> dict[str, int]:
    levels = maths.monitor_levels(whites, table, columns)
    for light, level in levels.items():
        outcome.measurements.append(Measurement("monitor", 100 * level / board["monitor_nominal"][light], light))
    for dimmer, brighter in itertools.pairwise(MONITOR_STEPS):
        ratio = levels[brighter] / max(levels[dimmer], 1)
        outcome.measurements.append(Measurement("monitor_step", ratio, f"{brighter}/{dimmer}"))
    return levels


def _flat(outcome, bursts: Bursts, table, columns, white_reflectance: float) -> dict[str, np.ndarray]:
    flat = {}
    whites = [recording.frames for recording in bursts.white]
    check = bursts.white_check.frames
    for band in vocabulary.NIR_BANDS:
        nodes = maths.flat_nodes(whites, band, table, columns)
        raw = maths.lit(check, band, table)
        before = 100 * maths.unevenness(raw, columns)
        after = 100 * maths.unevenness(raw / maths.flat_image(nodes), columns)
        outcome.measurements.append(Measurement("flat_before", before, band))
        outcome.measurements.append(Measurement("flat", after, band, before))
        scaled = np.round(nodes / white_reflectance)
        if scaled.max() > maths.FULL_SCALE:
            raise ValueError(f"white would be brighter than full scale under {band}")
        flat[band] = scaled.astype(np.uint16)
    return flat


def _swir(outcome, bursts: Bursts, white_reflectance: float) -> list[int]:
    levels = maths.swir_levels([recording.meta["swir"] for recording in bursts.white])
    if not levels:
        raise ValueError("the SWIR head gave no reading")
    levels = [round(level / white_reflectance) for level in levels]
    nominal = DM1.swir_counts * 16
    for band, level in zip(vocabulary.SWIR_BANDS, levels, strict=True):
        outcome.measurements.append(Measurement("swir", 100 * level / nominal, str(band)))
    return levels


def _planes(outcome, bursts: Bursts, table, reference, board, tell) -> maths.Triangle:
    """Baseline and offset from the two planes, then the far plane's distance from another burst with them."""
    focal, nominal = board["focal_px_q8"] / 256, board["baseline_um"] / 1000
    geometry = depth_map.Geometry(focal, nominal, float(board["z_ref_mm"]))
    add = outcome.measurements.append

    def plane(recording: Recording, true_mm: float) -> tuple[float, float]:
        """(mean, standard deviation) of the disparity, px."""
        dots = maths.dot_pattern([recording.frames], table)
        found = depth_map.measure(reference, dots, geometry, PLANE_SEARCH, tell=tell)
        inside = _inside(found)
        add(Measurement("dots_valid", 100 * float(found.valid[inside].mean()), f"{true_mm:g} mm"))
        values = found.disparity_px[found.valid & inside]
        if not values.size:
            raise ValueError(f"no dots were found on the plane at {true_mm:g} mm")
        return float(values.mean()), float(values.std())

    near_px, _ = plane(bursts.near, NEAR_MM)
    far_px, far_spread_px = plane(bursts.far, FAR_MM)
    triangle = maths.triangulate(focal, geometry.reference_mm, (NEAR_MM, near_px), (FAR_MM, far_px))
    add(Measurement("dots_shift", near_px, f"{NEAR_MM:g} mm"))
    add(Measurement("baseline", triangle.baseline_mm - nominal))
    add(Measurement("z_offset", triangle.offset_mm))
    again_px, _ = plane(bursts.far_check, FAR_MM)
    before = maths.Triangle(focal, geometry.reference_mm, nominal).distance_mm(again_px) - FAR_MM
    add(Measurement("plane", triangle.distance_mm(again_px) - FAR_MM, f"{FAR_MM:g} mm", before))
    mm_per_px = FAR_MM**2 / (focal * triangle.baseline_mm)
    add(Measurement("plane_rms", far_spread_px * mm_per_px, f"{FAR_MM:g} mm"))
    return triangle


def _inside(found: depth_map.DepthMap) -> np.ndarray:
    u, v = found.u_px, found.v_px
    return (u >= EDGE_U_PX) & (u < DM1.width - EDGE_U_PX) & (v >= EDGE_V_PX) & (v < DM1.height - EDGE_V_PX)
