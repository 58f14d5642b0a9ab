"""Whole models: instructions on the ESP32-S3's core model, memory on the device, and time on this computer.

The instructions are the same on every computer and in every run. The times are not, so ours and LiteRT's are taken
in the same run, on the same inputs.
"""

from __future__ import annotations

import os

from tests.bench import inference_memory
from tests.bench.inference_instructions import print_instructions
from tests.bench.inference_times import print_times
from tests.xtensa.machine import MISSING, is_installed


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
