async def handle(module, _request):
    module.reset_asked = True  # the server restarts when the answer has left
    return {}
