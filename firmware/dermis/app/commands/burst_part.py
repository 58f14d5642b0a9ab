from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_ACCESS_DENIED, RC_INVALID, RC_NO_ENTRY, WireError


async def handle(module, request):
    if not module.frames_allowed():
        raise WireError(RC_ACCESS_DENIED, "frames are closed; open them in this session for a while (frames_allow)")
    if module.burst is None or request["id"] != module.burst_id:
        raise WireError(RC_NO_ENTRY, "burst %d is not held any more; take a new one" % request["id"])
    frame = module.burst.frames.get(request["frame"])
    if frame is None:
        raise WireError(RC_NO_ENTRY, "the burst has no frame %r" % request["frame"])
    offset = request["off"]
    if not 0 <= offset < len(frame):
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the frame" % len(frame))
    return {"off": offset, "len": len(frame), "data": bytes(memoryview(frame)[offset : offset + PIECE_BYTES])}
