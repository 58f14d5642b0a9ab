"""`Module`: one method a message, named as in `dermis.core.messages`, and the few things made of several."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from dermis.core.burst import FRAME_BYTES
from dermis_hw import boards

from dermis_host.access.access_messages import AccessMessages
from dermis_host.answers import (
    BurstTaken,
    CalibrationState,
    Identity,
    Parameters,
    Piece,
    SelfTest,
    Step,
    Verdict,
)
from dermis_host.auditing.record_messages import RecordMessages
from dermis_host.client import ANSWER_S
from dermis_host.errors import LinkError, ModuleReset, NotDermis, RequestFailed, RequestTimeout
from dermis_host.recording import SHAPE, TWIN_BOARD, Recording
from dermis_host.updating.image_messages import ImageMessages
from dermis_host.wire import fields

# How long to wait for the answers that take longest, in seconds (`dermis_host.client` says how they are meant).
BURST_S = 60.0
VERIFY_S = 120.0
SELFTEST_S = 60.0
STORE_S = 20.0
RESTART_S = 3.0  # from the answer to a reset to the first word after it
# From there to the first answer. Longer than at a port where nobody may be: somebody was there, and the start of a twin
# on a busy computer takes several times a module's.
RESTARTED_S = 60.0

USER, PREVIOUS, FACTORY = "user", "previous", "factory"  # slots of the calibration store

PIECE_BYTES = 256  # of a calibration record on the way in; a packet must fit `buf_size` with its header and fields
PIECE_OVERHEAD = 64

NO_BURST = 0  # in place of a burst's number

# What of a module's identity goes into a recording.
MADE_BY = ("serial", "board", "firmware", "runtime", "model", "model_hash", "profile", "calibration")


@dataclasses.dataclass(frozen=True)
class Stepped:
    """A verdict and the bursts that were judged for it, in order. held: the last one, still in the module; None where
    none came, or where they were not asked for."""

    verdict: Verdict
    fetched: list[Recording]
    held: BurstTaken | None


class Module(AccessMessages, ImageMessages, RecordMessages):
    """A Dermis module behind a port; a context manager.

    port: whatever `serial.serial_for_url` takes (a tty, rfc2217://HOST:PORT, socket://HOST:PORT).
    on_log: called with every line that comes between the frames and answers nothing (log, boot text).
    keyring: of the module's fleet, for what needs a session; opened when it is needed.

    Raises LinkError when the port cannot be opened, NotDermis when something else or nothing answers.
    """

    def __enter__(self) -> Module:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # One method a message.

    def echo(self, text: str) -> str:
        """Sends the text there and back."""
        return self._ask("echo", d=text)

    def datetime_read(self) -> str:
        """The module's clock: UTC, yyyy-MM-ddTHH:mm:ss."""
        return self._ask("datetime_read")

    def datetime_write(self, datetime: str) -> None:
        """Sets the module's clock (UTC, yyyy-MM-ddTHH:mm:ss)."""
        self._ask("datetime_write", datetime=datetime)

    def reset(self, wait: bool = True) -> None:
        """Restarts the module; with `wait`, returns when it answers again."""
        self._ask("reset")
        if not wait:
            return
        for item in self._link.receive(time.monotonic() + RESTART_S):
            if isinstance(item, str):
                self._heard(item)
            if self._restarted:
                break
        self._restarted = False
        self._greet(RESTARTED_S)

    def parameters(self) -> Parameters:
        """MCUmgr parameters."""
        return self._ask("parameters")

    def os_info(self, format: str = "s") -> str:
        """OS/application info; letters as of uname, `a` for all."""
        return self._ask("os_info", format=format)

    def identity(self) -> Identity:
        """What this module is and what runs on it."""
        identity = self._ask("identity")
        self._uptime_ms = identity.uptime_ms
        return identity

    def verify(self, time_limit_ms: int = 0, nonce: bytes = b"", transaction: bytes = b"") -> Verdict:
        """Takes bursts until there is a verdict or the time is up (0: the profile's limit).

        nonce, transaction: at most 32 bytes each, bound to the verdict (`dermis_host.auditing.bound`).
        """
        given: dict[str, Any] = {}
        if time_limit_ms:
            given["time_limit_ms"] = time_limit_ms
        if nonce:
            given["nonce"] = nonce
        if transaction:
            given["transaction"] = transaction
        return self._ask("verify", VERIFY_S + time_limit_ms / 1000, **given)

    def verify_step(self, after: int = NO_BURST, time_limit_ms: int = 0, nonce: bytes = b"") -> Step:
        """One burst of a verification; after: the `id` of the step before, `NO_BURST` to begin one with that limit (0:
        the profile's) and that nonce.

        Raises RequestFailed (no_entry) when no verification goes on after that burst: begin anew.
        """
        given: dict[str, Any] = {} if after == NO_BURST else {"after": after}
        if time_limit_ms:
            given["time_limit_ms"] = time_limit_ms
        if nonce:
            given["nonce"] = nonce
        return self._ask("verify_step", BURST_S, **given)

    def burst(self, lights: tuple[str, ...] = (), exposure_us: int = 0) -> BurstTaken:
        """Takes one burst (or only the lights named) and keeps it in the module's memory until the next.

        exposure_us: of the imager; 0 leaves it the board's.
        """
        given: dict[str, Any] = {}
        if lights:
            given["lights"] = list(lights)
        if exposure_us:
            given["exposure_us"] = exposure_us
        return self._ask("burst", BURST_S, **given)

    def burst_part(self, id: int, frame: str, off: int = 0) -> Piece:
        """A piece of a frame of the burst held."""
        return self._ask("burst_part", id=id, frame=frame, off=off)

    def selftest(self) -> SelfTest:
        """Checks imager, lights, SWIR head, thermometer, storage, model and calibration."""
        return self._ask("selftest", SELFTEST_S)

    def watch(self, period_ms: int | None = None) -> Generator[dict[str, Any], None, None]:
        """Events (maps, as the module sends them) until the iterator is closed; the module then stops watching.

        period_ms: pause between two looks; None: as the module's setting has it.
        Raises ModuleReset when the module restarts, LinkError when the port goes or the module is silent.
        """
        self._events.clear()
        self._watching = True
        try:
            self._ask("watch", on=True, **({} if period_ms is None else {"period_ms": period_ms}))
            while True:
                while self._events:
                    yield self._events.pop(0)
                for item in self._link.receive(time.monotonic() + ANSWER_S):
                    if isinstance(item, str):
                        self._heard(item)
                    if self._restarted:
                        self._restarted = False
                        raise ModuleReset(f"The module on {self.port} restarted while watching: start watching again.")
                    if self._events:
                        break
                else:
                    self._still_there("watch")  # the line that said so may have been lost
        finally:
            self._watching = False
            self._stop_watching()

    def evidence(self) -> dict[str, Any]:
        """The evidence of the last verdict; empty before the first."""
        return self._ask("evidence")

    def calibration_state(self) -> CalibrationState:
        """Which calibration record is in force."""
        return self._ask("calibration_state")

    def calibration_read(self, off: int = 0, slot: str = "") -> Piece:
        """A piece of the record in that slot ("user", "previous", "factory"; "": the one in force)."""
        given: dict[str, Any] = {"slot": slot} if slot else {}
        return self._ask("calibration_read", off=off, **given)

    def calibration_write(self, off: int, len: int, data: bytes, slot: str = USER) -> int:
        """Hands over a piece of a record; returns how many bytes the module holds."""
        to: dict[str, Any] = {} if slot == USER else {"slot": slot}
        return self._ask("calibration_write", STORE_S, off=off, len=len, data=data, **to)

    def calibration_select(self, slot: str) -> CalibrationState:
        """Puts the record of a slot in force: "user", "factory", or "previous", which changes places with "user"."""
        return self._ask("calibration_select", STORE_S, slot=slot)

    def monitor_baseline(self) -> dict[str, int]:
        """Measures the monitor tab under each light (linear counts) without a record."""
        return self._ask("monitor_baseline", BURST_S)

    # Things made of several messages.

    def frame(self, burst: BurstTaken, name: str, on_bytes: Callable[[int], None] | None = None) -> bytes:
        """A whole frame of the burst held; `on_bytes` hears how many bytes each piece brought."""
        return _gather(lambda off: self.burst_part(burst.id, name, off), f"the frame {name}", on_bytes)

    def capture(
        self,
        frames: tuple[str, ...] = (),
        on_size: Callable[[int], None] | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Recording:
        """Takes a burst and fetches it, or only the `frames` named, with the record in force. `on_size` hears how many
        bytes there will be, `on_bytes` how many each piece brought."""
        identity = self.identity()
        calibration = self.calibration_record()
        return self.fetch(self.burst(), identity, frames, calibration, on_size, on_bytes)

    def fetch(
        self,
        burst: BurstTaken,
        identity: Identity,
        frames: tuple[str, ...] = (),
        calibration: bytes = b"",
        on_size: Callable[[int], None] | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Recording:
        """The burst held as a recording, whole or with the `frames` named only."""
        wanted = [name for name in burst.frames if not frames or name in frames]
        if on_size:
            on_size(len(wanted) * FRAME_BYTES)
        fetched = {}
        for name in wanted:
            pixels = np.frombuffer(self.frame(burst, name, on_bytes), np.uint8)
            if pixels.size != FRAME_BYTES:
                raise LinkError(f"The frame {name} has {pixels.size} bytes instead of {FRAME_BYTES}: try again.")
            fetched[name] = pixels.reshape(SHAPE).copy()
        try:
            board_file = boards.board_file(identity.board)
        except KeyError as problem:
            raise NotDermis(f"These tools have no board file for this module: {problem.args[0]}.") from None
        made_by = {name: value for name, value in dataclasses.asdict(identity).items() if name in MADE_BY}
        made_by["simulated"] = identity.board == TWIN_BOARD
        return Recording({**burst.meta, "frames": wanted}, fetched, calibration, board_file, module=made_by)

    def verify_stepped(self, identity: Identity, calibration: bytes = b"", nonce: bytes = b"") -> Stepped:
        """A verdict, with the bursts that were judged. The module holds one at a time, so that each but the last is
        fetched before the next is taken; the last one can be (`fetch`) until something else uses the sensors. Such a
        verdict is bound to nothing, and opens no lock.

        Raises RequestFailed (no_entry) when the module gave it up in between, which it says why: begin anew.
        """
        fetched: list[Recording] = []
        step = self.verify_step(nonce=nonce)
        while True:
            held = None if step.id == NO_BURST else BurstTaken(step.id, step.frames, step.meta)
            if step.done:
                return Stepped(Verdict(**fields("verify", {**step.verdict, "bound": {}})), fetched, held)
            if held is None:
                raise NotDermis(f"The module on {self.port} judges bursts that it did not take: update its firmware.")
            fetched.append(self.fetch(held, identity, calibration=calibration))
            step = self.verify_step(after=held.id)

    def calibration_record(self, slot: str = "") -> bytes:
        """The whole calibration record of a slot ("": the one in force, empty when there is none).

        Raises RequestFailed where a slot that was named holds none.
        """
        if not slot and not self.calibration_state().calibrated:
            return b""
        return _gather(lambda off: self.calibration_read(off, slot), "the calibration record")

    def store_calibration(self, record: bytes, on_bytes: Callable[[int], None] | None = None, slot: str = USER) -> None:
        """Hands over a whole record and reads it back. Raises RequestFailed, LinkError when what came back differs."""
        room = max(PIECE_BYTES, self.parameters().buf_size - PIECE_OVERHEAD)
        held = 0
        while held < len(record):
            before, held = held, self.calibration_write(held, len(record), record[held : held + room], slot)
            if held <= before:
                raise LinkError("The module took no more of the calibration record: reset it and try again.")
            if on_bytes:
                on_bytes(held - before)
        # A user record is in force at once, so the one in force must be it.
        if self.calibration_record("" if slot == USER else slot) != record:
            raise LinkError("The module gave back another calibration record than it was given: write it again.")

    def _stop_watching(self) -> None:
        try:
            self._try("watch", ANSWER_S, {"on": False})
        except (LinkError, ModuleReset, RequestFailed) as problem:
            # The module is gone or starting anew: it is not watching any more, and why it went has been said already.
            self._on_log(f"watching was not stopped in order: {problem}")


def _gather(fetch: Callable[[int], Piece], what: str, on_bytes: Callable[[int], None] | None = None) -> bytes:
    """All pieces of something, in order. A piece that a module which is there does not give was lost on the way, and is
    asked for once more. Raises LinkError when the pieces do not fit together."""
    whole = bytearray()
    while True:
        try:
            piece = fetch(len(whole))
        except RequestTimeout:
            piece = fetch(len(whole))
        if piece.off != len(whole) or len(whole) + len(piece.data) > piece.len:
            raise LinkError(f"The pieces of {what} do not fit together: try again.")
        whole += piece.data
        if on_bytes:
            on_bytes(len(piece.data))
        if len(whole) == piece.len:
            return bytes(whole)
        if not piece.data:
            raise LinkError(f"The module stopped in the middle of {what}: try again.")
