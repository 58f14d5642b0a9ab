async def handle(_module, _request):
    return {}
