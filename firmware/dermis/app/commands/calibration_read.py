from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_INVALID, RC_NO_ENTRY, WireError


async def handle(module, request):
    store = module.calibration
    if store.record is None:
        raise WireError(RC_NO_ENTRY, store.fault)
    offset = request["off"]
    data, length = store.read(offset, PIECE_BYTES)
    if not 0 <= offset < length:
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the record" % length)
    return {"off": offset, "len": length, "data": data}
