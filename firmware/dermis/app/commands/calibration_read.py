from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_INVALID, RC_NO_ENTRY, RC_UNKNOWN, WireError


async def handle(module, request):
    store, slot = module.calibration, request["slot"]
    size = store.size_of(slot)
    if not size:
        raise WireError(RC_NO_ENTRY, "the module holds no %s record" % slot if slot else store.fault)
    offset = request["off"]
    if not 0 <= offset < size:
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the record" % size)
    try:
        return {"off": offset, "len": size, "data": store.read(offset, PIECE_BYTES, slot)}
    except OSError:
        raise WireError(RC_UNKNOWN, "the %s record cannot be read from storage; run the self-test" % slot)
