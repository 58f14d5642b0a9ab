"""Depth of one frame against a reference, by the device's own code (`dermis.tools.depth`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dermis_host import device_code, files
from dermis_host.errors import UsageError

SIXTEENTH = 16.0  # disparities are in 1/16 px, depths in 1/16 mm
PROJECTOR = {"plus": 1, "minus": -1}


@dataclass(frozen=True)
class Geometry:
    """focal_px in pixels, baseline and reference distance in mm (`inf`: a reference at infinity); the projector
    stands at +u ("plus") or -u ("minus") of the imager."""

    focal_px: float
    baseline_mm: float
    reference_mm: float
    projector: str = "plus"

    def check(self) -> None:
        """Raises UsageError for what cannot be."""
        for name in ("focal_px", "baseline_mm", "reference_mm"):
            value = getattr(self, name)
            if not value > 0 or (math.isinf(value) and name != "reference_mm"):
                raise UsageError(f"--{name.replace('_', '-')} {value:g} must be above 0 and finite.")


@dataclass(frozen=True)
class Search:
    """Disparities to look for (px), side of the window compared (px), distance of the cells (px) and the curve put
    on the codes ("root" for linear ones, "none" for square roots); None leaves the choice to the device's code."""

    min_disparity: int | None = None
    max_disparity: int | None = None
    window: int | None = None
    step: int | None = None
    curve: str | None = None


@dataclass(frozen=True)
class DepthMap:
    """All arrays (rows, columns). depth_mm: NaN where invalid. disparity_px: u in the frame minus u in the reference.
    confidence: uint8, 0 none. valid: bool. u_px, v_px: centre of each cell."""

    depth_mm: np.ndarray
    disparity_px: np.ndarray
    confidence: np.ndarray
    valid: np.ndarray
    u_px: np.ndarray
    v_px: np.ndarray
    step: int
    interpreter: str

    def save(self, path: Path) -> None:
        """An .npz with one entry a field."""
        names = ("depth_mm", "disparity_px", "confidence", "valid", "u_px", "v_px")
        with files.whole(path) as file:
            np.savez_compressed(file, **{name: getattr(self, name) for name in names})


def measure(
    reference: np.ndarray,
    frame: np.ndarray,
    geometry: Geometry,
    search: Search | None = None,
    *,
    heap: str = device_code.DEFAULT_HEAP,
    tell: Callable[[str], None] = lambda _: None,
) -> DepthMap:
    """Depth of `frame` against `reference`, both uint8 (rows, columns) of one size.

    Raises UsageError for images or numbers that cannot be, DeviceCodeError when the device's code refuses the job.
    """
    geometry.check()
    search = search or Search()
    if reference.shape != frame.shape:
        raise UsageError(f"The reference is {_size(reference)} and the frame {_size(frame)}: they must be of one size.")
    if reference.dtype != np.uint8 or frame.dtype != np.uint8 or frame.ndim != 2:
        raise UsageError("Reference and frame must be grey images of 8 bits.")
    with device_code.job_folder() as folder:
        (folder / "reference.bin").write_bytes(reference.tobytes())
        (folder / "frame.bin").write_bytes(frame.tobytes())
        job = {
            "width": frame.shape[1],
            "height": frame.shape[0],
            "reference": "reference.bin",
            "frame": "frame.bin",
            "focal_px": geometry.focal_px,
            "baseline_mm": geometry.baseline_mm,
            "reference_mm": None if math.isinf(geometry.reference_mm) else geometry.reference_mm,
            "projector": PROJECTOR[geometry.projector],
            **{name: value for name, value in vars(search).items() if value is not None},
        }
        interpreter = device_code.run("depth", folder, job, heap=heap, tell=tell)
        result = device_code.result(folder)
        shape = (result["rows"], result["columns"])
        cells = shape[0] * shape[1]
        disparity = np.frombuffer(device_code.output(folder, "disparity.bin", 2 * cells), "<i2").reshape(shape)
        confidence = np.frombuffer(device_code.output(folder, "confidence.bin", cells), np.uint8).reshape(shape)
        depth = np.frombuffer(device_code.output(folder, "depth.bin", 4 * cells), "<u4").reshape(shape)
    valid = (confidence > 0) & (depth > 0)
    rows, columns = np.indices(shape)
    return DepthMap(
        depth_mm=np.where(valid, depth / SIXTEENTH, np.nan),
        disparity_px=np.where(valid, disparity / SIXTEENTH, np.nan),
        confidence=confidence,
        valid=valid,
        u_px=result["cell_u0"] + columns * result["step"],
        v_px=result["cell_v0"] + rows * result["step"],
        step=result["step"],
        interpreter=interpreter.name,
    )


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
