"""Verdicts without being asked."""

from dermis.app.log import INFO
from dermis.app.verification import verification


async def watching(module, period_ms, claim):
    """Verifies again and again and writes each verdict as an event, until the task is cancelled.

    `claim` (SensorClaim, entered) is given back at the end, whatever ends this.
    """
    try:
        while True:
            outcome = await verification(module)
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
            await module.clock.sleep_ms(period_ms)
    finally:
        module.watch = None
        claim.__exit__()
