"""A real infrared capture of a room against its projector's real reference pattern (SOURCES.md: Riegler et al.,
"Connecting the Dots", CVPR 2019): the device's code under MicroPython, with the tool's defaults."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_depth_tool import outputs, run_tool
from test_under_micropython import micropython

pytestmark = pytest.mark.shared_data

DATA = Path(__file__).parents[3] / "shared" / "data" / "structured_light"
# The flat wall: where it lies, px, and how the acceptance of issue A reads.
WALL_U, WALL_V = (320, 700), (60, 390)
WITHIN_PX, LEAST_VALID, LARGEST_RMS_PX, MOST_VALID_MIRRORED = 2.0, 0.95, 0.12, 0.10


def load(name: str) -> np.ndarray:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository: this test reads measured data that is not committed")
    return np.array(Image.open(path).convert("L"))


def wall_disparities(folder: Path, reference: np.ndarray, frame: np.ndarray, **changes):
    """(u, v, disparity in px) of the wall's valid cells and how many cells the wall has."""
    reference.tofile(folder / "reference.bin")
    frame.tofile(folder / "frame.bin")
    job = {
        "width": frame.shape[1],
        "height": frame.shape[0],
        "reference": "reference.bin",
        "frame": "frame.bin",
        "focal_px": 570.0,
        "baseline_mm": 75.0,
        "reference_mm": None,
        **changes,
    }
    (folder / "job.json").write_text(json.dumps(job))
    code, result = run_tool(folder, [micropython(), "-X", "heapsize=32m"])
    assert code == 0, result
    disparity, confidence, _ = outputs(folder, result)
    u, v = np.meshgrid(
        result["cell_u0"] + result["step"] * np.arange(result["columns"]),
        result["cell_v0"] + result["step"] * np.arange(result["rows"]),
    )
    wall = (u >= WALL_U[0]) & (u <= WALL_U[1]) & (v >= WALL_V[0]) & (v <= WALL_V[1])
    valid = wall & (confidence > 0)
    return u[valid], v[valid], disparity[valid] / 16, int(wall.sum())


@pytest.mark.parametrize("changes", [{}, {"min_disparity": 0, "max_disparity": 64, "window": 11}])
def test_flat_wall(tmp_path, changes):
    frame, reference = load("real_ir_capture.png"), load("reference_pattern.png")
    u, v, disparity, cells = wall_disparities(tmp_path, reference, frame, **changes)
    terms = np.column_stack([u, v, np.ones(len(u))])
    kept = np.ones(len(u), bool)
    rest = np.zeros(len(u))
    for _ in range(4):
        plane = np.linalg.lstsq(terms[kept], disparity[kept], rcond=None)[0]
        rest = disparity - terms @ plane
        kept = np.abs(rest) <= WITHIN_PX
    assert kept.sum() >= LEAST_VALID * cells
    assert np.sqrt(np.mean(rest[kept] ** 2)) <= LARGEST_RMS_PX
    assert np.percentile(disparity[kept], 1) > 29 and np.percentile(disparity[kept], 99) < 39


def test_mirrored_pattern_is_refused(tmp_path):
    frame, reference = load("real_ir_capture.png"), load("reference_pattern.png")
    u, _, _, cells = wall_disparities(tmp_path, reference[:, ::-1], frame)
    assert len(u) < MOST_VALID_MIRRORED * cells
