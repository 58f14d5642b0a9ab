"""The whole firmware on a fake ESP32-S3, a process of its own: `python -m tests.esp32s3.process FOLDER`.

FOLDER holds `board.json`. The chip's USB is a TCP port: its number is the first line of standard output. Lines on
standard input change the world: `show NAME` (a recording), `exit`.
"""

from __future__ import annotations

import os
import select as real_select
import socket
import sys
import threading
from pathlib import Path

from dermis_host import recording
from dermis_host.released import released_model
from dermis_hw import boards

from tests.fakes.esp32s3.install import installed
from tests.fakes.esp32s3.recorded import RecordedDm1

RECORDINGS = Path(__file__).parents[1] / "recordings"
PATIENCE_S = 0.0001  # of a look at the port that found nothing
READ_SIZE = 4096


def scene(name: str) -> recording.Recording:
    return recording.load(RECORDINGS / f"{name}.npz")


class Port:
    """The other end of the chip's USB cable."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.number = self._listener.getsockname()[1]
        self._host: socket.socket | None = None

    def accept(self) -> None:
        self._host, _ = self._listener.accept()

    def coming(self) -> bytes:
        assert self._host
        ready, _, _ = real_select.select([self._host], [], [], PATIENCE_S)
        if not ready:
            return b""
        data = self._host.recv(READ_SIZE)
        if not data:
            os._exit(0)  # a module without a host has nothing left to do here
        return data

    def going(self, data: bytes) -> None:
        assert self._host
        self._host.sendall(data)


def main(folder: Path) -> None:
    path = folder / "board.json"
    path.write_bytes(boards.board_json("esp32s3"))
    os.environ["DERMIS_BOARD"], os.environ["DERMIS_MODEL"] = str(path), str(released_model())
    module = RecordedDm1(boards.board_file("esp32s3"), scene("bona_fide_light"))

    def listen():
        for line in sys.__stdin__ or ():
            word, _, rest = line.strip().partition(" ")
            if word == "show":
                module.show(scene(rest))
                print("shown", file=sys.__stdout__, flush=True)

    port = Port()
    print(port.number, flush=True)
    threading.Thread(target=listen, daemon=True).start()
    port.accept()
    with installed(module.chip):
        usb = module.chip.usb
        usb.outside, usb.taken = port.coming, port.going
        sys.stdin = sys.stdout = usb  # type: ignore[assignment]
        import dermis.main

        dermis.main.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
