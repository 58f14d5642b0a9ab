"""What an inference costs on the core model, and the record of it that a change must not exceed unsaid.

python -m tests.xtensa.counts "reason"   measures and writes counts.json; the reason says why it changed
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.xtensa import calls, on_the_core
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.rig import Rig
from tests.xtensa.vectors import REFERENCE, SHIPPED, Vector, vector

RECORD = Path(__file__).with_suffix(".json")
RECORDED = (SHIPPED, REFERENCE, "residual", "wide_dense")
HOW = 'record it, with its reason: python -m tests.xtensa.counts "reason"'
SLACK = 0.98  # of a recorded count: one further below is worth recording, or later growth back to it goes unseen


def measure(rig: Rig, model: Vector) -> dict[str, int]:
    """Instructions by kernel of one inference, loading left out; "total" is their sum."""
    with on_the_core.running(rig) as core:
        outputs, _ = on_the_core.infer(core, model.file, model.inputs)
    if b"".join(outputs) != model.outputs:
        raise ValueError(f"{model.name} gives other outputs on the core model: see tests/xtensa.")
    found: Counter[str] = Counter()
    for count in core.counts:
        if count.step != calls.LOADING:
            found[count.kernel if count.assembler else f"viper {count.kernel}"] += count.instructions
    return {**dict(sorted(found.items())), "total": sum(found.values())}


def recorded() -> dict[str, dict[str, int]]:
    return json.loads(RECORD.read_text())["counts"]


def differences(name: str, found: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    """What of a model's counts asks for a new record, a sentence each."""
    said = []
    for kernel in sorted({*found, *known}):
        now, before = found.get(kernel, 0), known.get(kernel, 0)
        if now > before:
            said.append(f"{name}: {kernel} takes {now} instructions, recorded are {before}; {HOW}")
        elif now < before * SLACK:
            said.append(f"{name}: {kernel} takes only {now} instructions, recorded are {before}; {HOW}")
    return said


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].strip() or arguments[0].startswith("-"):
        print('usage: python -m tests.xtensa.counts "reason"', file=sys.stderr)
        return 2
    if not is_installed():
        print(MISSING, file=sys.stderr)
        return 1
    reasons = json.loads(RECORD.read_text())["reasons"] if RECORD.exists() else []
    with on_the_core.rig() as rig:
        found = {name: measure(rig, vector(name)) for name in RECORDED}
    content = {"reasons": [*reasons, arguments[0]], "counts": found}
    RECORD.write_text(json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
