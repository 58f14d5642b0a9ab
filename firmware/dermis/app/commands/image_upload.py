from dermis.app import update


async def handle(module, request):
    return await update.of(module).receive(
        request["off"], request["data"], request["image"], request["len"], request["sha"], request["upgrade"]
    )
