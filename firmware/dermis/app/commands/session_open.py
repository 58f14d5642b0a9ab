async def handle(module, request):
    return {"challenge": module.sessions().challenge(request["role"]), "serial": module.system.serial()}
