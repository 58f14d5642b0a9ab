from dermis.app import files


async def handle(module, request):
    return {"len": files.size_of(module.storage, request["name"])}
