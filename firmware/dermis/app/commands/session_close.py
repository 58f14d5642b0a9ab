async def handle(module, _request):
    module.end_session("closed")
    return {}
