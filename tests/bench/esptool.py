"""How long esptool takes with the twin's loader: over RFC 2217 by pyserial's client and by ours, and over a terminal.

The twin's flash takes no time to erase and to program, so that this is the link's share, and on one machine.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dermis_host.flashing import esptool
from dermis_hw.twin import Twin

SLOT = "0x440000"
IMAGE_BYTES = 1_000_000
LIMIT_S = 600
PLAIN = (sys.executable, "-m", "esptool")


def _run(name: str, command: tuple[str, ...], *words: str) -> None:
    began = time.monotonic()
    subprocess.run([*command, "--chip", "esp32s3", *words], check=True, capture_output=True, timeout=LIMIT_S)
    print(f"  {name:56} {time.monotonic() - began:6.1f} s")


def main() -> int:
    """Prints a line a command and client."""
    with tempfile.TemporaryDirectory() as folder:
        image, port = Path(folder, "image.bin"), Path(folder, "port")
        image.write_bytes(random.Random(1).randbytes(IMAGE_BYTES))
        with Twin(Path(folder, "twin"), provider="dermis_hw.twin.synthetic:face", blank=True, pty=port) as twin:
            print(f"esptool as it is, {IMAGE_BYTES / 1e6:.0f} MB that does not compress, on the twin's loader:")
            for client, command in (("pyserial's client", PLAIN), ("our client", esptool.COMMAND)):
                for words in (("read-mac",), ("write-flash", SLOT, str(image))):
                    _run(f"{words[0]}, RFC 2217, {client}", command, "--port", twin.url, *words)
            twin.enter_loader()
            still = ("--port", str(port), "--before", "no-reset", "--after", "no-reset-stub")
            for words in (("read-mac",), ("write-flash", SLOT, str(image))):
                _run(f"{words[0]}, pseudo-terminal, no reset", PLAIN, *still, *words)
    return 0
