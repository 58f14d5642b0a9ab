"""The committed recordings through the device's code with one back end or another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from dermis_host import device_code
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_host.replaying import replay

from tests.coral import environment
from tests.coral.tensors import RECORDINGS

STEP = 10000 // 256 + 1  # of the score, rounded up: what one step of the model's output makes


def verdicts(names: list[str], inference: str, python: Path | None = None) -> list[dict[str, Any]]:
    """One result a recording. python: a CPython to run it in; MicroPython without one."""
    run = device_code.run

    def with_back_end(module, folder, job, **options):
        return run(module, folder, {**job, "inference": inference}, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_code, "run", with_back_end)
        if python is not None:
            patch.setattr(device_code, "find_micropython", lambda: None)
            patch.setattr(sys, "executable", str(python))
            for name, value in environment.environment_variables().items():
                patch.setenv(name, value)
        return replay([load(RECORDINGS / f"{name}.npz") for name in names], released_model())


def differences(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[str]:
    """What of two lists of results is not the same, or further apart than one step of the model's output."""
    found = []
    for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        for key in ("verdict", "reasons", "evidence", "findings"):
            if one[key] != other[key]:
                found.append(f"recording {index}: {key} {one[key]} and {other[key]}")
        if (one["score"] is None) != (other["score"] is None) or abs(
            (one["score"] or 0) - (other["score"] or 0)
        ) > STEP:
            found.append(f"recording {index}: score {one['score']} and {other['score']}")
    return found
