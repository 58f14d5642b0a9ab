from dermis.app.sensor_claim import SensorClaim
from dermis.core import vocabulary
from dermis.core.errors import RC_BAD_STATE, RC_INVALID, RC_UNKNOWN, InterlockOpen, SensorFault, WireError


async def handle(module, request):
    wanted = request["lights"] or vocabulary.FRAMES
    for name in wanted:
        if name not in vocabulary.FRAMES:
            raise WireError(RC_INVALID, "there is no frame %r; there are: %s" % (name, ", ".join(vocabulary.FRAMES)))
    with SensorClaim(module, "burst"):
        try:
            burst = await module.taker.take(module.calibration.record, wanted)
        except InterlockOpen as error:
            raise WireError(RC_BAD_STATE, str(error))
        except SensorFault as error:
            raise WireError(RC_UNKNOWN, str(error))
        module.burst = burst
        module.burst_id += 1
    meta = burst.header()
    return {"id": module.burst_id, "frames": meta["frames"], "meta": meta}
