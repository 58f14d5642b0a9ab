"""Writes `firmware/dermis/tflite/kernels_xtensa.py`, the assembler kernels of the ESP32-S3.

    python -m xtensa.write_kernels           writes the file
    python -m xtensa.write_kernels --print   prints it

What the kernels share:

* An activation is a byte raised by 128, as everywhere in the arena; weights are int16, scaled up by a power of two,
  and lie channel by channel in the order in which they are read, requantisation included (see `ops/prepared.py`,
  which prepares them and says why no accumulator overflows).
* A product of MAC16 costs one instruction, and its operands are loaded within it, from pointers that are advanced
  before they are used: hence the `- 4` in front of a pointer's first use.
* "signed" kernels round negative results as TensorFlow Lite does; the others are for outputs whose zero point is the
  lowest value, where every negative result is clamped anyway.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import depthwise, moves, pairs, reductions, windows

TARGET = Path(__file__).resolve().parents[1] / "dermis" / "tflite" / "kernels_xtensa.py"
HEAD = '''"""Assembler kernels for Xtensa cores with MAC16, MULSH, CLAMPS and loops: those of the ESP32-S3.

Written by firmware/xtensa/write_kernels.py, which says what they do; do not edit.
"""

# ruff: noqa
# pyright: basic, reportUndefinedVariable=false, reportUnusedExpression=false

import micropython
'''


def text() -> str:
    kernels = (*windows.kernels(), *depthwise.kernels(), *moves.kernels(), *reductions.kernels(), *pairs.kernels())
    return "\n\n".join([HEAD, *(kernel.text() + "\n" for kernel in kernels)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true")
    if parser.parse_args().print:
        sys.stdout.write(text())
    else:
        TARGET.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
