from dermis.app import update


async def handle(module, request):
    await update.of(module).erase(request["slot"])
    return {}
