"""A module with two slots made of a TCP socket: takes uploads, restarts into what was marked, goes back; or lies, loses
the link, or refuses on request. Clients may come again and again, as to a port."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from dermis.core import messages, smp
from dermis_host import image_file
from fake_module import FakeModule, Refused

BUF_SIZE = 1024  # small, so that an upload has many pieces


class FakeSlots(FakeModule):
    """running: index of the slot whose image runs, -1 for sources. cuts: {message: numbers of its calls at which the
    link is cut before an answer}; what was asked is done when `cut_after` is set. breaks_image: version that goes back
    by itself when it is tried, and why. failing: version -> names of checks that its self-test fails."""

    def __init__(self, image: bytes, state: str = "bench"):
        super().__init__(
            image_state=lambda _: self.table(),
            image_mark=self.mark,
            image_upload=self.upload,
            image_erase=lambda fields: self.slots_held.__setitem__(self.free, b"") or {},
            update_state=lambda _: self.update_state(),
            selftest=lambda _: self.selftest(),
            reset=self.reset,
            parameters=lambda _: {"buf_size": BUF_SIZE, "buf_count": 4},
        )
        self.state = state
        self.slots_held: dict[int, bytes] = {0: image, 1: b""}
        self.running, self.active, self.pending, self.testing = 0, 0, -1, False
        self.why = self.reason = self.version = self.refused = self.refused_why = ""
        self.coming = bytearray()
        self.announced: tuple[int, bytes] = (0, b"")
        self.received = 0  # bytes of image that came, twice or not
        self.cuts: dict[str, set[int]] = {}
        self.cut_after = False
        self.calls: dict[str, int] = {}
        self.breaks_image: tuple[str, str] = ("", "")
        self.failing: dict[str, list[str]] = {}
        self.refuses_image = ""
        self.memory_after_resets = 0  # before so many, it has no room for a second piece
        self.board, self.runtime, self.revision, self.counter = "twin", "micropython 1.29.0", 1, 1

    @property
    def free(self) -> int:
        return 1 - max(0, self.running)

    def identity(self) -> dict:
        told = super().identity()
        version = image_file.of(self.slots_held[max(0, self.running)]).manifest.version
        return {**told, "board": self.board, "firmware": version, "runtime": self.runtime, "state": self.state}

    def table(self) -> dict:
        rows = []
        for slot, data in self.slots_held.items():
            if data and self.running >= 0:
                image = image_file.of(data)
                rows.append(
                    {
                        "slot": slot,
                        "version": image.manifest.version,
                        "hash": image.hash,
                        "bootable": True,
                        "pending": slot == self.pending,
                        "confirmed": slot == self.active,
                        "active": slot == self.running,
                        "permanent": False,
                    }
                )
        return {"images": rows, "splitStatus": 0}

    def update_state(self) -> dict:
        return {
            "slot": f"slot{self.running}" if self.running >= 0 else "",
            "testing": self.testing,
            "back_s": 600 if self.testing else 0,
            "pending": f"slot{self.pending}" if self.pending >= 0 else "",
            "version": self.version,
            "hash": b"",
            "why": self.why,
            "reason": self.reason,
            "cause": "software",
            "held": len(self.coming),
            "size": self.announced[0],
            "refused": self.refused,
            "refused_why": self.refused_why,
            "counter": self.counter,
            "revision": self.revision,
        }

    def selftest(self) -> dict:
        failing = self.failing.get(self.identity()["firmware"], [])
        return {"ok": not failing, "checks": [{"name": "storage", "ok": True}, *_failed(failing)]}

    def upload(self, fields: dict) -> dict:
        off, data = fields["off"], fields["data"]
        if off and self.asked.count("reset") < self.memory_after_resets:
            raise Refused(2, "the module ran out of memory; ask for less, or reset it")
        self.received += len(data)
        if off == 0:
            announced = (fields["len"], bytes(fields.get("sha", b"")))
            if announced != self.announced:
                self.announced, self.coming = announced, bytearray()
                self.refused = self.refused_why = ""
        if off == len(self.coming):
            self.coming += data
        if len(self.coming) < self.announced[0]:
            return {"off": len(self.coming), "match": True}
        whole, size = bytes(self.coming), self.announced[0]
        match = hashlib.sha256(whole).digest() == self.announced[1]
        self.coming, self.announced = bytearray(), (0, b"")
        if self.refuses_image:
            self.refused, self.refused_why = self.refuses_image, "unknown_key"
        elif match:
            self.slots_held[self.free] = whole
        return {"off": size, "match": match}

    def mark(self, fields: dict) -> dict:
        wanted, confirm = fields.get("hash", b""), fields.get("confirm", False)
        if confirm:
            if self.state != "bench":
                raise Refused(11, "confirming an image needs a session of: installer; open one")
            self.active, self.testing, self.pending = self.running, False, -1
        elif self.testing:
            self.why, self.reason, self.pending = "asked", "somebody with the right to do so asked for it", -1
        else:
            held = self.slots_held[self.free]
            if not held or image_file.of(held).hash != wanted:
                raise Refused(5, "no slot holds that image; upload it first")
            self.pending, self.why = self.free, ""
            self.version = image_file.of(held).manifest.version
        return self.table()

    def reset(self, _: dict) -> dict:
        threading.Timer(0.02, self.boot).start()
        return {}

    def boot(self, why: str = "not_confirmed", reason: str = "it was not confirmed") -> None:
        """A start, as the first stage chooses."""
        if self.testing:
            self.running, self.testing = self.active, False
            if not self.why:
                self.why, self.reason = why, reason
            self.pending = -1
        elif self.pending >= 0:
            held = image_file.of(self.slots_held[self.pending])
            if held.manifest.version == self.breaks_image[0]:
                self.why, self.reason = self.breaks_image[1], "it crashed"
            else:
                self.running, self.testing = self.pending, True
            self.pending = -1
        self.uptime_ms = 0

    def _serve(self) -> None:
        while True:
            try:
                self._client, _ = self._listener.accept()
            except OSError:
                return  # the test has ended
            deframer = smp.Deframer()
            try:
                while data := self._client.recv(4096):
                    for packet in deframer.feed(data):
                        self._answer(packet)
            except OSError:
                continue  # the link was cut, by us or by the client

    def _answer(self, packet: bytes) -> None:
        header, _ = smp.parse(packet)
        message = messages.by_address(header.group, header.id, header.op)
        name = message.name if message else ""
        number = self.calls[name] = self.calls.get(name, 0) + 1
        if number not in self.cuts.get(name, ()):
            super()._answer(packet)
            return
        if self.cut_after:
            said, self.say = self.say, lambda data: None
            try:
                super()._answer(packet)
            finally:
                self.say = said
        assert self._client
        self._client.close()
        raise OSError("cut")


def _failed(names: list[str]) -> list[dict[str, Any]]:
    return [{"name": name, "ok": False, "value": None} for name in names]
