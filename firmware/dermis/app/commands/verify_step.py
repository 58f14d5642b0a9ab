from dermis.app import heap
from dermis.app.commands.verify import complete, must_be_sound
from dermis.app.sensor_claim import SensorClaim
from dermis.app.stepped import Stepped, found


async def handle(module, request):
    must_be_sound(request)
    heap.serve()  # all is loaded: no collection shall come between the frames of the first burst either
    if request["after"]:
        stepped = found(module, request["after"])
    else:
        stepped = Stepped(module, request["time_limit_ms"], request["nonce"])
    with SensorClaim(module, "verify_step"):  # what was held is given up here, and kept below if all goes well
        done = await stepped.verification.burst()
        burst = stepped.verification.taken
        if burst is not None:
            module.burst = burst
            module.burst_id += 1
        verdict = {}
        if done:
            verdict = stepped.verification.answer()
            # No passage of the lock's: whoever steps may change what stands there between the bursts.
            module.judged(verdict, False)
            complete(module, verdict, stepped.nonce)
        else:
            stepped.leave(module)
    meta = {} if burst is None else burst.header()
    number = 0 if burst is None else module.burst_id
    return {"id": number, "frames": meta.get("frames", []), "meta": meta, "done": done, "verdict": verdict}
