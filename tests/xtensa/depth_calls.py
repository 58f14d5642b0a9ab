"""What the depth stage of one recorded burst costs on the core model, and the record of it that a change must not
exceed unsaid.

The stage is everything between the dot image and the shape of the face: search, refinement, triangulation,
segmentation, fits. `python -m tests.xtensa.depth_calls "reason"` measures and writes depth_counts.json.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from dermis.core import assembler, burst, calibration, depth_kernels, depth_reference, face_kernels, fixed, shape
from dermis.core.analysis import Analyser
from dermis_host.recording import Recording, load

from tests.xtensa.analysis_calls import Call, recording, replay, source
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.mpy import native_functions, viper_functions
from tests.xtensa.rig import Rig

STAGE = ("depth", "face", "shape")  # the modules that ask
SOURCES = tuple(source(module) for module in (depth_kernels, depth_reference, face_kernels, shape, fixed))
OWN = (depth_kernels, depth_reference, shape)  # whose counts are recorded; the others belong to other stages, too
ASSEMBLER_SOURCE = source(assembler).with_name("kernels_xtensa.py")
ASSEMBLER_KERNELS = tuple(native_functions(ASSEMBLER_SOURCE.read_text()))
PREFIX = "asm."  # of an assembler kernel's name in a rig
BY_ASSEMBLER = ", assembler"  # behind a recording's name in the record
RECORD = Path(__file__).with_name("depth_counts.json")
RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDED = ("bona_fide_light", "empty")
HOW = 'record it, with its reason: python -m tests.xtensa.depth_calls "reason"'


class Differs(Exception):
    """A kernel leaves other bytes on the core than under CPython."""


def record(recorded: Recording) -> list[Call]:
    """The stage's calls in order of analysing that burst; its calibration record was adopted before."""
    analyser = Analyser(recorded.board)
    taken = burst.from_header(recorded.meta)
    taken.frames = {name: pixels.tobytes() for name, pixels in recorded.frames.items()}
    adopted = calibration.decode(recorded.calibration)
    analyser.analyse(taken, adopted)
    with recording() as calls:
        analyser.analyse(taken, adopted)
    return [call for call in calls if call.asked_by in STAGE]


def record_reference(recorded: Recording) -> list[Call]:
    """The calls of adopting a reference: once a calibration record, not once a burst."""
    analyser = Analyser(recorded.board)
    with recording() as calls:
        analyser.mapper.set_reference(calibration.decode(recorded.calibration).reference)
    return calls


def rig() -> Rig:
    """A rig with both kinds of kernels."""
    return Rig(SOURCES, prefixed={PREFIX: ASSEMBLER_SOURCE})


def count(rig: Rig, calls: list[Call], assembled: bool = False) -> Counter[str]:
    """Kernel -> instructions of all its calls, by the assembler kernel where `assembled` and there is one.

    Raises Differs.
    """
    counted: Counter[str] = Counter()
    for call in calls:
        prefix = PREFIX if assembled and call.kernel in ASSEMBLER_KERNELS else ""
        same, instructions = replay(rig, call, prefix)
        if not same:
            raise Differs(f"{prefix}{call.kernel} leaves other bytes on the core than under CPython.")
        counted[call.kernel] += instructions
    return counted


def measure() -> dict[str, dict[str, int]]:
    """Recording -> kernel of `OWN` -> instructions; and behind `BY_ASSEMBLER`, of the assembler kernels."""
    own = {name for module in OWN for name in viper_functions(source(module).read_text())}
    measured = {}
    with rig() as both:
        for name in RECORDED:
            calls = record(load(RECORDINGS / f"{name}.npz"))
            of_viper = count(both, [call for call in calls if call.kernel in own])
            measured[name] = dict(sorted(of_viper.items()))
            of_assembler = count(both, [call for call in calls if call.kernel in ASSEMBLER_KERNELS], assembled=True)
            measured[name + BY_ASSEMBLER] = dict(sorted(of_assembler.items()))
        reference = record_reference(load(RECORDINGS / f"{RECORDED[0]}.npz"))
        measured["reference"] = dict(sorted(count(both, reference).items()))
    return measured


def known() -> dict[str, dict[str, int]]:
    return json.loads(RECORD.read_text())["counts"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].strip():
        print('usage: python -m tests.xtensa.depth_calls "reason"', file=sys.stderr)
        return 2
    if not is_installed():
        print(MISSING, file=sys.stderr)
        return 1
    reasons = json.loads(RECORD.read_text())["reasons"] if RECORD.exists() else []
    RECORD.write_text(json.dumps({"reasons": [*reasons, arguments[0]], "counts": measure()}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
