from dermis.app import update


async def handle(module, _request):
    control = update.of(module)
    await control.settled()
    return control.state()
