"""The whole firmware on a fake chip within this process, in its time alone: what it answers, and that it answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from dermis.core import cbor, messages, smp
from dermis_host import recording
from dermis_host.released import released_model
from dermis_hw import boards

from tests.esp32s3.process import scene
from tests.fakes.esp32s3.install import installed
from tests.fakes.esp32s3.recorded import RecordedDm1, record_for

WATCHDOG_MS = 60_000  # `dermis.main`'s: what takes longer than this hangs
SERVICE_UART = 1
TURN_S = 0.01
PIECE = 2048


class Hung(AssertionError):
    """No answer came within the watchdog's time."""


class Chip:
    """One chip through its starts. dm1: the hardware. data: of another chip's data partition. seed: of what the chip's
    random numbers are. link: the board data's."""

    def __init__(self, name: str = "bona_fide_light", data: bytes = b"", seed: int = 1, link: str = "usb"):
        self.board = boards.board_file("esp32s3") | {"link": link}
        self.recording: recording.Recording = scene(name)
        self.dm1 = RecordedDm1(self.board, self.recording)
        self._data = data
        self._rng = np.random.default_rng(seed)

    @contextlib.contextmanager
    def started(self, before: Callable[[RecordedDm1], None] | None = None) -> Iterator[Session]:
        """The firmware, started by `main.compose`. before: what is done to the hardware first."""
        chip = self.dm1.chip
        kept = sys.stdin, sys.stdout, dict(os.environ)
        with tempfile.TemporaryDirectory() as folder, installed(chip):
            path = Path(folder) / "board.json"
            path.write_text(json.dumps(self.board))
            os.environ.update(DERMIS_BOARD=str(path), DERMIS_MODEL=str(released_model()))
            if self._data:
                chip.flash.data["data"][:] = self._data
                self._data = b""
            chip.flash.mounts.clear()
            if before:
                before(self.dm1)
            sys.stdin = sys.stdout = SimpleNamespace(buffer=chip.usb)  # type: ignore[assignment]
            try:
                import dermis.drivers.system.esp32s3 as machine
                import dermis.main as entry

                machine.os = SimpleNamespace(urandom=self._rng.bytes)  # type: ignore[assignment]
                module = entry.compose()
            finally:
                sys.stdin, sys.stdout = kept[:2]
            try:
                yield Session(self.dm1, entry, module)
            finally:
                os.environ.clear()
                os.environ.update(kept[2])

    def data(self) -> bytes:
        """What the data partition holds now."""
        return bytes(self.dm1.chip.flash.data["data"])


class Session:
    """module: the firmware's `Module`. patience_ms: how long an answer is waited for."""

    def __init__(self, dm1: RecordedDm1, entry: Any, module: Any):
        self.dm1, self.module = dm1, module
        chip = dm1.chip
        self._wire = chip.uarts[SERVICE_UART] if dm1.board["link"] == "uart" else chip.usb
        self._entry = entry
        self._sequence = 0
        self.patience_ms = WATCHDOG_MS

    def ask(self, *requests: tuple[str, dict[str, Any]], at: dict[int, Callable[[], None]] | None = None) -> list[dict]:
        """Serve these one after the other; their answers. at: ms after the first was sent -> what then happens to the
        hardware. Raises Hung where one stays out, ChipReset where the watchdog bit."""
        loop = asyncio.new_event_loop()
        serving = self._serve(requests, at or {})
        try:
            return loop.run_until_complete(serving)
        finally:
            # Of a program that a reset ended nothing runs on, no clearing up either.
            loop.set_exception_handler(lambda *_: None)
            loop.close()

    async def _serve(self, requests, at):
        chip = self.dm1.chip
        self._wire.sent.clear()
        serving = asyncio.create_task(self._entry.serve(self.module))
        for after_ms, action in at.items():
            chip.at(chip.now_us + after_ms * 1000, action)
        try:
            return [await self._answer(serving, *request) for request in requests]
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _answer(self, serving, name, fields):
        chip = self.dm1.chip
        message = messages.by_name(name)
        self._sequence = (self._sequence + 1) & 0xFF
        body = cbor.dumps(fields)
        packet = smp.packet(message.op, smp.VERSION_2, message.group, self._sequence, message.id, body)
        asked_us = chip.now_us
        deframer = smp.Deframer()
        self._wire.arrive(smp.frame(packet))
        while chip.now_us - asked_us < self.patience_ms * 1000:
            if serving.done():
                serving.result()
                raise Hung("the server ended")
            taken = bytes(self._wire.sent)
            self._wire.sent.clear()
            for each in deframer.feed(taken):
                header, answer = smp.parse(each)
                if header.sequence == self._sequence:
                    return cbor.loads(bytes(answer))
            await asyncio.sleep(TURN_S)
        raise Hung(f"{name} is not answered")

    def verify(self, at: dict[int, Callable[[], None]] | None = None, **fields: Any) -> dict:
        given = {"time_limit_ms": 1500, "nonce": b"", "transaction": b"", **fields}
        return self.ask(("verify", given), at=at)[0]

    def failing(self) -> dict[str, str]:
        """The checks of a self-test that fail -> what they say is to be done."""
        checks = self.ask(("selftest", {}))[0]["checks"]
        return {check["name"]: check["todo"] for check in checks if not check["ok"]}


def calibrated_data() -> bytes:
    """The data partition of a module that was calibrated, and that says bona fide."""
    chip = Chip()
    with chip.started() as session:
        (told,) = session.ask(("identity", {}))
        record = record_for(chip.recording, told["serial"], told["imager"], told["swir_head"])
        for off in range(0, len(record), PIECE):
            given = {"off": off, "len": len(record), "data": record[off : off + PIECE], "slot": "user"}
            session.ask(("calibration_write", given))
        answer = session.verify()
        assert answer["verdict"] == "bona_fide", answer
        return chip.data()
