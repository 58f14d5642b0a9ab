async def handle(_module, request):
    return {"r": request["d"]}
