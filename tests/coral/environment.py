"""An environment with tflite-runtime, which needs numpy below 2 and a Python below 3.12: nothing else can share it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.coral import runner

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "coral-venv"
# As hw/coral/requirements.txt, and what its simulated board and the reader of recordings need beside it.
INFERENCE = ("tflite-runtime==2.14.0", "numpy==1.26.4")
PACKAGES = (
    *(*INFERENCE, "gpiod==2.5.0", "smbus2==0.6.1", "pyserial==3.5"),
    *("cryptography==50.0.2", 'tomli==2.5.0;python_version<"3.11"', "linuxpy==0.25.0"),
)
NEWEST, OLDEST = (3, 11), (3, 10)  # tflite-runtime has no wheel for newer ones, Dermis runs on no older
INSTALL_LIMIT_S = 300


class Unavailable(Exception):
    """There is no such environment and none can be made; the message says why."""


def base_python() -> str | None:
    """A Python that can have tflite-runtime; None without one."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    return next((found for found in map(shutil.which, names) if found), None)


def coral_python() -> Path:
    """The environment's Python; made when it is not there, or not with these packages. Raises Unavailable."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with open(FOLDER.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        return _made()


def _made() -> Path:
    python, stamp = FOLDER / "bin" / "python", FOLDER / "packages"
    if python.exists() and stamp.exists() and stamp.read_text().split() == list(PACKAGES):
        return python
    base = base_python()
    if base is None:
        raise Unavailable(
            f"tflite-runtime has no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}, and no older Python "
            "is on PATH; install python3.11"
        )
    shutil.rmtree(FOLDER, ignore_errors=True)
    for command in (
        [base, "-m", "venv", str(FOLDER)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise Unavailable(f"the environment with tflite-runtime cannot be made: {last}")
    stamp.write_text("\n".join(PACKAGES))
    return python


def environment_variables() -> dict[str, str]:
    """Those that let that Python find the firmware, and nothing of this environment."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "firmware"), "PYTHONNOUSERSITE": "1"}


def whole_variables() -> dict[str, str]:
    """The same with the tests and what they need of the host, for the whole firmware."""
    folders = [ROOT, *[ROOT / name for name in ("firmware", "host_tools", "hw", "models")]]
    return {**environment_variables(), "PYTHONPATH": ":".join(map(str, folders))}


def run(
    model: Path,
    inputs: list[np.ndarray],
    kernels: tuple[str, ...],
    command: list[str] | None = None,
    variables: dict[str, str] | None = None,
) -> dict[str, tuple[str, np.ndarray, list[float]]]:
    """kernels -> (backend, the first outputs as int8 (batch,), us of each inference), by tflite-runtime.

    inputs: each int8 (batch, ...), in the model's order; the model's first output is one int8. command, variables:
    of another Python that has it. Raises Unavailable.
    """
    command = command or [str(coral_python())]
    with tempfile.TemporaryDirectory(prefix="dermis-coral-") as name:
        folder = Path(name)
        names = [f"input_{index}.bin" for index in range(len(inputs))]
        for file, array in zip(names, inputs, strict=True):
            (folder / file).write_bytes(np.ascontiguousarray(array).tobytes())
        job = {"model": str(model), "inputs": names, "batch": len(inputs[0]), "kernels": kernels}
        (folder / "job.json").write_text(json.dumps(job))
        subprocess.run(
            [*command, str(Path(runner.__file__)), str(folder)],
            env=variables or environment_variables(),
            check=True,
            stdin=subprocess.DEVNULL,
        )
        result = json.loads((folder / "result.json").read_text())
        return {
            name: (entry["backend"], np.fromfile(folder / f"{name}.bin", np.int8), entry["us"])
            for name, entry in result.items()
        }
