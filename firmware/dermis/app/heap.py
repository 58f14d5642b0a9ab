"""How the heap is kept usable: MicroPython's collector moves nothing, so what lies scattered stays scattered."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_gc: Any = gc  # CPython's has neither threshold nor mem_free
COUNTED = hasattr(gc, "mem_free")
# Without a limit, collection waits until the heap is full, and by then rubbish lies between the big buffers. Where code
# is loaded, what stays is mixed with rubbish most: collecting often packs it. In service a collection, which looks at
# every word of every buffer, may take as long as half a frame, so that it comes seldom.
LOADING, SERVING = 16 * 1024, 128 * 1024  # bytes allocated between two collections
LARGEST_STEP = 4 * 1024  # to which `largest` tells apart


def load():
    """Call before code is loaded, and first of all."""
    _limit(LOADING)
    gc.collect()


def serve():
    """Call when what was loaded is in use, and nothing is loaded any more."""
    _limit(SERVING)


def _limit(size):
    if COUNTED:
        _gc.threshold(size)


def free() -> int:
    """Bytes left after a collection; 0 where nobody counts them."""
    gc.collect()
    return _gc.mem_free() if COUNTED else 0


def largest() -> int:
    """Bytes of the largest free piece, down to a multiple of `LARGEST_STEP`; 0 where nobody counts them."""
    found = 0
    for found in search():  # noqa: B007 - the last one counts
        pass
    return found


def search():
    """The same step by step: yields what is known to fit, last of all the largest. Each step is a collection, between
    which others may run."""
    least, most = 0, free() // LARGEST_STEP
    while least < most:
        yield least * LARGEST_STEP
        steps = (least + most + 1) // 2
        if _fits(steps * LARGEST_STEP):
            least = steps
        else:
            most = steps - 1
        gc.collect()
    yield least * LARGEST_STEP


def _fits(size):
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True


def read_whole(path: str) -> bytearray:
    """A file's bytes in one piece of exactly its size (reading without a size grows a buffer again and again).

    Raises OSError.
    """
    data = bytearray(os.stat(path)[6])
    with open(path, "rb") as file:
        count = file.readinto(data)
    return data if count == len(data) else data[:count]
