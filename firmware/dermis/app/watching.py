"""Verdicts without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.log import INFO
from dermis.app.verification import verification
from dermis.core import vocabulary

if TYPE_CHECKING:
    from dermis.app.module import Module
    from dermis.drivers.clock import Clock


async def watching(module: Module, period_ms, claim):
    """Verifies again and again and writes each verdict as an event, until the task is cancelled.

    `claim` (SensorClaim, entered) is given back at the end, whatever ends this. A failure that nobody foresaw ends
    it and is logged: nobody awaits this task.
    """
    clock: Clock = module.clock
    try:
        while True:
            outcome = await verification(module)
            # Nobody there is no passage of the lock's.
            module.judged(outcome, outcome["verdict"] != vocabulary.NO_DECISION)
            module.log.event(
                "verdict",
                INFO,
                verdict=outcome["verdict"],
                reasons=outcome["reasons"],
                score=outcome["score"],
                bursts=outcome["bursts"],
                evidence=outcome["evidence"],
                profile=module.profile.name,
            )
            await clock.sleep_ms(period_ms)
    except Exception as error:  # noqa: BLE001 - whatever it is, silence would look like nobody there
        module.log.failure("watch_failed", error)
    finally:
        module.watch = None
        claim.__exit__()
