from dermis.app import statistics


async def handle(_module, _request):
    return {"stat_list": list(statistics.GROUPS)}
