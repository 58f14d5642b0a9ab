"""The control panel of `libosdp` on a twin's RS-485 port."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import osdp
from dermis_hw.twin import Twin

from tests.twin.conftest import wait_for

VENDOR = 0x4D4402  # 02 'D' 'M', as libosdp has it: the first byte lowest
# What the module still answers to a panel that has gone must not meet the next one: libosdp then tries no other
# handshake for seconds.
SETTLES_S = 0.2
QUIET = osdp.LogLevel.Emergency


class Wire(osdp.Channel):
    """A TCP connection as libosdp's channel. `cut`: nothing passes. `spoil`: changes bytes on their way to the device.
    sent, heard: all that passed."""

    def __init__(self, url: str):
        super().__init__()
        host, _, port = url.removeprefix("socket://").partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setblocking(False)
        self.cut = False
        self.spoil: Callable[[bytes], bytes] = lambda data: data
        self.sent: list[bytes] = []
        self.heard = bytearray()

    def read(self, max_bytes: int) -> bytes:
        try:
            data = self._socket.recv(max_bytes)
        except BlockingIOError:
            return b""
        if self.cut:
            return b""
        self.heard += data
        return data

    def write(self, buf: bytes) -> int:
        if not self.cut:
            self.sent.append(bytes(buf))
            self._socket.sendall(self.spoil(bytes(buf)))
        return len(buf)

    def flush(self) -> None:
        return

    def inject(self, data: bytes) -> None:
        """Bytes of somebody else on the same wire."""
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()


def keys_set(twin: Twin) -> int:
    """How often a panel has set a key, as the module's log has it."""
    return (twin.state_dir / "console.log").read_bytes().count(b"osdp_key_set")


def install(twin: Twin, address: int, key: bytes) -> None:
    """Have a panel set that key by the one that everybody knows. Its channel ends with that, and what was asked in
    it: use another panel then."""
    with Panel(twin.status()["bus"], address, key, install=True):
        wait_for(lambda: keys_set(twin), "the panel's key")


class Panel:
    """A panel that polls one device. key: its base key, without which it asks for no secure channel. install: where the
    device has another one, open the channel by the key that everybody knows and set it."""

    def __init__(self, url: str, address: int = 0, key: bytes | None = None, install: bool = False):
        self.wire = Wire(url)
        self.address = address
        flags = [] if install or not key else [osdp.LibFlag.EnforceSecure]
        flags += [osdp.LibFlag.InstallMode] if install else []
        info = osdp.PDInfo(address, self.wire, scbk=key, flags=flags)  # pyright: ignore[reportArgumentType]
        self._panel = osdp.ControlPanel([info], log_level=QUIET)

    def __enter__(self) -> Panel:
        self._panel.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._panel.teardown()
        time.sleep(SETTLES_S)
        self.wire.close()

    @property
    def online(self) -> bool:
        return self._panel.is_online(self.address)

    @property
    def secured(self) -> bool:
        return self._panel.is_sc_active(self.address)

    def wait_online(self, limit_s: float = 8.0) -> None:
        wait_for(lambda: self.online, "the panel to see the module", limit_s)

    def wait_secured(self, limit_s: float = 12.0) -> None:
        wait_for(lambda: self.secured, "the secure channel", limit_s)

    def send(self, command: int, **fields: Any) -> bool:
        return bool(self._panel.submit_command(self.address, {"command": command, **fields}))

    def manufacturer(self, data: bytes) -> bool:
        return self.send(osdp.Command.Manufacturer, vendor_code=VENDOR, data=data)

    def begin(self, transaction: bytes, bits: str = "") -> bool:
        card = int(bits.ljust((len(bits) + 7) // 8 * 8, "0") or "0", 2).to_bytes((len(bits) + 7) // 8, "big")
        return self.manufacturer(b"\x01" + transaction + bytes([len(bits)]) + card)

    def events(self, count: int, limit_s: float = 8.0) -> list[dict]:
        """The next `count` events that are no notifications of libosdp's own."""
        out: list[dict] = []
        until = time.monotonic() + limit_s
        while len(out) < count:
            left = until - time.monotonic()
            assert left > 0, f"{len(out)} of {count} events in {limit_s} s: {out}"
            event = self._panel.get_event(self.address, timeout=min(left, 0.2))  # pyright: ignore[reportArgumentType]
            if event and event["event"] != osdp.Event.Notification:
                out.append(event)
        return out

    def silent_for(self, seconds: float) -> bool:
        """Whether no event comes for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            event = self._panel.get_event(self.address, timeout=0.1)  # pyright: ignore[reportArgumentType]
            if event and event["event"] != osdp.Event.Notification:
                return False
        return True

    @property
    def identity(self) -> osdp.PdId:
        return self._panel.get_pd_id(self.address)

    def capability(self, which: int) -> tuple[int, int]:
        return self._panel.check_capability(self.address, which)  # pyright: ignore[reportArgumentType]
