"""NIST's and Wycheproof's vectors, under CPython and under MicroPython: every verdict as published."""

import json
import subprocess
from pathlib import Path

import pytest
import signature_vectors
from dermis.core import p256
from dermis_host.device_code import Interpreter

ALL = signature_vectors.nist() + signature_vectors.wycheproof()


def test_the_vectors_are_there():
    assert len(signature_vectors.nist()) == 30
    assert len(signature_vectors.wycheproof()) >= 484
    assert sum(not vector.valid for vector in ALL) >= 322


def test_every_verdict_is_as_published():
    wrong = [
        vector.name for vector in ALL if p256.verify(vector.public, vector.digest, vector.signature) != vector.valid
    ]
    assert wrong == []


def test_every_verdict_is_the_same_under_micropython(tmp_path):
    interpreter = Interpreter("2m")
    if not interpreter.is_micropython:
        pytest.skip("no micropython for this platform; DERMIS_MICROPYTHON names one")
    cases = [[part.hex() for part in (vector.public, vector.digest, vector.signature)] for vector in ALL]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    finished = subprocess.run(
        [*interpreter.command, str(Path(__file__).with_name("verify_vectors.py")), str(tmp_path / "cases.json")],
        env=interpreter.environment,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [vector.valid for vector in ALL]


@pytest.mark.parametrize(("result", "public", "valid"), signature_vectors.nist_keys())
def test_nists_keys(result, public, valid):
    assert (public is not None and p256.valid_key(public)) == valid, result
