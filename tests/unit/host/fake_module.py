"""A module made of a TCP socket: answers SMP from the table of messages with canned fields, or misbehaves on request.

It is built from the device's own `core.smp` and `core.cbor`, so that a test of the client is a test of both ends.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import numpy as np
from dermis.core import burst, calibration, cbor, messages, smp, vocabulary
from dermis_host.wire import frame_lines

META = {
    "format": 1,
    "width": 320,
    "height": 240,
    "frames": list(vocabulary.FRAMES),
    "order": ["dots", "850", "970", "1050", "850"],
    "time_us": {name: 1000 * index for index, name in enumerate(vocabulary.FRAMES)},
    "exposure_us": 6000,
    "gain_q8": 256,
    "temperature_cc": 2500,
    "swir": [[640000, 45000, 64]] * 5,
}
PIECE = 3000
CREATED = "2026-01-02T03:04:05"


class Refused(Exception):
    """A handler refuses: code and sentence go on the wire."""

    def __init__(self, code: int, sentence: str):
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


class FakeModule:
    """Context manager; `url` is what the client opens. `handlers`: message name -> function of the request's fields.

    asked: names of the messages that came, in order. A handler may call `say` to put bytes on the line before its
    answer, or return None to give no answer.
    """

    def __init__(self, **handlers: Callable[[dict], dict | None]):
        self.uptime_ms = 5000
        self.state = "bench"
        self.slots: dict[str, bytes] = {}  # records by slot, kept as the module keeps them
        self.in_force = ""
        self.asked: list[str] = []
        self.handlers: dict[str, Callable[[dict], dict | None]] = {
            "echo": lambda fields: {"r": fields["d"]},
            "identity": lambda _: self.identity(),
            "posture": lambda _: self.posture(),
            "parameters": lambda _: {"buf_size": smp.BUFFER_SIZE, "buf_count": 1},
            "datetime_read": lambda _: {"datetime": "2026-01-02T03:04:05"},
            "calibration_state": lambda _: self.calibration_state(),
            "calibration_read": self.calibration_read,
            "calibration_write": self.calibration_write,
            "calibration_select": self.calibration_select,
            "burst": lambda _: {"id": 1, "frames": list(vocabulary.FRAMES), "meta": META},
            "burst_part": lambda fields: piece(frame(fields["frame"]), fields.get("off", 0)),
            **handlers,
        }
        self._held = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FakeModule:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        if self._client:
            self._client.close()

    def say(self, data: bytes) -> None:
        """Bytes on the line, whatever they are."""
        assert self._client
        self._client.sendall(data)

    def restart(self) -> None:
        """What a module that starts anew says; its uptime begins at zero."""
        self.uptime_ms = 1
        self.say(b'{"t_ms": 0, "level": "info", "event": "boot", "cause": "watchdog"}\n')

    def identity(self) -> dict:
        self.uptime_ms += 1
        answer: dict = {field.name: "x" for field in messages.by_name("identity").response}
        answer.update(
            serial="DM1-0007",
            board="twin",
            state=self.state,
            messages=messages.VERSION,
            calibrated=bool(self.in_force),
            swir=True,
            uptime_ms=self.uptime_ms,
        )
        return answer

    def posture(self) -> dict:
        """Of a module in its bench state."""
        kinds: dict = {"str": "", "bool": False, "list": [], "map": {}}
        answer = {field.name: kinds[field.kind] for field in messages.by_name("posture").response}
        return {**answer, "state": self.state, "release": {"version": "0.1.0", "age_days": -1}}

    @property
    def calibration(self) -> bytes:
        """The record in force."""
        return self.slots.get(self.in_force, b"")

    def calibration_state(self) -> dict:
        def row(slot: str, data: bytes) -> dict:
            told = {"created": CREATED, "fixture": "reference", "operator": "ada"}
            return {"slot": slot, "hash": calibration.name_of(data), "size": len(data), **told}

        return {
            "calibrated": bool(self.in_force),
            "hash": calibration.name_of(self.calibration) if self.in_force else "",
            "created": CREATED if self.in_force else "",
            "in_force": self.in_force,
            "records": [row(slot, data) for slot, data in self.slots.items()],
            "fault": "",
        }

    def calibration_read(self, fields: dict) -> dict:
        return piece(self.slots[fields.get("slot") or self.in_force], fields.get("off", 0))

    def calibration_write(self, fields: dict) -> dict:
        self._held = self._held[: fields["off"]] + fields["data"]
        if len(self._held) == fields["len"]:
            slot = fields.get("slot", "user")
            if slot == "user" and "user" in self.slots:
                self.slots["previous"] = self.slots["user"]
            self.slots[slot] = self._held
            self.in_force = "user" if "user" in self.slots else slot
        return {"off": len(self._held)}

    def calibration_select(self, fields: dict) -> dict:
        if fields["slot"] == "previous":
            self.slots["user"], self.slots["previous"] = self.slots["previous"], self.slots["user"]
        self.in_force = "user" if fields["slot"] == "previous" else fields["slot"]
        return self.calibration_state()

    def _serve(self) -> None:
        try:
            self._client, _ = self._listener.accept()
            self._listener.close()
            deframer = smp.Deframer()
            while data := self._client.recv(4096):
                for packet in deframer.feed(data):
                    self._answer(packet)
        except OSError:
            return  # the test has ended

    def _answer(self, packet: bytes) -> None:
        header, body = smp.parse(packet)
        message = messages.by_address(header.group, header.id, header.op)
        if message is None or message.name not in self.handlers:
            answer: dict | None = {"rc": 8, "rsn": "this fake knows no such message"}
        else:
            self.asked.append(message.name)
            try:
                answer = self.handlers[message.name](cbor.loads(body))
            except Refused as refused:
                answer = {"rc": refused.code, "rsn": refused.sentence}
        if answer is not None:
            response = smp.packet(
                header.op + 1, header.version, header.group, header.sequence, header.id, cbor.dumps(answer)
            )
            self.say(frame_lines(response))  # the device's CRC is slow under CPython


def frame(name: str) -> bytes:
    """Recognisable pixels for each frame."""
    pixels = np.arange(burst.FRAME_BYTES, dtype=np.uint32) * (vocabulary.FRAMES.index(name) + 3)
    return (pixels % 251).astype(np.uint8).tobytes()


def piece(whole: bytes, off: int) -> dict:
    return {"off": off, "len": len(whole), "data": whole[off : off + PIECE]}
