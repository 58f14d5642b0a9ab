"""A module whose lock's side is switched on, on fakes, and verdicts that a test writes down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import fakes
from dermis.app.lock import service
from dermis.app.module import Module
from dermis.core import cbor

if TYPE_CHECKING:
    from typing import Any

BONA_FIDE = {"verdict": "bona_fide", "reasons": [], "score": 9000}
ATTACK = {"verdict": "attack", "reasons": ["flat", "not_skin_nir"], "score": 100}
NOBODY = {"verdict": "no_decision", "reasons": ["no_face"], "score": 0}
LOOK_MS = 700  # that a verification takes


class LockModule:
    """values: settings by name without their prefix. outcomes: of one verification after the other, the last again and
    again; None instead of one: it fails as nobody foresaw. held: verifications take until it is False."""

    def __init__(self, values, outcomes, drivers=None):
        self.drivers = drivers or fakes.drivers()
        self.drivers.storage.files["settings"] = cbor.dumps({"lock_" + name: values[name] for name in values})
        self.module: Any = Module(self.drivers, dict(fakes.BOARD), None)
        self.side: Any = self.module.lock_side
        self.lock: Any = self.drivers.lock
        self.bus: Any = self.drivers.bus
        self.clock: Any = self.drivers.clock
        self.outcomes = list(outcomes)
        self.looks = []  # when each began
        self.held = False
        service.verification = self._verify

    async def _verify(self, module, time_limit_ms=0):
        self.looks.append(self.clock.now)
        await self.clock.sleep_ms(LOOK_MS)
        while self.held:
            await asyncio.sleep(0.001)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome is None:
            raise ValueError("a bug")
        return dict(outcome)

    def run(self, script, limit_s=20):
        """`script` (a coroutine function) beside the lock's side."""

        async def both():
            task = asyncio.create_task(self.side.run())
            await asyncio.sleep(0.005)  # the inputs at rest are seen
            try:
                await asyncio.wait_for(script(), limit_s)
            finally:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    return

        asyncio.run(both())

    async def seen(self):
        """Inputs are looked at: that is in real time."""
        await asyncio.sleep(4 * service.LOOK_EVERY_S)

    async def until(self, condition, what):
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("waited in vain for " + what)

    def passages(self):
        """How many have a verdict, or failed."""
        log = self.log()
        return log.count('"event": "passage"') + log.count("passage_failed") + log.count("passage_cancelled")

    def of(self, output):
        """(ms, value) of every change of an output."""
        return [(at // 1000, value) for at, name, value in self.lock.history if name == output]

    def log(self):
        return bytes(self.drivers.link.written).decode()
