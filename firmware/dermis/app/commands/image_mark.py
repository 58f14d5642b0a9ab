from dermis.app import update


async def handle(module, request):
    control = update.of(module)
    await control.mark(request["hash"], request["confirm"])
    return {"images": control.slots.table(), "splitStatus": 0}
