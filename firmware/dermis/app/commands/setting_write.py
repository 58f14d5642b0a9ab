from dermis.app import setting_change, settings
from dermis.core.errors import RC_INVALID, BadInput, WireError


async def handle(module, request):
    setting = setting_change.found(request["name"])
    try:
        value = settings.parsed(setting, str(request["val"], "utf-8"))
    except BadInput as error:
        raise WireError(RC_INVALID, str(error))
    except (UnicodeError, ValueError):
        raise WireError(RC_INVALID, "a setting's value is text (UTF-8)")
    setting_change.change(module, setting, value)
    return {}
