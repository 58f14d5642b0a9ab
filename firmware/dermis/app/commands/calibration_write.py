from dermis.core.errors import RC_BUSY, RC_INVALID, RC_UNKNOWN, BadInput, NotCalibrated, WireError


async def handle(module, request):
    if module.busy:
        raise WireError(RC_BUSY, "the module is busy with %s; hand the record over afterwards" % module.busy)
    try:
        return {"off": module.calibration.receive(request["off"], request["len"], request["data"])}
    except (BadInput, NotCalibrated) as error:
        raise WireError(RC_INVALID, str(error))
    except OSError:
        left = module.calibration.fault or "the one before is still in force"
        raise WireError(RC_UNKNOWN, "the record could not be stored; %s; run the self-test" % left)
