from dermis.app import utc


async def handle(module, request):
    before = module.clock.unix_time()
    module.clock.set_unix_time(utc.seconds(request["datetime"]))
    module.audit.note("clock_set", before=before)
    return {}
