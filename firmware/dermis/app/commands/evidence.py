async def handle(module, _request):
    return {"evidence": module.evidence}
