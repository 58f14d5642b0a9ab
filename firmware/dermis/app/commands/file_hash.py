from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dermis.app import files
from dermis.core.errors import RC_INVALID, RC_NOT_SUPPORTED, WireError

if TYPE_CHECKING:
    from dermis.app.module import Module
    from dermis.drivers.clock import Clock

PIECE = 4096  # bytes hashed between two turns of the loop


async def handle(module: Module, request):
    name, offset, length = request["name"], request["off"], request["len"]
    if request["type"] != "sha256":
        raise WireError(RC_NOT_SUPPORTED, "there is no hash %r here; ask for sha256" % request["type"])
    size = files.size_of(module.storage, name)
    if not 0 <= offset <= size or length < 0:
        raise WireError(RC_INVALID, "off must lie within the %d bytes of the file, and len not be negative" % size)
    end = min(size, offset + length) if length else size
    whole, room = hashlib.sha256(), bytearray(PIECE)
    at = offset
    clock: Clock = module.clock
    while at < end:
        piece = memoryview(room)[: min(PIECE, end - at)]
        try:
            count = module.storage.read_at(files.stored_name(name), at, piece)
        except OSError as error:
            raise files.failed(name, error)
        if not count:
            break  # it was replaced by a shorter one meanwhile
        whole.update(piece[:count])
        at += count
        await clock.sleep_ms(0)
    return {"type": "sha256", "off": offset, "len": at - offset, "output": whole.digest()}
