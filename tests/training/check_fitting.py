"""Training itself, in an environment with TensorFlow: `python -m pytest tests/training/check_fitting.py`.

The name keeps it out of `make test`, whose environment has none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dermis_host.inference import infer
from dermis_models import dataset, exported, fitting, network, release
from dermis_models.fitting import Schedule

ROOT = Path(__file__).parents[2]
# One process as `dermis_models.train` is one: fits, or dies after the second epoch, and exports as training does.
ONE_RUN = """
import os
import sys
from pathlib import Path
from dermis_models import fitting, network
from tests.training.check_fitting import made_up
def tell(line):
    print(line, flush=True)
    if sys.argv[3:] and line.startswith("epoch   2"):
        os._exit(9)
data = made_up()
model = fitting.fit(data, fitting.Schedule(4, 1), Path(sys.argv[1]), tell)
fitting.scores(model, data)
Path(sys.argv[2]).write_bytes(network.export_int8(model, data["maps"], data["spectra"], (1.0, 0.0)))
"""


def made_up() -> dataset.Data:
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


@pytest.fixture(scope="module")
def data() -> dataset.Data:
    return made_up()


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


@pytest.mark.timeout(900)
def test_a_run_that_goes_on_exports_the_bytes_of_one_that_was_never_stopped(tmp_path):
    """Each in a process of its own: Keras numbers what a process builds, and tensors are named by that."""

    def run(checkpoints: str, model: str, *stop: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", ONE_RUN, str(tmp_path / checkpoints), str(tmp_path / model), *stop]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    whole = run("whole", "whole.tflite")
    assert whole.returncode == 0, whole.stderr
    assert run("cut", "none.tflite", "stop").returncode == 9
    resumed = run("cut", "resumed.tflite")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("going on after epoch 2\n")
    assert not (tmp_path / "none.tflite").exists()
    assert (tmp_path / "resumed.tflite").read_bytes() == (tmp_path / "whole.tflite").read_bytes()


@pytest.mark.parametrize(("damaged", "epoch"), [(False, 2), (True, 1)])
def test_a_damaged_model_costs_its_epoch_and_older_ones_do_not_stay(data, model, tmp_path, damaged, epoch):
    """Where a kill came between the second checkpoint's name and the removal of the first."""

    def stop(line: str) -> None:
        if line.startswith("epoch   2"):
            raise Stopped
        shutil.copytree(fitting._place(tmp_path, 1), tmp_path / "first")

    with pytest.raises(Stopped):
        fitting.fit(data, Schedule(4, 1), tmp_path, stop)
    (tmp_path / "first").rename(fitting._place(tmp_path, 1))
    if damaged:
        place = fitting._place(tmp_path, 2) / fitting.MODEL
        torn = bytearray(place.read_bytes())
        torn[len(torn) // 2] ^= 1
        place.write_bytes(torn)
    said: list[str] = []
    resumed = fitting.fit(data, Schedule(4, 1), tmp_path, said.append)
    assert said[0] == f"going on after epoch {epoch}"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), resumed.get_weights(), strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0004"]


@pytest.mark.parametrize("damaged", ["{}", "[]", '{"made_of": "', '{"made_of": "ORIGIN", "share": {}}', None])
def test_a_damaged_checkpoint_is_none(data, tmp_path, damaged):
    place = fitting._place(tmp_path, 1)
    place.mkdir()
    if damaged is not None:
        (place / fitting.STATE).write_text(damaged)
    balance = fitting.Balance.of(data)
    assert fitting._resumed(tmp_path, "ORIGIN", balance) == (None, 0)
    assert np.array_equal(balance.share, balance.first) and not place.exists()


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
    int8 = exported.scores(tflite, data)  # by TensorFlow's reference kernels
    assert np.abs(int8 - fitting.scores(model, data)).mean() < 0.05
    rows = exported.golden_rows(int8, np.random.default_rng(0))
    oracle = exported.golden_outputs(tflite, data, rows)
    assert np.array_equal((oracle.astype(np.float32) + 128) / 256, int8[rows])
    (tmp_path / "m.tflite").write_bytes(tflite)
    ours = infer(tmp_path / "m.tflite", [data["maps"][rows], data["spectra"][rows]])
    assert np.array_equal(ours.outputs[0].reshape(-1), oracle)
