from dermis.app import rights, states
from dermis.core.errors import RC_BAD_STATE, RC_INVALID, RC_UNKNOWN, WireError


async def handle(module, request):
    before, wanted = module.state, request["state"]
    if wanted not in (rights.FIELD_STATE, rights.SERVICE_STATE):
        raise WireError(
            RC_INVALID,
            "the state can be changed to field or service, not to %r; only erased data lead back to the bench" % wanted,
        )
    if before == rights.BENCH_STATE:
        if wanted != rights.FIELD_STATE:
            raise WireError(RC_INVALID, "from the bench state a module goes to the field")
        # Read again: a module that lost its keys on the way would be closed to everybody.
        if not module.keys.provisioned or not module.keys.sound_in_storage():
            raise WireError(RC_BAD_STATE, "the module has no sound keys of its own; provision it first")
    try:
        states.store(module.storage, wanted)
    except OSError:
        raise WireError(RC_UNKNOWN, "the state could not be stored; run the self-test, restart, and look at `posture`")
    module.state, module.state_fault = wanted, ""
    module.note("state_changed", before=before, state=wanted)
    module.end_session("state")
    return {"state": wanted}
