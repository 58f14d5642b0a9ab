"""Which kernels of `kernels_xtensa` take the place of viper ones, if any.

On an ESP32-S3 they are installed when the package is imported; a test may install an object with the same functions.
Everywhere else nothing here does anything, and `kernels_xtensa` is never imported. It must be so: only mpy-cross
compiles that file, so a module whose firmware was copied as source keeps the viper kernels.
"""

import sys

from . import kernels_moves, kernels_simple
from .native import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

XTENSAWIN = 10  # Ref: MicroPython docs/reference/mpy_files.rst, native architectures

# Kernels with the arguments of the viper kernels of the same names.
ALIKE = (
    (kernels_moves, ("flip", "copy_bytes", "fill", "look_up", "copy")),
    (kernels_simple, ("mean", "pool")),
)

kernels: "Any" = None
"""What is installed: an object with the functions of `kernels_xtensa`. `ops.assembled` reads it when a model loads."""

_replaced = []


def is_xtensawin():
    """Whether this MicroPython runs native code of the architecture that the kernels are for."""
    return getattr(sys.implementation, "_mpy", 0) >> 10 == XTENSAWIN


def install(module):
    """From now on models run by `module`'s kernels where these fit; models loaded before keep their own loops."""
    global kernels
    remove()
    for home, names in ALIKE:
        for name in names:
            _replaced.append((home, name, getattr(home, name)))
            setattr(home, name, getattr(module, name))
    kernels = module


def remove():
    """Back to viper, for models that are loaded from now on; those loaded with other kernels cannot run any more."""
    global kernels
    for home, name, original in _replaced:
        setattr(home, name, original)
    del _replaced[:]
    kernels = None


def install_for_this_machine():
    """Installs `kernels_xtensa` where it runs and was compiled."""
    if not is_xtensawin():
        return
    try:
        from . import kernels_xtensa
    except (ImportError, SyntaxError):  # left out of the image, or there as source, which no ESP32 firmware compiles
        return
    install(kernels_xtensa)
