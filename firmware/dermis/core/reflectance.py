"""Codes to light: linearised, ambient taken off, averaged over cells, set against the white target.

A cell is 5 x 5 pixels, the grid of `dermis.core.depth`: 48 rows of 64 columns. Logarithms are natural, Q14.
"""

from __future__ import annotations

from dermis.core import burst
from dermis.core.native import micropython


def dot_image(frame, dark, linear, out) -> None:
    """The dots without the ambient light: out = isqrt(linear[frame] - linear[dark]), 0 where that is negative.

    frame, dark: codes, 76,800 bytes; linear: array "H" of 256 (code to linear counts); out: bytearray of 76,800.
    The root evens out the noise and fits 8 bits. The calibration makes its `reference` with this same function.
    """
    _dot_kernel(frame, dark, linear, out, burst.FRAME_BYTES)


@micropython.viper
def _dot_kernel(frame: ptr8, dark: ptr8, linear: ptr16, out: ptr8, count: int):  # type: ignore[name-defined] # noqa: F821
    for i in range(count):
        value = linear[frame[i]] - linear[dark[i]]
        root = 0
        if value > 0:
            bit = 1 << 14
            while bit:
                if value >= root + bit:
                    value -= root + bit
                    root = (root >> 1) + bit
                else:
                    root >>= 1
                bit >>= 2
        out[i] = root
