"""`dermis.tools.depth` on files: what it writes, and one clear sentence where it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_under_micropython import FIRMWARE, micropython

WIDTH, HEIGHT = 160, 120


def run_tool(folder: Path, interpreter: list[str]) -> tuple[int, dict]:
    finished = subprocess.run(
        [*interpreter, "-m", "dermis.tools.depth", str(folder)],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen", "PYTHONPATH": str(FIRMWARE)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in finished.stderr, finished.stderr
    return finished.returncode, json.loads((folder / "result.json").read_text())


def dots(seed: int, shift: int = 0) -> np.ndarray:
    """Random single bright pixels, smeared to 3 x 3, moved along u."""
    rng = np.random.default_rng(seed)
    image = (rng.random((HEIGHT, WIDTH + 100)) < 0.06) * 200.0
    smeared = sum(np.roll(image, (v, u), (0, 1)) / (1 + abs(u) + abs(v)) for u in (-1, 0, 1) for v in (-1, 0, 1))
    return np.roll(np.clip(smeared, 0, 255).astype(np.uint8), shift, 1)[:, 50:-50].copy()


def prepare(folder: Path, **changes) -> None:
    dots(3).tofile(folder / "reference.bin")
    dots(3, 6).tofile(folder / "frame.bin")
    job = {
        "width": WIDTH,
        "height": HEIGHT,
        "reference": "reference.bin",
        "frame": "frame.bin",
        "focal_px": 330.5,
        "baseline_mm": 40.0,
        "reference_mm": 450.5,
        "min_disparity": -12,
        "max_disparity": 26,
        **changes,
    }
    (folder / "job.json").write_text(json.dumps({key: value for key, value in job.items() if value != "absent"}))


def interpreters() -> list[list[str]]:
    return [[micropython(), "-X", "heapsize=8m"], [sys.executable]]


def outputs(folder: Path, result: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = (result["rows"], result["columns"])
    return (
        np.fromfile(folder / "disparity.bin", "<i2").reshape(shape),
        np.fromfile(folder / "confidence.bin", "u1").reshape(shape),
        np.fromfile(folder / "depth.bin", "<u4").reshape(shape),
    )


def test_both_interpreters_write_the_same(tmp_path):
    seen = []
    for interpreter in interpreters():
        prepare(tmp_path)
        code, result = run_tool(tmp_path, interpreter)
        assert code == 0
        seen.append((result, [array.tobytes() for array in outputs(tmp_path, result)]))
    assert seen[0] == seen[1]
    disparity, confidence, depth = outputs(tmp_path, seen[0][0])
    assert seen[0][0] == {
        "rows": 24,
        "columns": 32,
        "step": 5,
        "cell_u0": 2,
        "cell_v0": 2,
        "valid": int((confidence > 0).sum()),
    }
    valid = confidence > 0
    assert valid.mean() > 0.6
    assert np.abs(disparity[valid] - 6 * 16).max() <= 4
    exact = 16 / (1 / 450.5 + disparity[valid] / 16 / (330.5 * 40))
    assert np.abs(depth[valid] - exact).max() <= 0.51
    assert not depth[~valid].any()


@pytest.mark.parametrize(("projector", "nearer"), [(1, True), (-1, False)])
def test_the_projectors_side_gives_the_sign(tmp_path, projector, nearer):
    prepare(tmp_path, projector=projector)
    code, result = run_tool(tmp_path, [sys.executable])
    assert code == 0
    depth = outputs(tmp_path, result)[2]
    assert bool(np.median(depth[depth > 0]) < 450.5 * 16) is nearer


def test_reference_at_infinity(tmp_path):
    prepare(tmp_path, reference_mm=None, baseline_mm=75)
    code, result = run_tool(tmp_path, [micropython(), "-X", "heapsize=8m"])
    depth = outputs(tmp_path, result)[2]
    assert code == 0
    # 4.1 m: more than the 16 bits of the module's own depth hold.
    assert np.median(depth[depth > 0]) / 16 == pytest.approx(330.5 * 75 / 6, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 161}, "frame.bin|reference.bin"),
        ({"reference": "missing.bin"}, "missing.bin"),
        ({"window": 10}, "odd"),
        ({"window": "15"}, "window"),
        ({"focal_px": 0}, "focal_px"),
        ({"baseline_mm": "absent"}, "baseline_mm"),
        ({"reference_mm": -3}, "reference_mm"),
        ({"projector": 0}, "projector"),
        ({"min_disparity": 30}, "disparity"),
        ({"max_disparity": 400}, "disparities"),
        ({"step": 0}, "step"),
        ({"curve": "cubic"}, "curve"),
        ({"width": 100_000, "height": 100_000}, "memory|heap"),
    ],
)
def test_bad_jobs_get_one_sentence(tmp_path, changes, words):
    prepare(tmp_path, **changes)
    code, result = run_tool(tmp_path, [micropython(), "-X", "heapsize=8m"])
    assert code == 1
    assert list(result) == ["error"]
    assert any(word in result["error"] for word in words.split("|")), result
    assert "\n" not in result["error"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_job_that_is_no_job(tmp_path, text):
    (tmp_path / "job.json").write_text(text)
    code, result = run_tool(tmp_path, [micropython()])
    assert code == 1 and "job.json" in result["error"]
