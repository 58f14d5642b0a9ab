from dermis.app.storage_faults import storage_error
from dermis.core.errors import RC_BUSY, RC_NO_ENTRY, BadInput, WireError


async def handle(module, request):
    if module.busy:
        raise WireError(RC_BUSY, "the module is busy with %s; choose a record afterwards" % module.busy)
    store = module.calibration
    try:
        store.select(request["slot"])
    except BadInput as error:
        raise WireError(RC_NO_ENTRY, str(error))
    except OSError as error:
        raise storage_error(store, error)
    module.audit.note("calibration_selected", slot=request["slot"], in_force=store.hash())
    return store.state()
