"""Writes `firmware/dermis/core/kernels_xtensa.py`, the assembler kernels of the depth stage for the ESP32-S3.

    python -m xtensa.write_core_kernels           writes the file
    python -m xtensa.write_core_kernels --print   prints it

Each takes the place of the viper kernel of its name and leaves the same bytes, scratch included. One of more than four
arguments gets the address of a block of words: the arguments in their order (addresses of buffers), then room for what
does not fit into registers (`dermis.core.native.SPARE_WORDS`).
"""

from __future__ import annotations

import sys

from . import bodies, fits, following, grids, seeds
from .assembly import Kernel
from .writing import PACKAGE, command, module

TARGET = PACKAGE / "core" / "kernels_xtensa.py"
WHAT = "Assembler kernels of the depth stage for Xtensa cores with MAC16, MIN, MAX, NSAU and loops: the ESP32-S3's."


def kernels() -> list[Kernel]:
    return [following.follow(), seeds.seed(), *grids.kernels(), *bodies.kernels(), *fits.kernels()]


def text() -> str:
    return module(WHAT, "write_core_kernels.py", kernels())


if __name__ == "__main__":
    sys.exit(command(__doc__, TARGET, text()))
