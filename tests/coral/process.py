"""The whole firmware on a simulated Coral, a process of its own: `python -m tests.coral.process FOLDER`.

By whatever Python this is, so that tflite-runtime's can run it. FOLDER takes the board file and the module's data. Its
console is a TCP port: the number is the first line of standard output. Lines on standard input change the world:
`show NAME` (a recording), `break NAME` and `mend NAME` (of `FAULTS`).
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import vocabulary
from dermis_host import recording
from dermis_host.released import released_model
from dermis_hw import boards

from tests.fakes.coral import Machine, installed
from tests.fakes.coral.module import Dm1
from tests.fakes.esp32s3.install import VirtualLoop
from tests.fakes.esp32s3.recorded import RecordedImager

RECORDINGS = Path(__file__).parents[1] / "recordings"
SERIAL = "CORAL-1"
PATIENCE_S = 0.0001  # of a look at the port that found nothing
READ_SIZE = 4096


# What can be broken: name -> (the part of the module, its attribute, the value that breaks it).
FAULTS = {
    "i2c": ("machine", "held_low", True),
    "adc": ("machine.adc", "absent", True),
    "thermometer": ("machine.thermometer", "absent", True),
    "imager": ("video", "absent", True),
    "frames": ("video", "silent", True),
    "whole_frames": ("video", "short", 700),
    "current": ("pwm", "broken", True),
}


class SocketPort:
    """`coral_port.Port` with a host that stays."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.number = self._listener.getsockname()[1]
        self._host: socket.socket | None = None

    def open(self) -> None:
        if self._host is None:
            self._host, _ = self._listener.accept()

    def take(self, count: int) -> bytes:
        assert self._host
        if not select.select([self._host], [], [], PATIENCE_S)[0]:
            return b""
        data = self._host.recv(count)
        if not data:
            os._exit(0)  # a module without a host has nothing left to do here
        return data

    def send(self, data, limit_s: float) -> int:
        assert self._host and limit_s >= 0
        self._host.sendall(data)
        return len(data)

    def close(self) -> None:
        """The host stays."""


class RecordedDm1(Dm1):
    """A module whose scene is a recording."""

    def __init__(self, board: dict, name: str):
        super().__init__(board, RecordedImager)
        self.show(name)

    def show(self, name: str) -> None:
        shown = recording.load(RECORDINGS / f"{name}.npz")
        assert isinstance(self.imager, RecordedImager)
        self.imager.show(shown)
        self.machine.thermometer.celsius = shown.meta["temperature_cc"] / 100
        sums = dict(zip(vocabulary.SWIR_BANDS, shown.meta["swir"], strict=True))
        self.swir_dark = float(np.mean([off / pairs for _, off, pairs in sums.values()]))
        self.swir_levels = {str(band): (on - off) / pairs for band, (on, off, pairs) in sums.items()}

    def fault(self, name: str, broken: bool) -> None:
        part, attribute, value = FAULTS[name]
        thing: Any = self
        for step in part.split("."):
            thing = getattr(thing, step)
        setattr(thing, attribute, value if broken else type(value)())


def main(folder: Path) -> None:
    board = boards.board_file("coral") | {"serial": SERIAL}
    (folder / "board.json").write_text(json.dumps(board))
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(folder / "notify"))
    os.environ.update(
        DERMIS_BOARD=str(folder / "board.json"),
        DERMIS_MODEL=str(released_model()),
        DERMIS_STORAGE=str(folder / "data"),
        NOTIFY_SOCKET=str(folder / "notify"),
    )
    module = RecordedDm1(board, "bona_fide_light")
    port = SocketPort()

    def listen():
        for line in sys.stdin:
            word, _, name = line.strip().partition(" ")
            if word == "show":
                module.show(name)
            else:
                module.fault(name, word == "break")
            print("done", flush=True)

    def hear():
        while True:
            systemd.recv(READ_SIZE)

    print(port.number, flush=True)
    for work in (listen, hear):
        threading.Thread(target=work, daemon=True).start()
    port.open()
    with installed(module.machine, module.video) as module.pwm:
        from dermis import main as firmware
        from dermis.drivers import coral_board

        coral_board.Port = lambda _path, _baud: port  # type: ignore[misc, assignment]
        asyncio.set_event_loop_policy(policy(module.machine))
        firmware.main()


def policy(machine: Machine) -> asyncio.AbstractEventLoopPolicy:
    """Event loops in the machine's time."""

    class Virtual(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self):
            return VirtualLoop(machine)

    return Virtual()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
