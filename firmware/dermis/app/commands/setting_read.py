from dermis.app import setting_change
from dermis.core.errors import RC_TOO_LONG, WireError


async def handle(module, request):
    setting = setting_change.found(request["name"])
    value = str(module.settings.get(setting.name)).encode()
    if len(value) > request["max_size"]:
        raise WireError(RC_TOO_LONG, "the value has %d bytes; ask with a larger max_size" % len(value))
    return {"val": value}
