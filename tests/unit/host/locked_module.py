"""A module that keeps its doors: the fake module of these tests with the device's own keys, sessions and rights."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dermis.app import rights
from dermis.app.keys import Keys
from dermis.app.sessions import Sessions
from dermis.core import cbor, errors, messages, posture
from dermis.core.errors import WireError
from fake_module import FakeModule, Refused

SERIAL = "DM1-0007"
ENOENT = 2


class _Files:
    """The little of `drivers.storage` that `Keys` uses."""

    def __init__(self):
        self._files: dict[str, bytes] = {}

    def write(self, name: str, data: bytes) -> None:
        self._files[name] = bytes(data)

    def read_into(self, name: str, buffer: bytearray) -> int:
        if name not in self._files:
            raise OSError(ENOENT, name)
        data = self._files[name][: len(buffer)]
        buffer[: len(data)] = data
        return len(data)


class _Clock:
    def __init__(self):
        self.ms = 1000

    def ticks_us(self) -> int:
        return self.ms * 1000


class LockedModule:
    """One module over several links; `open()` is the context of a link, `fake` the one that is open.

    asked: (name, role of the session or "") of what was granted, in order. noted: what went into its log.
    """

    def __init__(self, state: str = "bench"):
        self.state = state
        self.clock = _Clock()
        self.keys = Keys(_Files(), SERIAL)
        self.noted: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.sessions = Sessions(self.clock, secrets.token_bytes, self.keys, SERIAL, self._note)
        self.slots: dict[str, bytes] = {}
        self.in_force = ""
        self.fake = FakeModule()

    @contextmanager
    def open(self, **handlers: Callable[[dict], dict | None]) -> Iterator[FakeModule]:
        own = {
            "session_open": lambda fields: {"challenge": self.sessions.challenge(fields["role"]), "serial": SERIAL},
            "session_prove": self._prove,
            "session_close": lambda _: self.sessions.close("closed") or {},
            "posture": lambda _: self.posture(),
            "provision": self._provision,
            "state_change": self._change,
            "frames_allow": self._allow,
            "burst_part": self._part,
            "datetime_write": lambda _: {},
            "repl_open": lambda _: {"open": True},
            "reset": self._reset,
        }
        with FakeModule(**{**own, **handlers}) as self.fake:
            self.fake.state, self.fake.slots, self.fake.in_force = self.state, self.slots, self.in_force
            for name, handler in list(self.fake.handlers.items()):
                self.fake.handlers[name] = self._guarded(name, handler)
            self.part = own["burst_part"]
            yield self.fake
        self.in_force = self.fake.in_force

    def posture(self) -> dict:
        opened = [*posture.ALWAYS_OPEN, *(name for name in posture.BY_RIGHT if rights.granted(self.state, name))]
        return {
            "state": self.state,
            "provisioned": self.keys.provisioned,
            "fleet": self.keys.fleet(),
            "open": opened,
            "locked": [name for name in posture.OPENABLE if name not in opened],
            "defaults": [] if self.keys.provisioned else list(posture.DEFAULTS),
            "unverifiable": [posture.RUNTIME],
            "faults": [self.keys.fault] if self.keys.fault else [],
            "release": {"version": "0.1.0", "released": "2026-11-22", "age_days": 3},
            "sessions": self.sessions.facts(),
        }

    def _note(self, event: str, **fields: object) -> None:
        self.noted.append(f"{event} {fields}")

    def _guarded(self, name: str, handler: Callable[[dict], dict | None]) -> Callable[[dict], dict | None]:
        def answer(fields: dict) -> dict | None:
            right, role = messages.by_name(name).right, self.sessions.role()
            if not rights.granted(self.state, right, role):
                raise Refused(errors.RC_ACCESS_DENIED, f"{name} needs the right {right}")
            self.asked.append((name, role))
            try:
                return handler(fields)
            except WireError as refused:
                raise Refused(refused.code, refused.reason) from None

        return answer

    def _prove(self, fields: dict) -> dict:
        proof = self.sessions.prove(fields["nonce"], fields["proof"])
        return {"proof": proof, "expires_ms": 900_000, "idle_ms": 60_000}

    def _provision(self, fields: dict) -> dict:
        given = {"osdp": b"", "fleet": "", **fields}
        assert len(cbor.dumps(given)) < 1000  # it fits a packet
        self.keys.provision(given)
        self.sessions.close("provisioned")
        for slot in list(self.slots):  # what the development key signed is trusted no more
            del self.slots[slot]
        self.fake.in_force = ""
        return {"provisioned": True}

    def _change(self, fields: dict) -> dict:
        if self.state == "bench" and fields["state"] != "field":
            raise Refused(errors.RC_INVALID, "from the bench state a module goes to the field")
        self.state = self.fake.state = fields["state"]
        self.sessions.close("state")
        return {"state": self.state}

    def _reset(self, _: dict) -> dict:
        self.sessions.close("reset")
        threading.Timer(0.02, self.fake.restart).start()  # after the answer
        return {}

    def _allow(self, fields: dict) -> dict:
        self.sessions.allow_frames(fields["seconds"])
        return {"expires_ms": fields["seconds"] * 1000}

    def _part(self, fields: dict) -> dict:
        if self.state != "bench" and not self.sessions.frames_left_ms():
            raise Refused(errors.RC_ACCESS_DENIED, "frames are closed")
        return FakeModule().handlers["burst_part"](fields) or {}
