from dermis.app import utc
from dermis.core.errors import RC_BAD_STATE, WireError


async def handle(module, _request):
    now = module.clock.unix_time()
    if not now:
        raise WireError(RC_BAD_STATE, "the clock was never set; set it with datetime_write")
    return {"datetime": utc.text(now)}
