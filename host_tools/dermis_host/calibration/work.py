"""The folder of a run: finished steps are kept, so that a run that was cut short is taken up where it stood.

What is kept is bound to the module, its sensors and firmware, the fixture and these tools, and to its own bytes: kept
steps of anything else, altered or too old, are refused, never mixed in.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dermis_host import files
from dermis_host.calibration.procedure import TOOL
from dermis_host.calibration.steps import Step, StepData, load
from dermis_host.errors import HostError, UsageError

try:
    import fcntl
except ImportError:  # Windows: there a port is opened once, which keeps a second run away as well
    fcntl = None

FORMAT = 1
BOUND = "bound.json"  # what the steps belong to, and the digests of their files
LOCK = "lock"
# Targets are moved, rooms warm up: what was measured a shift ago is measured again.
KEPT_HOURS = 12
RECORD, REPORT, SUMMARY = "record.cal", "report.html", "report.json"
FRESH = "add --fresh to start over"

MEANING = {
    "serial": "another module",
    "imager": "another imager",
    "swir": "another SWIR head",
    "firmware": "another firmware",
    "fixture": "another fixture",
    "fixture_hash": "another certificate of the fixture",
    "tool": "another version of these tools",
}


class StaleWork(UsageError):
    """What is kept in the folder cannot be taken up."""


@dataclass(frozen=True)
class Binding:
    """What kept steps belong to."""

    serial: str
    imager: str
    swir: str
    firmware: str
    fixture: str
    fixture_hash: str
    tool: str = TOOL


class Work:
    """The kept steps of one run. `folder` holds the results, `folder/work` the steps."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._work = folder / "work"
        self._bound: dict[str, Any] = {}

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else works in the folder meanwhile. Raises UsageError when somebody does, HostError when none can be
        made."""
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            lock = open(self._work / LOCK, "w")
        except OSError as problem:
            raise HostError(f"{self._work} cannot be made: {problem.strerror or problem}.") from None
        with lock:
            try:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    f"Another calibration works in {self.folder}: end it, or name another folder with --output."
                ) from None
            yield

    def start_over(self) -> None:
        """Forget what is kept, and the results of the run before."""
        for path in self._work.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
        self._forget_results()

    def _forget_results(self) -> None:
        """So that nothing of an earlier run can be committed while its steps are taken again."""
        for name in (RECORD, REPORT, SUMMARY):
            (self.folder / name).unlink(missing_ok=True)

    def scene_before(self) -> str | None:
        """What stood before the twin when the run that was cut short began."""
        bound = self._read()
        scene = bound.get("scene")
        if not isinstance(scene, str | None):
            raise StaleWork(f"{self._work / BOUND} names no scene: {FRESH}.")
        return None if bound.get("finished") else scene

    def take_up(
        self, binding: Binding, now: datetime, scene: str | None = None, redo: Sequence[str] = ()
    ) -> dict[str, StepData]:
        """The finished steps by name; binds a folder that holds none. A run that was whole is begun anew, unless some
        of its steps are to be taken again (`redo`). Raises StaleWork with what to do."""
        bound = self._read()
        if not bound.get("steps") or (bound.get("finished") and not redo):
            self.start_over()
            self._bound = {"format": FORMAT, **vars(binding), "started": _text(now), "scene": scene, "steps": {}}
            self._write()
            return {}
        self._bound = bound
        for name, meaning in MEANING.items():
            if bound.get(name) != getattr(binding, name):
                raise StaleWork(
                    f"{self._work} holds steps of {meaning} ({bound.get(name)} instead of {getattr(binding, name)}): "
                    f"{FRESH}, or name another folder with --output."
                )
        age = now - _time(bound, self._work)
        if not timedelta() <= age <= timedelta(hours=KEPT_HOURS):
            raise StaleWork(
                f"{self._work} holds steps of {bound['started']}, which is not within the last {KEPT_HOURS} hours: "
                f"{FRESH}."
            )
        kept = {name: self._load(name) for name in bound["steps"] if name not in redo}
        self._forget_results()
        bound.pop("finished", None)
        bound["steps"] = {name: bound["steps"][name] for name in kept}
        self._write()
        return kept

    def keep(self, step: Step, data: StepData) -> None:
        """The step is finished: its bursts, then its entry, so that a cut leaves it whole or not there. A step in which
        the module refused a burst is not kept: it must be taken again."""
        if data.refused:
            return
        folder = self._work / step.name
        if folder.exists():
            shutil.rmtree(folder)
        data.save(folder)
        self._bound["steps"][step.name] = _digests(folder)
        self._write()

    def finish(self) -> None:
        """The run is whole: the next one begins anew, or takes single steps again."""
        self._bound["finished"] = True
        self._write()

    def _load(self, name: str) -> StepData:
        folder = self._work / name
        if _digests(folder) != self._bound["steps"][name]:
            raise StaleWork(f"The step {name} in {self._work} was altered since it was measured: {FRESH}.")
        data = load(folder)
        if data is None:
            raise StaleWork(f"The step {name} in {self._work} is not whole: {FRESH}.")
        return data

    def _read(self) -> dict[str, Any]:
        path = self._work / BOUND
        try:
            bound = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise StaleWork(f"{path} cannot be read: {FRESH}.") from None
        if not isinstance(bound, dict) or bound.get("format") != FORMAT or not isinstance(bound.get("steps"), dict):
            raise StaleWork(f"{path} is of another version of these tools: {FRESH}.")
        return bound

    def _write(self) -> None:
        with files.whole(self._work / BOUND) as file:
            file.write((json.dumps(self._bound, indent=1) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a step."""
    if not folder.is_dir():
        return {}
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _time(bound: dict[str, Any], where: Path) -> datetime:
    try:
        return datetime.strptime(bound["started"], "%Y-%m-%dT%H:%M:%S%z")
    except (KeyError, TypeError, ValueError):
        raise StaleWork(f"{where} does not say when its steps were measured: {FRESH}.") from None
