from dermis.app import sessions


async def handle(module, request):
    proof = module.sessions().prove(request["nonce"], request["proof"])
    return {"proof": proof, "expires_ms": sessions.LONGEST_MS, "idle_ms": sessions.IDLE_MS}
