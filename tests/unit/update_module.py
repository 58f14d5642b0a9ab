"""A module started from slot 0, small signed images, and somebody who uploads them: for the tests of updates."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import sys
from collections.abc import Iterator
from typing import Any

import fakes
from dermis.app import module as modules
from dermis.app import update
from dermis.core import boot_state, handover, manifest, partitions, slot
from dermis.core.errors import WireError
from dermis_host.building import signing
from dermis_host.building.signing import SigningKey

BLOCK = partitions.BLOCK_SIZE
COUNTER = 3
PIECE = 1500


@functools.cache
def image(version: str = "0.2.0", counter: int = COUNTER, blocks: int = 3, key: SigningKey | None = None, **changes):
    """A signed image for the fake module, of a body that no two versions share."""
    runtime, _, number = modules.runtime().partition(" ")
    fields: dict[str, Any] = {
        "version": version,
        "released": "2026-12-01",
        "board": "twin",
        "hardware": (1, 1),
        "runtime": (runtime, number),
        "mpy_abi": manifest.mpy_abi(),
        "schemas": {"messages": (1, 1), "model": (1, 1), "calibration": (2, 2), "data": (1, 1)},
        "model_hash": "",
        "source_hash": bytes(32),
        "files": 1,
    }
    body = (hashlib.sha256(version.encode()).digest() * (BLOCK // 32)) * blocks
    encoded = manifest.encode(fields | changes)
    return signing.signed(body, encoded, counter, version + "+0", key or signing.development_key())


def hash_of(data: bytes) -> bytes:
    return signing.file_image(data).hash


class Bench:
    """A module on fake drivers that outlive its restarts. running: what lies in slot 0, None: started from sources.

    `restart` is what a reset does: the first stage's choice, then the firmware anew.
    """

    def __init__(self, running: bytes | None = None, **state: Any):
        self.drivers = fakes.drivers()
        self.cause = "power_on"
        self.left: dict | None = None
        self.module: Any = None
        if running is not None:
            self.drivers.flash.write("slot0", 0, running)
        self._has_slots = running is not None
        self._changes = state
        self.restart("power_on")

    def restart(self, cause: str = "software") -> None:
        self.drivers.system.cause = cause
        if self._has_slots:
            self.left = self._first_stage(cause)
        self.module = modules.Module(self.drivers, dict(fakes.BOARD), None)
        for name, value in self._changes.items():
            setattr(self.module, name, value)

    def _first_stage(self, cause: str) -> dict:
        storage, flash = self.drivers.storage, self.drivers.flash
        try:
            state = boot_state.decode(storage.read(boot_state.FILE))
        except OSError:
            state = None

        def look(number):
            name = boot_state.SLOTS[number]
            try:
                found = slot.image_in(flash, name)
                found.sound()
            except update.BadImage:
                return None
            return slot.found(flash, name, found)

        choice = boot_state.choose(state, cause, look)
        assert choice.slot != boot_state.NO_SLOT, "nothing could be started"
        if choice.state != state:
            storage.write(boot_state.FILE, boot_state.encode(choice.state))
        return {"slot": choice.slot, "testing": choice.testing, "cause": cause, "board": "twin", "revision": 1}

    @property
    def update(self) -> update.Update:
        modules_: Any = sys.modules
        if self.left is None:
            modules_.pop(handover.KEY, None)
        else:
            handover.leave(self.left)
        try:
            return update.of(self.module)
        finally:
            modules_.pop(handover.KEY, None)

    def piece(self, off: int, data: bytes, length: int = -1, sha: bytes = b"", image: int = 0, upgrade: bool = False):
        """The answer to one piece."""
        return asyncio.run(self._piece(off, data, length, sha, image, upgrade))

    async def _piece(self, off, data, length, sha, image, upgrade):
        answer = await self.update.receive(off, data, image, length, sha, upgrade)
        await self.update.settled()
        return answer

    def pieces(self, data: bytes, size: int = PIECE, sha: bytes | None = None, upgrade: bool = False) -> Iterator[dict]:
        """Uploads as MCUmgr's clients do, yielding the answers: where the module says that it is, they go on."""
        sha = hashlib.sha256(data).digest() if sha is None else sha
        answer = self.piece(0, data[:size], len(data), sha, upgrade=upgrade)
        yield answer
        while answer["off"] != len(data):
            off = answer["off"]
            again = (len(data), sha) if off == 0 else (-1, b"")
            answer = self.piece(off, data[off : off + size], *again)
            yield answer

    def upload(self, data: bytes, **options: Any) -> dict:
        """The last answer."""
        for answer in self.pieces(data, **options):
            last = answer
        return last

    def mark(self, wanted: bytes = b"", confirm: bool = False) -> None:
        asyncio.run(self.update.mark(wanted, confirm))

    def erase(self, number: int = -1) -> None:
        asyncio.run(self.update.erase(number))

    def content(self, name: str, length: int) -> bytes:
        return self.drivers.flash.content(name, length)


def refusal(action, *arguments, **named) -> WireError:
    """The wire's error of an action that must have one."""
    try:
        action(*arguments, **named)
    except WireError as error:
        return error
    raise AssertionError("it was not refused")
