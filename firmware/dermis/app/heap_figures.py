"""The heap as `statistics heap` tells it."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from dermis.app import heap

if TYPE_CHECKING:
    from typing import Any

_gc: Any = gc  # CPython's has neither mem_free nor mem_alloc


async def figures() -> dict:
    """{"size", "free", "largest"} in bytes, after a collection; all 0 where nobody counts them. Some ten collections,
    between which the other tasks run: a panel or a burst waits for one of them at most, as it always may."""
    free = heap.free()
    size = free + _gc.mem_alloc() if heap.COUNTED else 0
    largest = 0
    for largest in heap.search():  # noqa: B007 - the last one counts
        await asyncio.sleep(0)
    return {"size": size, "free": free, "largest": largest}
