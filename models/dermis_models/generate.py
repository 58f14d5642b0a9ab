"""Simulated presentations as feature shards: `python -m dermis_models.generate --presentations 4000`.

Deterministic by seed, resumable (a finished shard is not made again). The features come from the device's own
code under MicroPython (`dermis.tools.replay`), so that training sees exactly what the module will.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from pathlib import Path

import numpy as np
from dermis.core import feature_tensor
from dermis_host.errors import CalibrationFailed
from dermis_host.replaying import replay
from dermis_hw import render, scenes

from dermis_models import modules, presentations
from dermis_models.dataset import DEVELOPMENT_FOLDS

VARIANTS = 4  # presentations on one traced geometry
GEOMETRIES = 30  # of a shard
MODULES = 30
DEVELOPMENT_MODULES = 6
REPLACEMENT_STEP = 1000  # beyond MODULES, so that no two modules share a replacement
FIRST_MODULE_SEED = 100_000  # of the line that training draws from; tests and demo use others


def module_of(geometry_seed: int, rng: np.random.Generator) -> int:
    """The seed of a module; those of development presentations are never among those of training."""
    if geometry_seed % DEVELOPMENT_FOLDS == 0:
        return FIRST_MODULE_SEED + int(rng.integers(DEVELOPMENT_MODULES))
    return FIRST_MODULE_SEED + DEVELOPMENT_MODULES + int(rng.integers(MODULES - DEVELOPMENT_MODULES))


def calibrated(seed: int, folder: Path):
    """(module, record) of the first seed from this one on, by `REPLACEMENT_STEP`, that passes the bench."""
    for attempt in range(20):
        try:
            return modules.calibrate(seed + REPLACEMENT_STEP * attempt, folder)
        except CalibrationFailed:
            continue
    raise SystemExit(f"no module near seed {seed} passes its calibration: the tolerances are too wide")


def shard(number: int, folder: Path) -> Path:
    """Makes one shard and returns its path."""
    path = folder / f"shard-{number:04d}.npz"
    if path.exists():
        return path
    drawn, recordings, distances, subjects = [], [], [], []
    for seed in range(number * GEOMETRIES, (number + 1) * GEOMETRIES):
        rng = np.random.default_rng([seed, 0xB0])
        variants = presentations.draw(seed, VARIANTS)
        parsed = [scenes.parse(each.values, Path(each.values["name"])) for each in variants]
        geometry = render.geometry(parsed[0])
        for index, (presentation, scene) in enumerate(zip(variants, parsed, strict=True)):
            module, record = calibrated(module_of(seed, rng), folder / "modules")
            field = geometry.compose(
                scenes.place(scene)[1], module, temperature_c=scene.temperature_c, seed=seed * VARIANTS + index
            )
            recordings.append(modules.take(field, module, rng, record))
            drawn.append(presentation)
            distances.append(scene.pose.distance_mm)
            subjects.append(seed)
    results = replay(recordings, None, features_only=True)
    _save(path, drawn, results, subjects, distances)
    return path


def _save(path: Path, drawn, results, subjects, distances) -> None:
    kept = [index for index, result in enumerate(results) if result.get("usable")]
    map_shape = (-1, feature_tensor.ROWS, feature_tensor.COLUMNS, feature_tensor.CHANNELS)

    def tensor(name: str) -> np.ndarray:
        return np.frombuffer(b"".join(bytes.fromhex(results[index][name]) for index in kept), np.int8)

    def unusable() -> str:
        counts: dict[str, int] = {}
        for index, result in enumerate(results):
            if index not in kept:
                key = f"{drawn[index].species}: {result.get('error') or result['findings']}"
                counts[key] = counts.get(key, 0) + 1
        return json.dumps(counts)

    temporary = path.with_suffix(".part.npz")
    np.savez_compressed(
        temporary,
        maps=tensor("maps").reshape(map_shape),
        spectra=tensor("spectra").reshape(-1, feature_tensor.SPECTRA),
        label=np.array([drawn[index].bona_fide for index in kept], np.uint8),
        species=np.array([drawn[index].species for index in kept]),
        subject=np.array([subjects[index] for index in kept], np.int32),
        tone=np.array([drawn[index].tone for index in kept], np.float32),
        findings=np.array([",".join(reason for _, reason in results[index]["findings"]) for index in kept]),
        distance_mm=np.array([distances[index] for index in kept], np.float32),
        unusable=np.array(unusable()),
    )
    temporary.rename(path)


def _work(task: tuple[int, Path]) -> str:
    return shard(*task).name


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Simulated presentations as feature shards.")
    parser.add_argument("--presentations", type=int, default=4800)
    parser.add_argument("--output", type=Path, default=Path("build/train"))
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(argv)
    options.output.mkdir(parents=True, exist_ok=True)
    tasks = [(n, options.output) for n in range(math.ceil(options.presentations / (GEOMETRIES * VARIANTS)))]
    # A process of its own each: the renderer keeps state that does not survive a fork.
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for done, name in enumerate(pool.imap_unordered(_work, tasks), 1):
            print(f"{name}  {done}/{len(tasks)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
