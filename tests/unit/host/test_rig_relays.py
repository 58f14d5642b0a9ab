"""The module's power by a relay board, and by a line of a serial adapter, against fakes of both."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, cast

import pytest
from dermis_host.errors import UsageError
from dermis_host.rig import PowerSwitch, RigError
from dermis_host.rig.instruments import devantech_relay, modem_line_power
from serial import rfc2217

from tests.unit.host.rig_fakes import FakeRelayBoard, keys_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(devantech_relay, "ANSWER_S", 0.6)
    monkeypatch.setattr(modem_line_power, "SETTLE_S", 1.0)


@pytest.fixture
def board():
    with FakeRelayBoard() as device:
        yield device


def relay(tmp_path, device, **values) -> devantech_relay.DevantechRelay:
    values = {"relay": 2, "contact": "normally_open", **values}
    return devantech_relay.DevantechRelay.read(keys_of(tmp_path, port=device.port, **values))()


@pytest.mark.parametrize(("contact", "states_when_on"), [("normally_open", 0b10), ("normally_closed", 0b00)])
@pytest.mark.parametrize("on", ["pty", "socket"])
def test_a_relay(tmp_path, on, contact, states_when_on):
    with FakeRelayBoard(on=on) as board:
        made = relay(tmp_path, board, contact=contact)
        assert isinstance(made, PowerSwitch)
        assert made.identity() == "Devantech USB-RLY02 version 2, relay 2"
        made.off()
        assert board.states == states_when_on ^ 0b10
        made.on()
        assert board.states == states_when_on
        made.close()


def test_a_relay_without_its_supply(tmp_path, board):
    board.stuck = True
    with pytest.raises(RigError, match="did not close relay 2: has its coil its supply"):
        relay(tmp_path, board).on()


def test_boards_that_are_none(tmp_path, board):
    board.number = 99
    with pytest.raises(RigError, match="answered the question for its version with b'c"):
        relay(tmp_path, board)
    board.number = 10
    with pytest.raises(RigError, match="has 2 relays, and no relay 3"):
        relay(tmp_path, board, relay=3)
    board.mute = True
    with pytest.raises(RigError, match="did not answer the question for its version"):
        relay(tmp_path, board)


def test_a_board_that_falls_silent_or_is_unplugged(tmp_path, board):
    made = relay(tmp_path, board)
    board.mute = True
    with pytest.raises(RigError, match=r"did not answer the question for its relays within 0.6 s"):
        made.off()
    board.mute = False
    board.noise = b""
    made.on()
    assert board.states == 0b10
    board.unplug_at = lambda data: True
    with pytest.raises(RigError, match="is gone"):
        made.off()
        made.off()


class FakeAdapter:
    """A serial adapter behind an RFC 2217 server. wire: what its input sees, of its two outputs."""

    baudrate, bytesize, parity, stopbits = 9600, 8, "N", 1
    xonxoff = rtscts = break_condition = False
    dsr = cd = ri = False

    def __init__(self):
        self.rts = self.dtr = False
        self.wire = lambda: not self.rts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}?timeout=1"
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def cts(self) -> bool:
        return self.wire()

    def write(self, data: bytes) -> None:
        assert self._connection is not None
        with contextlib.suppress(OSError):
            self._connection.sendall(data)

    def reset_input_buffer(self) -> None: ...

    def reset_output_buffer(self) -> None: ...

    def close(self) -> None:
        self._listener.close()
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            self._connection, _ = self._listener.accept()
            manager = rfc2217.PortManager(cast(Any, self), cast(Any, self))
            self._connection.settimeout(0.02)
            while True:
                try:
                    data = self._connection.recv(1024)
                except TimeoutError:
                    manager.check_modem_lines()
                    continue
                if not data:
                    return
                for _ in manager.filter(data):
                    pass
                manager.check_modem_lines()


@pytest.fixture
def adapter():
    device = FakeAdapter()
    yield device
    device.close()


def line(tmp_path, adapter, **values) -> modem_line_power.ModemLinePower:
    values = {"line": "rts", "sense": "cts", **values}
    return modem_line_power.ModemLinePower.read(keys_of(tmp_path, port=adapter.port, **values))()


def test_a_line(tmp_path, adapter):
    made = line(tmp_path, adapter)
    assert isinstance(made, PowerSwitch)
    assert not adapter.rts
    made.off()
    assert adapter.rts
    made.on()
    assert not adapter.rts
    assert made.identity().startswith("rts of rfc2217://")
    made.close()


def test_a_line_that_nothing_hangs_on(tmp_path, adapter):
    made = line(tmp_path, adapter)
    adapter.wire = lambda: True
    with pytest.raises(RigError, match="asserted rts, but cts says that the module has still power: look at its wires"):
        made.off()
    made.close()


def test_an_adapter_that_is_unplugged(tmp_path, adapter):
    made = line(tmp_path, adapter)
    made.off()
    adapter.close()
    with pytest.raises(RigError, match=r"is gone|has no power"):
        made.on()


def test_keys(tmp_path):
    with pytest.raises(UsageError, match="has no modem lines"):
        modem_line_power.ModemLinePower.read(keys_of(tmp_path, port="socket://x:1", line="rts", sense="cts"))
    with pytest.raises(UsageError, match="sense is missing"):
        modem_line_power.ModemLinePower.read(keys_of(tmp_path, port="x", line="rts"))
    with pytest.raises(UsageError, match="contact must be one of"):
        devantech_relay.DevantechRelay.read(keys_of(tmp_path, port="x", relay=1, contact="middle"))
    with pytest.raises(UsageError, match="relay is 9"):
        devantech_relay.DevantechRelay.read(keys_of(tmp_path, port="x", relay=9, contact="normally_open"))
