"""How soon the OSDP device answers, in rest and while a passage's bursts are taken and analysed.

A calibrated twin in real time, polled at 115200 baud's pace as a panel would. What is measured is this machine's time,
twin and MicroPython together; a panel waits 200 ms.
"""

from __future__ import annotations

import socket
import tempfile
import time
from statistics import median, quantiles

from dermis.core import osdp
from dermis.core.osdp import Framer
from dermis_host import Module
from dermis_host.calibration import at_once
from dermis_host.calibration.operators import TwinOperator
from dermis_hw import scenes
from dermis_hw.twin import Twin

from tests.unit.panel_side import PanelSide, Reply

PANEL_WAITS_MS = 200
POLL_EVERY_S = 0.02
IDLE_POLLS = 200
PASSAGES = 5
ADDRESS = 5
VENDOR = b"\x02DM"
SETTINGS = {"lock_osdp": "on", "lock_osdp_address": str(ADDRESS), "lock_osdp_baud": "115200", "lock_patience_ms": "0"}


class Line:
    """A panel in the clear, which the bench state allows: what a secure channel adds is a few blocks of AES."""

    def __init__(self, url: str):
        host, _, port = url.removeprefix("socket://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=5)
        self._side = PanelSide(None, address=ADDRESS)
        self._framer = Framer()

    def ask(self, code: int, data: bytes = b"") -> tuple[Reply, float]:
        """The reply, and after how many ms it was whole."""
        packet = self._side.packet(code, data)
        self._side.next()
        began = time.perf_counter()
        self._socket.sendall(packet)
        while True:
            for reply in self._framer.feed(self._socket.recv(512), 0):
                return Reply(reply), (time.perf_counter() - began) * 1000


def told(what: str, times_ms: list[float]) -> None:
    late = sum(each > PANEL_WAITS_MS for each in times_ms)
    p95 = quantiles(times_ms, n=20)[-1]
    print(f"{what:28} {len(times_ms):6} {median(times_ms):8.1f} {p95:8.1f} {max(times_ms):8.1f} {late:6}")


def main() -> None:
    print("replies of the OSDP device on the twin, ms")
    with tempfile.TemporaryDirectory() as folder:
        # Calibrated in virtual time, which is quicker; then the same flash in real time.
        with (
            Twin(folder, scene=scenes.builtin("target_cap"), virtual_time=True) as twin,
            Module(twin.url) as module,
        ):
            for name, value in SETTINGS.items():
                module.setting_write(name, value.encode())
            at_once.calibrate(module, TwinOperator(twin.set_scene))
        with Twin(folder, scene=scenes.builtin("bona_fide_light"), bus_port=0) as twin, Module(twin.url) as module:
            module.identity()
            line = Line(twin.status()["bus"])
            print(f"{'':28} {'polls':>6} {'median':>8} {'p95':>8} {'most':>8} {'late':>6}")
            rest = []
            for _ in range(IDLE_POLLS):
                rest.append(line.ask(osdp.POLL)[1])
                time.sleep(POLL_EVERY_S)
            told("at rest", rest)
            busy: list[float] = []
            for number in range(PASSAGES):
                reply, _ = line.ask(osdp.MFG, VENDOR + b"\x01" + number.to_bytes(4, "little") + b"\x00")
                assert reply.code == osdp.ACK, reply.packet
                while reply.code != osdp.MFGREP:
                    reply, took_ms = line.ask(osdp.POLL)
                    busy.append(took_ms)
                    time.sleep(POLL_EVERY_S)
            told(f"while {PASSAGES} passages are judged", busy)
    print("The loop's longest steps on an ESP32-S3 are estimated by `python -m tests.bench budget`.")


if __name__ == "__main__":
    main()
