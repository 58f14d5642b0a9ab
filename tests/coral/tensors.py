"""The 1,000 feature tensors on which back ends are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dermis_host.recording import load
from dermis_host.replaying import replay

from tests.bench.golden import golden_inputs

COUNT = 1000
SEED = 1000
RECORDINGS = Path(__file__).parents[1] / "recordings"
NOISE = 12  # steps, one standard deviation: a face measured again, and more


def recorded(inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The features of the committed recordings that have a face, shaped as `inputs` (the model's order)."""
    bursts = [load(path) for path in sorted(RECORDINGS.glob("*.npz"))]
    found = [result for result in replay(bursts, None, features_only=True) if result["usable"]]
    rows = [(bytes.fromhex(result["maps"]), bytes.fromhex(result["spectra"])) for result in found]
    arrays = []
    for array in inputs:
        of_this_size = [next(each for each in row if len(each) == array[0].size) for row in rows]
        arrays.append(np.frombuffer(b"".join(of_this_size), np.int8).reshape(-1, *array.shape[1:]))
    return arrays


def thousand(count: int = COUNT) -> tuple[list[np.ndarray], dict[str, int]]:
    """(each input of the shipped model as int8 (count, ...), what they are -> how many).

    Golden vectors; the committed recordings; golden vectors with noise, and mixed two by two (what lies between
    classes is where a step decides); numbers out of the air, spread or all at one end.
    """
    rng = np.random.default_rng(SEED)
    golden = golden_inputs()
    real = recorded(golden)
    rest = count - len(golden[0]) - len(real[0])
    counts = {
        "golden vectors": len(golden[0]),
        "recordings": len(real[0]),
        "with noise": rest // 3,
        "mixed": rest // 3,
        "random": rest - 2 * (rest // 3) - 2,
        "all at one end": 2,
    }
    first, second = rng.integers(len(golden[0]), size=(2, rest // 3))
    share = rng.random(rest // 3)
    arrays = []
    for array, of_bursts in zip(golden, real, strict=True):
        tall = (rest // 3, *[1] * (array.ndim - 1))
        noisy = array[first] + rng.normal(0, NOISE, (rest // 3, *array.shape[1:]))
        mixed = array[first] * share.reshape(tall) + array[second] * (1 - share.reshape(tall))
        spread = rng.integers(-128, 128, (counts["random"], *array.shape[1:]))
        ends = np.stack([np.full(array.shape[1:], end) for end in (-128, 127)])
        parts = [np.rint(each).clip(-128, 127).astype(np.int8) for each in (noisy, mixed, spread, ends)]
        arrays.append(np.concatenate([array, of_bursts, *parts]))
    return arrays, counts
