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

import sys

from . import depthwise, moves, pairs, reductions, windows
from .writing import PACKAGE, command, module

TARGET = PACKAGE / "tflite" / "kernels_xtensa.py"
WHAT = "Assembler kernels for Xtensa cores with MAC16, MULSH, CLAMPS and loops: those of the ESP32-S3."


def text() -> str:
    kernels = (*windows.kernels(), *depthwise.kernels(), *moves.kernels(), *reductions.kernels(), *pairs.kernels())
    return module(WHAT, "write_kernels.py", kernels)


if __name__ == "__main__":
    sys.exit(command(__doc__, TARGET, text()))
