"""The `micropython` module for shared sources, raw views of buffers, and a clock for the profile.

A kernel is a small function under `@micropython.viper`. Under CPython the decorator does nothing and the
same lines run as plain Python, so a kernel keeps to what both agree on:

* arguments annotated `ptr8` and `ptr32` are only ever indexed (no pointer arithmetic);
* a value stored through a pointer already fits it (viper would truncate, CPython raises);
* viper's `ptr32` load zero-extends on a 64-bit machine and sign-extends under CPython, so a negative value
  from a table is only used modulo 2**32: added, then brought into range by the requantisation, which looks
  at the low 32 bits only.
"""

import sys
from array import array

try:
    import micropython
except ImportError:  # CPython

    class _Micropython:
        @staticmethod
        def viper(function):
            return function

    micropython = _Micropython()

TYPE_CHECKING = False  # True for a type checker; a stock MicroPython has no `typing`, and this folder no stand-in

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr32 = Any
else:
    # Viper knows these words itself; CPython looks them up where they annotate a kernel.
    ptr8 = ptr32 = None

IS_MICROPYTHON = sys.implementation.name == "micropython"

WIDE = sys.maxsize > 1 << 32
"""Whether viper's words have 64 bits (plain Python's are never too short), so that `kernels_wide` is right.
Read where a layer is built: tests set it to False to see what a microcontroller runs."""

if IS_MICROPYTHON:
    from time import ticks_diff, ticks_us  # type: ignore[attr-defined]
else:
    from time import perf_counter_ns  # type: ignore[attr-defined]

    def ticks_us():
        """Microseconds from an arbitrary start."""
        return perf_counter_ns() // 1000

    def ticks_diff(later, earlier):
        """Microseconds between two readings of `ticks_us`."""
        return later - earlier


def octets(buffer):
    """A view of `buffer` (bytes, bytearray, memoryview, array) that a kernel may index as unsigned bytes.

    Viper takes the address and needs no view of bytes; CPython needs one whatever the buffer's own item type is.
    """
    view = memoryview(buffer)
    return view if IS_MICROPYTHON or (view.format == "B" and view.ndim == 1) else view.cast("B")


def words(view):
    """The same bytes as `view`, which a kernel may index as 32-bit integers; their number is a multiple of 4."""
    return view if IS_MICROPYTHON else view.cast("i")


def as_int32(value):
    """`value` modulo 2**32, as a signed 32-bit integer."""
    return ((value + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def int32_array(values):
    """`values` modulo 2**32 as an array for `ptr32`."""
    return array("i", [as_int32(value) for value in values])
