"""The same scenes before two twins: the module by MicroPython, and the same sources by the Coral's Python and LiteRT.

`python -m tests.coral.live [SCENE ...]` does it for rendered scenes (default: all that are built in), some seconds
each. Both twins have the same seed and virtual time, in which computing takes no time, so that both see the same light.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dermis_host import Module
from dermis_host.calibration import at_once
from dermis_host.calibration.operators import TwinOperator
from dermis_hw import scenes
from dermis_hw.twin import Twin

from tests.coral import environment, verdicts
from tests.twin.quick_record import quick_record

SEED = 4711
PIECE = 2048
# Stands where the twin wants a MicroPython: the Coral's Python, and a board file that asks for LiteRT.
STAND_IN = """#!/bin/sh
shift 2 # the heap's size, which CPython does not limit
PYTHONPATH={firmware}
export PYTHONPATH
{python} -c 'import json, os, sys
board = json.load(open(os.environ["DERMIS_BOARD"]))
json.dump({{**board, "inference": "litert"}}, open(sys.argv[1], "w"))' "$DERMIS_BOARD.litert" || exit 1
DERMIS_BOARD=$DERMIS_BOARD.litert
export DERMIS_BOARD
exec {python} "$@"
"""


def stand_in(folder: Path, python: Path) -> Path:
    path = folder / "python-as-micropython"
    path.write_text(
        STAND_IN.format(python=shlex.quote(str(python)), firmware=shlex.quote(str(environment.ROOT / "firmware")))
    )
    path.chmod(0o755)
    return path


@contextmanager
def module(folder: Path, interpreter: str, **options: Any) -> Iterator[tuple[Twin, Module]]:
    """A calibrated module before a scene or a provider, and its twin."""
    twin = Twin(folder, interpreter=interpreter, virtual_time=True, seed=SEED, **options)
    with twin, Module(twin.url) as host:
        if "provider" in options:
            record = quick_record(host.identity())  # before providers' light, which is that of its own targets
            for off in range(0, len(record), PIECE):
                host.calibration_write(off, len(record), record[off : off + PIECE])
        else:
            at_once.calibrate(host, TwinOperator(twin.set_scene), name="live", told=lambda _step: None)
        yield twin, host


def verdict_of(host: Module) -> dict[str, Any]:
    """As `verdicts.differences` compares them."""
    found = host.verify()
    evidence = {name: value for name, value in found.evidence.items() if name != "score"}
    return {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "score": found.score,
        "evidence": evidence,
        "findings": [],
    }


def compared(shown: dict[str, Callable[[Twin], None]], **options: Any) -> dict[str, tuple[dict, dict]]:
    """scene -> (MicroPython's verdict, the Coral's). shown: scene -> what puts it before a twin. Raises Unavailable."""
    python = environment.coral_python()
    found: dict[str, list[dict]] = {name: [] for name in shown}
    with tempfile.TemporaryDirectory(prefix="dermis-live-") as name:
        folder = Path(name)
        for kind, interpreter in (("micropython", "auto"), ("coral", str(stand_in(folder, python)))):
            with module(folder / kind, interpreter, **options) as (twin, host):
                for scene, show in shown.items():
                    show(twin)
                    found[scene].append(verdict_of(host))
    return {scene: (ours, theirs) for scene, (ours, theirs) in found.items()}


def main(names: list[str]) -> int:
    paths = {name: scenes.builtin(name) for name in names or scenes.builtins()}
    shown = {name: (lambda twin, path=path: twin.set_scene(path)) for name, path in paths.items()}
    first = next(iter(paths.values()))
    worst = 0
    for name, (ours, theirs) in compared(shown, scene=first).items():
        differences = verdicts.differences([ours], [theirs])
        worst |= bool(differences)
        score = f"{ours['score']} and {theirs['score']}"
        print(f"{name:28} {ours['verdict']:12} scores {score:16} {'; '.join(differences) or 'the same'}")
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
