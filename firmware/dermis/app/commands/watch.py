import asyncio

from dermis.app import settings
from dermis.app.sensor_claim import SensorClaim
from dermis.app.watching import watching
from dermis.core.errors import RC_BUSY, RC_INVALID, WireError

LONGEST_PERIOD_MS = 3_600_000
BY_SETTING = -1


async def handle(module, request):
    period_ms = request["period_ms"]
    if period_ms == BY_SETTING:
        period_ms = module.settings.get(settings.WATCH_PERIOD)
    if not 0 <= period_ms <= LONGEST_PERIOD_MS:
        raise WireError(RC_INVALID, "period_ms must lie within 0 and %d" % LONGEST_PERIOD_MS)
    if module.watch is not None:
        await _stop(module.watch)
    if request["on"] and module.lock_side and module.lock_side.asks:
        raise WireError(
            RC_BUSY,
            "the lock's side asks for passages, and a host that watches would keep the sensors from them, also when it "
            "has gone; read the lines `passage`, or set lock_start to host and lock_osdp to off, and reset the module",
        )
    if request["on"]:
        claim = SensorClaim(module, "watch")
        claim.__enter__()
        module.watch = asyncio.create_task(watching(module, period_ms, claim))
        # The task must have started before it can be cancelled cleanly.
        await asyncio.sleep(0)
    return {"on": request["on"]}


async def _stop(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
