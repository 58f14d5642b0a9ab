from dermis.app.sensor_claim import SensorClaim
from dermis.core import vocabulary
from dermis.core.errors import RC_BAD_STATE, RC_UNKNOWN, InterlockOpen, SensorFault, WireError


async def handle(module, _request):
    with SensorClaim(module, "monitor_baseline"):
        try:
            await module.taker.take(None, vocabulary.LIGHTS, swir=False)  # a light's first frame is named like it
        except InterlockOpen as error:
            raise WireError(RC_BAD_STATE, str(error))
        except SensorFault as error:
            raise WireError(RC_UNKNOWN, str(error))
        return {"levels": module.taker.monitor_levels()}
