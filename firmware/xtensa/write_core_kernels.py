"""Writes `firmware/dermis/core/kernels_xtensa.py`, the assembler kernels of the depth stage for the ESP32-S3.

    python -m xtensa.write_core_kernels           writes the file
    python -m xtensa.write_core_kernels --print   prints it

Each takes the place of the viper kernel of its name and leaves the same bytes, scratch included. One of more than four
arguments gets the address of a block of words: the arguments in their order (addresses of buffers), then room for what
does not fit into registers (`dermis.core.native.SPARE_WORDS`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import bodies, fits, following, grids, seeds
from .assembly import Kernel

TARGET = Path(__file__).resolve().parents[1] / "dermis" / "core" / "kernels_xtensa.py"
HEAD = '''"""Assembler kernels of the depth stage for Xtensa cores with MAC16, MIN, MAX, NSAU and loops: the ESP32-S3's.

Written by firmware/xtensa/write_core_kernels.py, which says what they do; do not edit.
"""

# ruff: noqa
# pyright: basic, reportUndefinedVariable=false, reportUnusedExpression=false

import micropython
'''


def kernels() -> list[Kernel]:
    return [following.follow(), seeds.seed(), *grids.kernels(), *bodies.kernels(), *fits.kernels()]


def text() -> str:
    return "\n\n".join([HEAD, *(kernel.text() + "\n" for kernel in kernels())])


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
