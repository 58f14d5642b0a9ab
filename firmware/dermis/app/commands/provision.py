from dermis.app import rights, states
from dermis.app.lock import key
from dermis.core import p256
from dermis.core.errors import RC_BAD_STATE, RC_INVALID, RC_NO_MEMORY, RC_UNKNOWN, BadInput, WireError
from dermis.drivers.storage import ENOSPC


async def handle(module, request):
    keys = module.keys
    if module.state != rights.BENCH_STATE or keys.provisioned or keys.fault:
        raise WireError(
            RC_BAD_STATE,
            "the module was provisioned before, and that is done once; erase the data partition with the flasher",
        )
    if module.busy:
        raise WireError(RC_BAD_STATE, "the module is busy with %s; provision it afterwards" % module.busy)
    for public in request["update"]:
        # Nobody could update a module whose key is none.
        if not isinstance(public, bytes) or not p256.valid_key(public):
            raise WireError(RC_INVALID, "an update key is no point of P-256 (x and y, 64 bytes); give the public key")
    try:
        states.store(module.storage, rights.BENCH_STATE)  # first: see dermis.app.states
        keys.provision(request)
        if request["osdp"]:
            key.forget(module.storage)  # what a panel set before: the newest is in force
    except BadInput as error:
        raise WireError(RC_INVALID, str(error))
    except OSError as error:
        if error.errno == ENOSPC:
            raise WireError(RC_NO_MEMORY, "the module's storage is full and the keys were not kept; erase it")
        raise WireError(RC_UNKNOWN, "the keys could not be stored; run the self-test, restart, and look at `posture`")
    module.end_session("provisioned")
    module.calibration.know(keys.station())
    module.note("provisioned", fleet=keys.fleet())
    return {"provisioned": True}
