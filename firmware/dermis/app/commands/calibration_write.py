from dermis.app.storage_faults import storage_error
from dermis.core.errors import RC_BUSY, RC_INVALID, BadInput, NotCalibrated, WireError


async def handle(module, request):
    if module.busy:
        raise WireError(RC_BUSY, "the module is busy with %s; hand the record over afterwards" % module.busy)
    store = module.calibration
    try:
        held = store.receive(request["off"], request["len"], request["data"], request["slot"])
    except (BadInput, NotCalibrated) as error:
        raise WireError(RC_INVALID, str(error))
    except OSError as error:
        raise storage_error(store, error)
    if held == request["len"]:
        module.audit.note("calibration_stored", slot=request["slot"], in_force=store.hash())
    return {"off": held}
