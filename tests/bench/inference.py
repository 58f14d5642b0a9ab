"""The shipped model: instructions of each kernel call on the ESP32-S3's core model, and time on this computer.

The instructions are the same on every computer and in every run. The times are not, so ours and LiteRT's are taken
in the same run, on the same inputs.
"""

from __future__ import annotations

import os
from typing import Any

from dermis_host.released import released_model

from tests.bench import inference_memory
from tests.bench.golden import golden_inputs
from tests.bench.inference_times import print_times
from tests.xtensa import calls
from tests.xtensa.machine import CORE, MISSING, is_installed
from tests.xtensa.rig import Rig

WEIGHTED = ("conv", "depthwise")  # kernels that multiply and accumulate
# Goals of issue B, stated for convolutions, depthwise ones and fully connected layers, and for all native code.
GOAL_A_MAC = 3.0
GOAL_INSTRUCTIONS = 650_000


def print_instructions() -> None:
    recorded, _, model = calls.record(released_model().read_bytes(), [array[0].tobytes() for array in golden_inputs()])
    profile: list[dict[str, Any]] = model.profile()
    total = macs = weighted = 0
    print(f"{'operator':20} {'output':16} {'kernel':10} {'MAC':>8} {'instructions':>12} {'a MAC':>6}")
    with Rig(calls.SOURCES) as rig:
        for call in recorded:
            if call.step == calls.LOADING:
                continue
            outcome = rig.call(call.kernel, call.arguments, call.before)
            if outcome.buffers != call.after:
                raise SystemExit(f"{call.kernel} gives other bytes on the core model: see tests/xtensa.")
            of_model = not 0 <= call.step < len(profile)
            place = "(input)" if call.step == calls.INPUTS else "(output)" if of_model else profile[call.step]["op"]
            shape = "" if of_model else "x".join(str(count) for count in profile[call.step]["shape"])
            count, ratio = "", ""
            if call.kernel in WEIGHTED:
                here = profile[call.step]["macs"]
                count, ratio = str(here), f"{outcome.instructions / here:.2f}"
                macs += here
                weighted += outcome.instructions
            total += outcome.instructions
            print(f"{place:20} {shape:16} {call.kernel:10} {count:>8} {outcome.instructions:12} {ratio:>6}")
    print(f"multiplying kernels: {macs} MAC, {weighted} instructions, {weighted / macs:.2f} a MAC (goal {GOAL_A_MAC})")
    print(f"all kernels of one inference: {total} instructions (goal {GOAL_INSTRUCTIONS})")
    print(
        f"Counted exactly on QEMU's {CORE}; the Python between the kernels is not in it. Milliseconds on the ESP32-S3 "
        "are not known: no board has been timed."
    )


def main() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if is_installed():
        print_instructions()
    else:
        print(MISSING)
    print()
    inference_memory.main()
    print()
    print_times()


if __name__ == "__main__":
    main()
