"""What the interpreter needs for a model: arena, heap beside it on a 32-bit machine, and time to load.

The bytes are the same on every computer; the times are this computer's. `heap_layout` says how the heap is computed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dermis_host.released import released_model

from tests.campaign.interpreter import environment, micropython

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "tests" / "unit" / "tflite"
LAYOUT = Path(__file__).with_name("heap_layout.py")
REFERENCE = "reference"  # the pack of the reference model
HEAP = "2m"
LOADS = 5  # the median counts
# Goals of issue B, for the reference model.
GOAL_ARENA = 24 * 1024
GOAL_HEAP = 24 * 1024
# The released one has two and a half times as many weights, which the assembler kernels keep in an order of their own.
RELEASED_HEAP = 40 * 1024
GOAL_LOAD_MS = 50


def measure(file: bytes) -> dict[str, Any]:
    """What `heap_layout.measure` finds, for "viper" and for "assembler" kernels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(file)
        result = subprocess.run(
            [micropython(), "-X", f"heapsize={HEAP}", str(LAYOUT), str(path)],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(result.stdout)


def load_ms(file: bytes) -> float:
    """Median under CPython."""
    from dermis.tflite import Model

    times = []
    for _ in range(LOADS):
        start = time.perf_counter()
        Model(file)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def files() -> dict[str, bytes]:
    """The reference model and the released one."""
    sys.path.insert(0, str(PACKS))
    import packs  # pyright: ignore[reportMissingImports]

    return {REFERENCE: packs.read(REFERENCE)[0][1], "released": released_model().read_bytes()}


def main() -> None:
    print(f"{'model, kernels':24}{'MAC':>8}{'file':>8}{'arena':>8}{'heap':>8}   load ms: MicroPython, CPython")
    parts: dict[str, dict[str, int]] = {}
    for name, file in files().items():
        by_kernels = measure(file)
        for kernels in ("viper", "assembler"):
            found = by_kernels[kernels]
            parts[f"{name}, {kernels}"] = found["device_parts"]
            here = f"{load_ms(file):14.1f}" if kernels == "viper" else ""
            print(
                f"{name + ', ' + kernels:24}{found['macs']:8}{found['file']:8}{found['arena']:8}{found['device']:8}"
                f"{found['load_us'] / 1000:17.1f}{here}"
            )
            if found["here"] != found["measured"]:
                raise SystemExit(f"The walk finds {found['here']} bytes, the collector {found['measured']}: mend it.")
    print(f"{'goal':24}{'':16}{GOAL_ARENA:8}{GOAL_HEAP:8}{GOAL_LOAD_MS:17}{GOAL_LOAD_MS:14}")
    for name, sums in parts.items():
        ordered = sorted(sums.items(), key=lambda entry: -entry[1])
        print(f"heap of {name}: " + ", ".join(f"{size} {kind}" for kind, size in ordered))
    print(
        "The heap is bytes beside arena and file on a 32-bit machine: every object that the loaded model reaches, as "
        "MicroPython lays it out, in blocks of 16 bytes. The same walk with this machine's words gives exactly the "
        "collector's count here. The modules' code is not in it: an image has it in flash. Load times are this "
        "computer's; no board has been timed."
    )


if __name__ == "__main__":
    main()
