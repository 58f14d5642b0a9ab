async def handle(module, _request):
    record = module.calibration.record
    return {
        "calibrated": record is not None,
        "hash": module.calibration.hash(),
        "created": record.created if record else "",
    }
