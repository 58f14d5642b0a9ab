"""Training itself, in an environment with TensorFlow: `python -m pytest tests/training/check_fitting.py`.

The name keeps it out of `make test`, whose environment has none.
"""

from __future__ import annotations

import numpy as np
import pytest
from dermis_host.inference import infer
from dermis_models import dataset, exported, fitting, network, release
from dermis_models.fitting import Schedule


@pytest.fixture(scope="module")
def data() -> dataset.Data:
    """Two classes that differ in one spectral field, and noise."""
    rng = np.random.default_rng(1)
    count = 160
    label = (np.arange(count) % 2).astype(np.uint8)
    spectra = rng.integers(-20, 20, (count, 10)).astype(np.int8)
    spectra[:, 0] += np.where(label == 1, 40, -40).astype(np.int8)
    return {
        "maps": rng.integers(-30, 30, (count, 28, 24, 5)).astype(np.int8),
        "spectra": spectra,
        "label": label,
        "species": np.where(label == 1, "bona_fide", "resin_mask"),
        "condition": np.full(count, ""),
        "tone": np.where(label == 1, 0.5, np.nan).astype(np.float32),
    }


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    return fitting.fit(data, Schedule(4, 1), tmp_path_factory.mktemp("straight"), lambda _: None)


def test_a_stopped_run_ends_at_the_same_weights(data, model, tmp_path):
    def stop(line: str) -> None:
        if line.startswith("epoch   2"):
            raise Stopped

    with pytest.raises(Stopped):
        fitting.fit(data, Schedule(4, 1), tmp_path, stop)
    said: list[str] = []
    resumed = fitting.fit(data, Schedule(4, 1), tmp_path, said.append)
    assert said[0] == "going on after epoch 2"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), resumed.get_weights(), strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0004"]


def test_checkpoints_of_another_schedule_are_not_gone_on_with(data, tmp_path):
    fitting.fit(data, Schedule(1, 1), tmp_path, lambda _: None)
    said: list[str] = []
    fitting.fit(data, Schedule(1, 2), tmp_path, said.append)
    assert len(said) == 1 and said[0].startswith("epoch   1/1")


def test_no_epoch_is_no_training():
    with pytest.raises(ValueError, match="train nothing"):
        Schedule(0, 1)


def test_it_learns(data, tmp_path):
    scores = fitting.scores(fitting.fit(data, Schedule(30, 1), tmp_path, lambda _: None), data)
    assert scores[data["label"] == 1].mean() > scores[data["label"] == 0].mean() + 0.2


def test_the_export_is_within_its_limits_and_all_interpreters_agree(data, model, tmp_path):
    tflite = network.export_int8(model, data["maps"], data["spectra"], (1.0, 0.0))
    release.check_size(tflite, network.macs(network.build(batch=1)))
    int8 = exported.scores(tflite, data)
    assert np.abs(int8 - fitting.scores(model, data)).mean() < 0.05
    rows = exported.golden_rows(int8, np.random.default_rng(0))
    oracle = exported.golden_outputs(tflite, data, rows)
    (tmp_path / "m.tflite").write_bytes(tflite)
    ours = infer(tmp_path / "m.tflite", [data["maps"][rows], data["spectra"][rows]])
    assert np.array_equal(ours.outputs[0].reshape(-1), oracle)
