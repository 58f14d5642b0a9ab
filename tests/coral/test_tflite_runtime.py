"""tflite-runtime itself, in its own environment (made when it is not there), as a Coral has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from dermis_host.released import released_model

from tests.coral import environment, live, runner, tensors, verdicts

pytestmark = pytest.mark.tflite_runtime
NAMES = sorted(path.stem for path in tensors.RECORDINGS.glob("*.npz"))


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return environment.coral_python()
    except environment.Unavailable as reason:
        pytest.skip(str(reason))


def test_a_thousand_tensors_to_the_byte(python, thousand):
    arrays, ours = thousand
    backend, theirs, _ = environment.run(released_model(), arrays, (runner.USED,))[runner.USED]
    assert backend == "tflite_runtime 2.14.0, reference kernels, processor alone"
    assert list(theirs) == list(ours)


def test_the_verdicts_of_the_recordings(python):
    ours = verdicts.verdicts(NAMES, "interpreter")
    theirs = verdicts.verdicts(NAMES, "litert", python)
    assert {result["verdict"] for result in ours} > {"bona_fide"}
    assert verdicts.differences(ours, theirs) == []


def test_a_model_cut_short_is_refused_where_the_runtime_alone_would_crash(python, tmp_path):
    (tmp_path / "model.tflite").write_bytes(released_model().read_bytes()[:9000])
    (tmp_path / "board.json").write_text(json.dumps({"profile": "border"}))
    job = {"bursts": [], "board": "board.json", "model": "model.tflite", "inference": "litert"}
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [str(python), "-m", "dermis.tools.replay", str(tmp_path)],
        env=environment.environment_variables(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and "cut short" in done.stderr and "Traceback" not in done.stderr


def test_the_same_verdict_of_what_stands_before_it_now(python):
    """The whole module as the twin has it, by the Coral's Python and LiteRT: the same light, the same burst, the same
    evidence to the last digit."""
    assert python
    ((ours, theirs),) = live.compared({"face": lambda _twin: None}, provider="dermis_hw.twin.synthetic:face").values()
    assert ours["verdict"] == "bona_fide" and len(ours["evidence"]) > 20
    assert verdicts.differences([ours], [theirs]) == []
