"""How long the other tasks of the firmware wait for their turn while a driver works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def measured(work: Callable[[], Awaitable], now_us: Callable[[], int], turns: list[int]) -> Any:
    """The work's result; `turns` gets the time between any two turns of a task that wants one every millisecond."""

    async def other() -> None:
        last = now_us()
        while True:
            await asyncio.sleep(0.001)
            now = now_us()
            turns.append(now - last)
            last = now

    beside = asyncio.ensure_future(other())
    try:
        await asyncio.sleep(0)
        return await work()
    finally:
        await asyncio.sleep(0.002)  # one that never had its turn has waited until now
        beside.cancel()
