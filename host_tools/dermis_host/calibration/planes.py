"""What planes at known distances say of imager and projector: baseline, reference distance, offset, tilt, turn.

With z the distance along the axis, f the design's focal length in px and b the effective baseline (a longer lens
counts as a longer baseline): d = f b (1 / (z - offset) - 1 / (z_ref - offset')), see docs/depth.md. A plane that is
turned by a small angle has 1 / z = (1 - x tan(yaw) - y tan(pitch)) / z0 along the ray (x, y, 1); reference and planes
turn alike, as it is the module that sits askew before its fixture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from dermis.core import burst
from dermis_hw.optics import DM1

# What a bench's rails and stops are good for: a distance is uniform within half a millimetre.
DISTANCE_SIGMA_MM = 0.29
# Between the fixture's datum and the lens, after the drawing's figure was taken off.
OFFSET_SIGMA_MM = 0.3
# Of a plane's mean disparity: what is left of the parabola's lean, and noise.
DISPARITY_SIGMA_PX = 0.008
ROUNDS = 12
STEPS = (1e-3, 1e-6, 1e-3)  # for derivatives: mm, ln(f b), mm


@dataclass(frozen=True)
class Triangle:
    """What turns a disparity into a distance: z = 1 / (1 / z_ref + d / (f b)) + offset."""

    focal_px: float
    z_ref_mm: float
    baseline_mm: float
    offset_mm: float = 0.0

    def distance_mm(self, disparity_px: float) -> float:
        return 1 / (1 / self.z_ref_mm + disparity_px / (self.focal_px * self.baseline_mm)) + self.offset_mm

    def distances_mm(self, disparity_px: np.ndarray) -> np.ndarray:
        return 1 / (1 / self.z_ref_mm + disparity_px / (self.focal_px * self.baseline_mm)) + self.offset_mm

    def disparity_px(self, distance_mm: float) -> float:
        return self.focal_px * self.baseline_mm * (1 / (distance_mm - self.offset_mm) - 1 / self.z_ref_mm)


@dataclass(frozen=True)
class Look:
    """A plane as it was seen: its name, stated distance, and a linear fit to its disparities (px) at the axis, with
    its slopes by x and y (ray coordinates), the part of the cells that answered, and the residual's RMS."""

    name: str
    stated_mm: float
    disparity_px: float
    slope_x: float = 0.0
    slope_y: float = 0.0
    valid: float = 1.0
    rms_px: float = 0.0


def rays(u_px: np.ndarray, v_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ray coordinates of pixels."""
    return (u_px - DM1.centre_u) / DM1.focal_px, (v_px - DM1.centre_v) / DM1.focal_px


def fit_look(name: str, stated_mm: float, disparity_px: np.ndarray, u_px: np.ndarray, v_px: np.ndarray) -> Look:
    """The linear fit, strays (farther than three of the middle deviation) left out; NaN disparities are no answers.

    Raises ValueError when less than a tenth of the cells has one.
    """
    good = np.isfinite(disparity_px)
    valid = float(good.mean())
    if valid < 0.1:
        raise ValueError(f"no dots were found on {name}")
    x, y = rays(u_px, v_px)
    weights = np.zeros(3)
    for _ in range(3):
        basis = np.stack([np.ones(good.sum()), x[good], y[good]], axis=1)
        weights, *_ = np.linalg.lstsq(basis, disparity_px[good], rcond=None)
        left = disparity_px - (weights[0] + weights[1] * x + weights[2] * y)
        middle = np.median(np.abs(left[good]))
        good &= np.abs(np.nan_to_num(left, nan=np.inf)) <= max(3 * 1.4826 * middle, 0.05)
    rms = float(np.sqrt(np.mean(left[good] ** 2)))
    return Look(name, stated_mm, float(weights[0]), float(weights[1]), float(weights[2]), valid, rms)


def fit_triangle(focal_px: float, nominal_mm: float, looks: Sequence[Look]) -> Triangle:
    """Baseline, reference distance and offset by weighted least squares (Gauss-Newton) over planes seen against the
    reference, which is the first look with its disparity of 0.

    Every distance is taken to be uncertain by `DISTANCE_SIGMA_MM` and the offset by `OFFSET_SIGMA_MM`, so that no
    single plane's error is taken for the module's. Raises ValueError when the planes cannot be told apart or come the
    wrong way.
    """
    stated = np.array([look.stated_mm for look in looks])
    seen = np.array([look.disparity_px for look in looks])
    near, far = int(np.argmin(stated)), int(np.argmax(stated))
    if stated[far] - stated[near] < 50:
        raise ValueError("the planes stand at one distance")
    if not seen[near] > seen[far]:
        raise ValueError("the far plane shows no smaller disparity than the near one")
    start = (seen[near] - seen[far]) / (1 / stated[near] - 1 / stated[far])
    values = np.array([stated[0], math.log(start), 0.0])

    def residuals(at: np.ndarray) -> np.ndarray:
        fb = math.exp(at[1])
        z = 1 / (1 / at[0] + seen / fb)
        sigma = np.hypot(DISTANCE_SIGMA_MM, z * z / fb * DISPARITY_SIGMA_PX)
        return np.append((z + at[2] - stated) / sigma, at[2] / OFFSET_SIGMA_MM)

    for _ in range(ROUNDS):
        here = residuals(values)
        columns = [(residuals(values + step * axis) - here) / step for step, axis in zip(STEPS, np.eye(3), strict=True)]
        move, *_ = np.linalg.lstsq(np.stack(columns, axis=1), -here, rcond=None)
        values = values + move
    if not 0.2 < math.exp(values[1]) / (focal_px * nominal_mm) < 5:
        raise ValueError("the disparities fit no baseline that could be built")
    return Triangle(focal_px, float(values[0]), math.exp(values[1]) / focal_px, float(values[2]))


def tilt(looks: Sequence[Look]) -> tuple[float, float]:
    """tan(yaw), tan(pitch) of the planes against the module, from the slopes of disparities: slope = -tan x d."""
    total = sum(look.disparity_px**2 for look in looks)
    if total < 1.0:
        return 0.0, 0.0
    return (
        -sum(look.slope_x * look.disparity_px for look in looks) / total,
        -sum(look.slope_y * look.disparity_px for look in looks) / total,
    )


def turn_deg(looks: Sequence[tuple[float, float]]) -> float:
    """The direction in which dots move against the rows, degrees, from pairs of disparity along u and shift along v."""
    along = sum(d * d for d, _ in looks)
    return math.degrees(math.atan2(sum(d * v for d, v in looks), along)) if along > 1.0 else 0.0


def vertical_shift(reference: np.ndarray, frame: np.ndarray, look: Look) -> float:
    """Mean shift along v (px) of a plane's dots against the reference moved by the look's disparities: one step of
    least squares on brightness, over the frame's middle. Good to a tenth of itself up to one pixel."""
    v, u = np.meshgrid(np.arange(burst.HEIGHT), np.arange(burst.WIDTH), indexing="ij")
    x, y = rays(u, v)
    expected = look.disparity_px + look.slope_x * x + look.slope_y * y
    rows = np.arange(burst.WIDTH, dtype=float)
    smooth_reference, smooth_frame = _smooth(reference), _smooth(frame)
    moved = np.stack(
        [np.interp(rows - shift, rows, row) for shift, row in zip(expected, smooth_reference, strict=True)]
    )
    margin_v, margin_u = 20, 50
    inside = (slice(margin_v, -margin_v), slice(margin_u, -margin_u))
    best, best_error = 0.0, math.inf
    # Whole pixels first: a dot is 1.6 px wide, so that least squares alone would not reach farther than one.
    for whole in range(-3, 4):
        there = np.roll(moved, whole, axis=0)
        slope = np.gradient(there, axis=0)[inside]
        left = (smooth_frame - there)[inside]
        gain = float((there[inside] * smooth_frame[inside]).sum() / (there[inside] ** 2).sum())
        left = smooth_frame[inside] - gain * there[inside]
        step = -float((slope * left).sum() / max((slope * slope).sum(), 1e-9)) / max(gain, 1e-6)
        error = float((left**2).mean())
        if error < best_error:
            best, best_error = whole + float(np.clip(step, -1.0, 1.0)), error
    return best


def _smooth(image: np.ndarray) -> np.ndarray:
    """1 2 1 along both axes, as the device smooths its reference."""
    out = image.astype(float)
    for axis in (0, 1):
        out = (np.roll(out, 1, axis) + 2 * out + np.roll(out, -1, axis)) / 4
    return out


def straighten(reference: np.ndarray, triangle: Triangle, yaw: float, pitch: float) -> np.ndarray:
    """The reference as a plane square to the module at z_ref would have shown it: every pixel's content moves by
    f b (1 / z_square - 1 / z) = f b (x tan(yaw) + y tan(pitch)) / z_ref along u. uint8 (240, 320).

    Fourth-order (cubic) interpolation: dots are about two pixels wide, straight lines would blur them.
    """
    v, u = np.meshgrid(np.arange(burst.HEIGHT), np.arange(burst.WIDTH), indexing="ij")
    x, y = rays(u, v)
    shift = triangle.focal_px * triangle.baseline_mm * (x * yaw + y * pitch) / triangle.z_ref_mm
    at = np.clip(u - shift, 0, burst.WIDTH - 1)
    first = np.floor(at).astype(int)
    t = at - first
    image = reference.astype(float)
    rows = np.arange(burst.HEIGHT)[:, None]

    def tap(offset: int) -> np.ndarray:
        return image[rows, np.clip(first + offset, 0, burst.WIDTH - 1)]

    a, b, c, d = (tap(offset) for offset in (-1, 0, 1, 2))
    value = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.clip(np.round(value), 0, 255).astype(np.uint8)


def square_light(u_px: np.ndarray, v_px: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """What light from beside the lens gives on a square plane, as a part of what it gives on the turned one, at
    pixels: the cosine on the surface over the square of the distance, both with one distance on the axis.

    The LED's own lobe acts along the ray and cancels.
    """
    x, y = rays(u_px, v_px)
    stretch = 1.0 / (1.0 - x * yaw - y * pitch)  # z of the turned plane, as a part of z on the axis
    # Normal of the turned plane: (-yaw, -pitch, 1) up to its length; its cosine against that of (0, 0, 1).
    cosine = (1.0 - x * yaw - y * pitch) / math.sqrt(1.0 + yaw * yaw + pitch * pitch)
    return stretch**2 / cosine
