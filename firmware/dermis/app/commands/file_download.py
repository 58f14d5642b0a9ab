from dermis.app import files
from dermis.app.server_limits import PIECE_BYTES
from dermis.core.errors import RC_INVALID, WireError


async def handle(module, request):
    name, offset = request["name"], request["off"]
    size = files.size_of(module.storage, name)
    if not 0 <= offset <= size:
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the file" % size)
    piece = bytearray(min(PIECE_BYTES, size - offset))
    try:
        count = module.storage.read_at(files.stored_name(name), offset, piece)
    except OSError as error:
        raise files.failed(name, error)
    return {"off": offset, "data": bytes(piece[:count]), "len": size}
