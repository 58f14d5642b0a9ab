from dermis.app import setting_change


async def handle(module, request):
    setting_change.change(module, setting_change.found(request["name"]), None)
    return {}
