from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_INVALID, RC_UNKNOWN, WireError


async def handle(module, request):
    if request["off"] < 0:
        raise WireError(RC_INVALID, "off is the number of an entry and not negative")
    try:
        entries, before, following = module.audit.read(request["off"], PIECE_BYTES)
    except OSError:
        raise WireError(RC_UNKNOWN, "the audit log cannot be read from storage; run the self-test")
    return {"entries": entries, "before": before, "next": following}
