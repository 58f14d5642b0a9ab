from dermis.app import utc


async def handle(module, request):
    module.clock.set_unix_time(utc.seconds(request["datetime"]))
    return {}
