from dermis.app import rights
from dermis.app.sessions import LONGEST_FRAMES_S
from dermis.core.errors import RC_INVALID, WireError


async def handle(module, request):
    seconds = request["seconds"]
    if not 0 <= seconds <= LONGEST_FRAMES_S:
        raise WireError(RC_INVALID, "frames are opened for 1 to %d seconds; 0 closes them" % LONGEST_FRAMES_S)
    if module.state != rights.BENCH_STATE:
        module.sessions().allow_frames(seconds)
    module.note("frames_allowed", seconds=seconds)
    return {"expires_ms": seconds * 1000}
