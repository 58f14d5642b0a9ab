async def handle(module, _request):
    return module.calibration.state()
