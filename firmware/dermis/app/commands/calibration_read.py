from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_INVALID, RC_NO_ENTRY, WireError


async def handle(module, request):
    store = module.calibration
    if store.record is None:
        raise WireError(RC_NO_ENTRY, store.fault)
    offset = request["off"]
    if not 0 <= offset < store.size:
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the record" % store.size)
    return {"off": offset, "len": store.size, "data": store.read(offset, PIECE_BYTES)}
