BYTES = 1  # MCUmgr: the hash comes as bytes
SHA256_BYTES = 32


async def handle(_module, _request):
    return {"types": {"sha256": {"format": BYTES, "size": SHA256_BYTES}}}
