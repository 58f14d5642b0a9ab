"""Instruments of a rig as their ports show them, on a pseudo-terminal or a socket: slow, mute, noisy, unplugged."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dermis_host.rig import Keys

POLL_S = 0.02


def keys_of(folder: Path, /, **values: Any) -> Keys:
    """Those keys as a table of folder/rig.toml would give them."""
    return Keys(values, folder / "rig.toml", "here")


def wait_for(condition: Callable[[], object], limit_s: float = 5.0) -> None:
    """Until a device has heard what was sent to it."""
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


class Device:
    """A device behind a port; `hear` is called with what the host sends. A context manager.

    mute: it takes everything and says nothing. delay_s: before each answer. noise: bytes before the next answer.
    """

    def __init__(self, *, on: str = "pty"):
        self.mute = False
        self.delay_s = 0.0
        self.noise = b""
        self.unplug_at: Callable[[bytes], bool] = lambda _: False
        self._ended = threading.Event()
        self._connection: socket.socket | None = None
        if on == "pty":
            self._out, self._kept = pty.openpty()
            tty.setraw(self._kept)
            self.port = os.ttyname(self._kept)
            run = self._run_pty
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
            run = self._run_socket
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)

    def hear(self, data: bytes) -> None:
        raise NotImplementedError

    def say(self, data: bytes) -> None:
        """An answer."""
        if self.mute:
            return
        if self.delay_s:
            time.sleep(self.delay_s)
        data, self.noise = self.noise + data, b""
        with contextlib.suppress(OSError):
            if self._connection is not None:
                self._connection.sendall(data)
            else:
                os.write(self._out, data)

    def unplug(self) -> None:
        """The cable is out."""
        self._ended.set()

    def _take(self, data: bytes) -> None:
        if self.unplug_at(data):
            self.unplug()
        else:
            self.hear(data)

    def _run_pty(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                if select.select([self._out], [], [], POLL_S)[0]:
                    self._take(os.read(self._out, 4096))
        os.close(self._kept)
        os.close(self._out)

    def _run_socket(self) -> None:
        with self._listener:
            self._listener.settimeout(POLL_S)
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    self._connection, _ = self._listener.accept()
                    with self._connection:
                        self._serve(self._connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(POLL_S)
        while not self._ended.is_set():
            try:
                data = connection.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            self._take(data)


class LineDevice(Device):
    """One that speaks lines; `answer(line)` returns what it says, None for nothing."""

    ending = b"\n"

    def __init__(self, **given: Any):
        self.lines: list[str] = []
        self._pending = b""
        super().__init__(**given)

    def answer(self, line: str) -> str | None:
        raise NotImplementedError

    def hear(self, data: bytes) -> None:
        self._pending += data
        while b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            self.lines.append(line.decode().strip())
            told = self.answer(self.lines[-1])
            if told is not None:
                self.say(told.encode() + self.ending)


class FakeSupply(LineDevice):
    """A laboratory supply: output, set current, what it measures, an error queue.

    ignores: commands that it takes and does nothing for. trips: its output opens again at once. answers: to questions,
    in place of its own.
    """

    ending = b"\r\n"
    name = "ACME,PSU-1,SN7,1.02"

    def __init__(self, **given: Any):
        self.output = True
        self.current = 0.0
        self.volts_on, self.volts_off = 5.02, 0.01
        self.errors: list[str] = ['-350,"Queue overflow"']
        self.ignores: set[str] = set()
        self.trips = False
        self.answers: dict[str, str] = {}
        self.mute_for: set[str] = set()
        self.slow_once: dict[str, float] = {}
        super().__init__(**given)

    def answer(self, line: str) -> str | None:
        if line in self.mute_for:
            return None
        time.sleep(self.slow_once.pop(line, 0.0))
        if line in self.answers:
            return self.answers[line]
        word, _, value = line.partition(" ")
        if word == "OUTP" and value in ("ON", "OFF"):
            if line not in self.ignores:
                self.output = value == "ON" and not self.trips
        elif word == "CURR" and value:
            if line not in self.ignores:
                self.current = float(value)
        elif line == "*CLS":
            self.errors.clear()
        elif line in ("", "SYST:REM"):
            return None
        elif line == "*IDN?":
            return self.name
        elif line == "OUTP?":
            return str(int(self.output))
        elif line == "CURR?":
            return f"{self.current:.3f}"
        elif line == "MEAS:VOLT?":
            return f"{self.volts_on if self.output else self.volts_off:.3f}"
        elif line == "SYST:ERR?":
            return self.errors.pop(0) if self.errors else '+0,"No error"'
        else:
            self.errors.append('-113,"Undefined header"')
        return None


class FakeRelayBoard(Device):
    """Devantech's single bytes. stuck: the coil has no supply."""

    def __init__(self, number: int = 10, **given: Any):
        self.number, self.states, self.stuck = number, 0, False
        super().__init__(**given)

    def hear(self, data: bytes) -> None:
        for byte in data:
            if byte == 0x5A:
                self.say(bytes([self.number, 2]))
            elif byte == 0x5B:
                self.say(bytes([self.states]))
            elif 0x65 <= byte <= 0x6C and not self.stuck:
                self.states |= 1 << (byte - 0x65)
            elif 0x6F <= byte <= 0x76 and not self.stuck:
                self.states &= ~(1 << (byte - 0x6F))


class FakeGrbl(Device):
    """GRBL 1.1 with a homing cycle: real-time bytes, `ok` before the motion, an alarm on demand.

    steps: how many reports say Run on the way. alarm_on: a line that ends in an alarm. slips: mm that it stands off.
    """

    def __init__(self, **given: Any):
        self.settings = {10: "1", 13: "0", 22: "1", 130: "200.000"}
        self.position = [7.0, 7.0, 0.0]
        self.locked = True
        self.state = "Idle"
        self.steps, self.left, self.slips = 2, 0, 0.0
        self.never_stops = False
        self.alarm_on = ""
        self.holds = self.resets = 0
        self.lines: list[str] = []
        self._pending = b""
        super().__init__(**given)

    def hear(self, data: bytes) -> None:
        for byte in (data[at : at + 1] for at in range(len(data))):
            if byte == b"\x18":
                self._pending, self.locked, self.state, self.left = b"", True, "Idle", 0
                self.resets += 1
                self.say(b"\r\nGrbl 1.1h ['$' for help]\r\n[MSG:'$H'|'$X' to unlock]\r\n")
            elif byte == b"!":
                self.holds += 1
                self.state = "Hold"
            elif byte == b"?":
                self._report()
            elif byte == b"\n":
                line, self._pending = self._pending.decode(), b""
                self.lines.append(line)
                self.say(self._done(line).encode() + b"\r\n")
            else:
                self._pending += byte

    def _report(self) -> None:
        state = self.state
        if self.left or self.never_stops:
            state, self.left = "Run", self.left - 1
        elif self.locked:
            state = "Alarm"
        where = ",".join(f"{value + self.slips:.3f}" for value in self.position)
        self.say(f"<{state}|MPos:{where}|FS:0,0|WCO:0.000,0.000,0.000>\r\n".encode())

    def _done(self, line: str) -> str:
        if line == self.alarm_on:
            self.locked = True
            return "ALARM:1\r\n[MSG:Reset to continue]"
        if line == "$$":
            return "\r\n".join(f"${number}={value}" for number, value in self.settings.items()) + "\r\nok"
        if line == "$H":
            self.locked, self.position = False, [0.0, 0.0, 0.0]
            return "ok"
        if self.locked:
            return "error:9"
        if not line.startswith("G90 G21 G53 G"):
            return "error:20"
        for word in line.split()[3:]:
            if word[0] in "XYZ":
                self.position["XYZ".index(word[0])] = float(word[1:])
        self.left = self.steps
        return "ok"


class FakeObserver(LineDevice):
    """The lock observer of docs/formats/lock-observer.md."""

    def __init__(self, **given: Any):
        self.relay, self.trigger, self.lost = False, False, 0
        self.has_trigger = True
        self.seen: list[str] = ["0101"]
        self.answers: dict[str, str] = {}
        super().__init__(**given)

    def answer(self, line: str) -> str | None:
        if line in self.answers:
            return self.answers[line]
        if line == "HELLO?":
            return f"LOCK-OBSERVER 1 bench-3 TRIGGER={int(self.has_trigger)}"
        if line == "RELAY?":
            return f"RELAY {int(self.relay)}"
        if line == "FRAMES?":
            told = [f"FRAMES {len(self.seen)} LOST {self.lost}", *(f"FRAME {bits}" for bits in self.seen)]
            self.seen, self.lost = [], 0
            return "\n".join(told)
        if line in ("TRIGGER 0", "TRIGGER 1"):
            self.trigger = line.endswith("1")
            return line
        return f"ERROR I know no {line}"
