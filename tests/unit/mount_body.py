"""Under MicroPython: `mount_body.py IMAGE` mounts an image's body at /app, read-only, and starts from it.

Prints JSON: where `dermis.core.p256` came from, whether it verifies the image that it lies in, what main and the
module make of it, and the last line of a traceback.
"""

import io
import json
import os
import sys

import vfs  # type: ignore[import-not-found]

file = open(sys.argv[1], "rb")  # as large as half the heap: read where it lies, as flash is
BODY = 4096
BLOCK = 4096


def read_at(offset, buffer):
    file.seek(offset)
    file.readinto(buffer)


class Body:
    """The block device: the image's bytes from its body on."""

    def __init__(self):
        header = bytearray(16)
        read_at(0, header)
        self.blocks = int.from_bytes(header[12:16], "little") // BLOCK

    def readblocks(self, block, buffer, offset=0):
        read_at(BODY + block * BLOCK + offset, buffer)

    def writeblocks(self, block, buffer, offset=0):
        raise OSError(30)

    def ioctl(self, request, _argument):
        if request == 4:
            return self.blocks
        return BLOCK if request == 5 else 0


vfs.mount(vfs.VfsLfs2(Body(), progsize=32, readsize=32, lookahead=32), "/app", readonly=True)
sys.path[:] = ["/app", ".frozen"]

from dermis.app.module import runtime  # noqa: E402
from dermis.core import mcuboot, p256, release  # noqa: E402
from dermis.core.errors import BadInput  # noqa: E402

image = mcuboot.Image(read_at, file.seek(0, 2))
image.check({mcuboot.key_hash(release.DEVELOPMENT_PUBLIC_KEY): release.DEVELOPMENT_PUBLIC_KEY})
try:
    with open("/app/board.json", "w") as board:
        board.write("{}")
    written = True
except OSError:
    written = False
trace = io.StringIO()
try:
    from dermis.core import cbor

    cbor.loads(b"")
except BadInput as error:
    sys.print_exception(error, trace)  # type: ignore[attr-defined]
print(
    json.dumps(
        {
            "file": p256.__file__,
            "runtime": runtime(),
            "version": release.VERSION,
            "abi": image.manifest.mpy_abi,
            "own_abi": sys.implementation._mpy & 0xFFFF,
            "written": written,
            "files": os.listdir("/app"),
            "trace": trace.getvalue(),
        }
    )
)
