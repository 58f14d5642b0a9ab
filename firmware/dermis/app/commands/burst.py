from dermis.app.sensor_claim import SensorClaim
from dermis.core import vocabulary
from dermis.core.errors import RC_INVALID, WireError


async def handle(module, request):
    wanted = request["lights"] or vocabulary.FRAMES
    for name in wanted:
        if name not in vocabulary.FRAMES:
            raise WireError(RC_INVALID, "there is no frame %r; there are: %s" % (name, ", ".join(vocabulary.FRAMES)))
    with SensorClaim(module, "burst"):
        module.burst = burst = await module.taker.take(module.calibration.record, wanted)
        module.burst_id += 1
    meta = burst.header()
    return {"id": module.burst_id, "frames": meta["frames"], "meta": meta}
