"""Which assembler kernels of `kernels_xtensa` take the place of viper ones, if any.

On an ESP32-S3 they are installed when `depth` is imported; a test may install an object with the same functions.
Everywhere else nothing here does anything, and `kernels_xtensa` is never imported. It must be so: only mpy-cross
compiles that file, so a module whose firmware was copied as source keeps the viper kernels.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from dermis.core import depth_kernels, face_kernels, shape
from dermis.core.native import SPARE_WORDS

if TYPE_CHECKING:
    from typing import Any

XTENSAWIN = 10  # Ref: MicroPython docs/reference/mpy_files.rst, native architectures
MOST_ARGUMENTS = 4  # of an assembler function; those of one with more come in a block

# Module of the viper kernels, those of few arguments, those of more.
ALIKE = (
    (depth_kernels, ("agree", "extent"), ("seed", "follow", "clear", "look_up")),
    (face_kernels, ("count_depths", "count_columns"), ("largest_body", "fill_gaps", "put", "count_blind")),
    (shape, ("_count", "_residuals", "_farthest", "_range"), ("_sum_products",)),
)
MOST_WORDS = 13  # arguments of `follow`

_replaced: list[Any] = []


def is_xtensawin():
    """Whether this MicroPython runs native code of the architecture that the kernels are for."""
    return getattr(sys.implementation, "_mpy", 0) >> 10 == XTENSAWIN


def room():
    """A block for the arguments of any kernel. "L" is a word of the machine."""
    return array("L", [0] * (MOST_WORDS + SPARE_WORDS))


def in_a_block(kernel, address_of, words):
    """A function of a viper kernel's arguments that calls an assembler kernel with a block of them.

    address_of: gives a buffer's address. words: from `room`; kernels may share it, as none calls another.
    """

    def run(*arguments):
        for place in range(len(arguments)):
            argument = arguments[place]
            words[place] = argument if isinstance(argument, int) else address_of(argument)
        return kernel(words)

    return run


def install(module, wrap):
    """From now on the depth stage runs by `module`'s kernels. wrap: gives one that takes a block its own arguments."""
    remove()
    for home, few, many in ALIKE:
        for name in few + many:
            kernel = getattr(module, name)
            _replaced.append((home, name, getattr(home, name)))
            setattr(home, name, kernel if name in few else wrap(kernel))


def remove():
    """Back to viper."""
    for home, name, original in _replaced:
        setattr(home, name, original)
    del _replaced[:]


def install_for_this_machine():
    """Installs `kernels_xtensa` where it runs and was compiled."""
    if not is_xtensawin():
        return
    try:
        from dermis.core import kernels_xtensa
    except (ImportError, SyntaxError):  # left out of the image, or there as source, which no ESP32 firmware compiles
        return
    from uctypes import addressof

    words = room()
    install(kernels_xtensa, lambda kernel: in_a_block(kernel, addressof, words))
