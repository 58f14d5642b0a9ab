"""The bench: one flashed, calibrated module before synthetic scenes, and what must not be lost on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dermis.core import calibration, manifest, partitions, slot, vocabulary
from dermis_host import Module, client
from dermis_host import module as watching
from dermis_host.auditing.export import Export, check
from dermis_host.auditing.fetching import fetch
from dermis_host.building import Built, littlefs_image, signing
from dermis_host.errors import HostError
from dermis_host.updating import updater
from dermis_hw.twin import Twin

from tests.twin.flashed import runtime, write_parts
from tests.twin.indulgent import INDULGENT, THRESHOLDS
from tests.twin.quick_record import quick_record

SCENES = "dermis_hw.twin.synthetic:"
FACE = "face"
# One that the SWIR head alone tells from skin, one that depth alone tells from a face, one that all bands tell.
ATTACKS = ("painted_mask", "photo", "mask")
# How long hosts wait here. Patient: on a computer so busy that a start takes half a minute, nothing runs out.
PATIENT = {client: {"SILENT_S": 40.0, "GREETING_S": 90.0, "PROBE_S": 20.0}, updater: {"AGAIN_S": 0.05}}
# Hurried: where bytes may be lost each loss costs a whole wait; a verdict takes a fifth of a second.
HURRIED = {
    client: {"ALIVE_S": 0.8, "SILENT_S": 2.5, "PROBE_S": 1.5, "GREETING_S": 6.0},
    watching: {"ANSWER_S": 1.5},
    updater: {"AGAIN_S": 0.05, "RECONNECT_S": 8.0},
}
LAST_WORD_S = 3.0  # hurried: for any answer
BASE_VERSION = "0.1.0"
CRASHES = b"raise ValueError('an image that cannot start')\n"
RUNNING_S = 60.0  # until a module that restarts says hello, on a busy computer


class AttackPassed(Exception):
    """The worst that can happen: no second look makes it good."""


class Host(Module):
    """A host's module that waits no longer than `longest_s` for an answer, and closes within `letting_go`."""

    longest_s = float("inf")
    letting_go: Callable[[], AbstractContextManager[None]] = nullcontext

    def close(self) -> None:
        with self.letting_go():
            super().close()

    def _answer(self, name: str, request: Any, time_out_s: float) -> dict[str, Any] | None:
        return super()._answer(name, request, min(time_out_s, self.longest_s))


class HurriedHost(Host):
    longest_s = LAST_WORD_S


@contextmanager
def waiting(limits: dict[Any, dict[str, float]]) -> Iterator[None]:
    """The host's patience is that meanwhile."""
    before = {(module, name): getattr(module, name) for module, names in limits.items() for name in names}
    for module, names in limits.items():
        for name, value in names.items():
            setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)


@dataclass(frozen=True)
class Standing:
    """What a module holds that no fault may take."""

    state: str
    profile: str
    firmware: str
    counter: int
    in_force: str  # hash of the calibration record
    image: bytes  # hash of the image in use
    testing: bool
    pending: str


class Images:
    """The image that runs, and small ones that crash at once: an update with them is an upload, a check, a test boot
    and the way back."""

    def __init__(self, built: Built):
        data = built.image.read_bytes()
        self._image = signing.file_image(data)
        self._fields = dict(zip(manifest.FIELDS, self._image.manifest, strict=True))
        body = data[self._image.body_offset : self._image.body_offset + self._image.body_size]
        files = littlefs_image.contents(body)
        model = PurePosixPath("spoof.json")
        files[model] = json.dumps({**json.loads(files[model]), "threshold": THRESHOLDS}).encode()
        self.running = self._signed(files, BASE_VERSION)
        self.boot = built.boot.read_bytes()

    def crashing(self, number: int) -> bytes:
        package = PurePosixPath("dermis")
        return self._signed({package / "__init__.py": b"", package / "main.py": CRASHES}, f"0.9.{number}")

    def _signed(self, files: dict[PurePosixPath, bytes], version: str) -> bytes:
        return signing.signed(
            littlefs_image.smallest(files, partitions.partition("slot0").size),
            manifest.encode(self._fields | {"version": version, "files": len(files)}),
            self._image.security_counter,
            f"{version}+0",
            signing.development_key(),
        )


class Bench:
    """A context manager. hurried: whether hosts that are opened now wait as little as they may."""

    def __init__(self, folder: Path, images: Images, seed: int = 0):
        self._folder = folder
        self.images = images
        self.pty = folder / "tty"
        running = images.running.ljust(slot.MARK_AT, b"\xff") + signing.file_image(images.running).hash
        write_parts(folder / "twin", {"runtime": runtime(), "boot": images.boot, "slot0": running})
        self.twin = Twin(folder / "twin", provider=SCENES + FACE, virtual_time=True, seed=seed, pty=self.pty)
        self._stack = ExitStack()
        self._stack.callback(self.twin.stop)
        self._records = self._updates = 0
        self.baseline: dict[str, dict[str, int]] = {}
        self.hurried = False
        self._held = threading.Event()
        self._turn = threading.Lock()
        self._stack.enter_context(waiting(PATIENT))
        with self.open() as module:
            self.identity = module.identity()
            module.setting_write("profile", INDULGENT.encode())
            module.store_calibration(self.new_record())
            self.log: Export = fetch(module, self.identity.serial)
            self.standing = self.look(module)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the twin, and give the host its patience back."""
        self._stack.close()

    # What stands before the module, and who talks to it.

    def show(self, scene: str) -> None:
        self.twin.set_provider(SCENES + scene)

    def open(self, port: str = "") -> Host:
        """On the pseudo-terminal, or on another port: it opens and closes at once, where pyserial's RFC 2217 client
        sleeps each time."""
        host = (HurriedHost if self.hurried else Host)(port or str(self.pty), greeting_s=client.GREETING_S)
        host.letting_go = self._letting_go
        self._held.set()
        return host

    @contextmanager
    def _letting_go(self) -> Iterator[None]:
        with self._turn:
            self._held.clear()
            yield

    @contextmanager
    def in_a_hurry(self) -> Iterator[None]:
        """Hosts wait as little as they may meanwhile."""
        self.hurried = True
        try:
            with waiting(HURRIED):
                yield
        finally:
            self.hurried = False

    def new_record(self) -> bytes:
        """A record of this module that differs from the one before."""
        self._records += 1
        minute, second = divmod(self._records, 60)
        return quick_record(self.identity, f"2026-01-01T{minute // 60:02}:{minute % 60:02}:{second:02}")

    def new_image(self) -> Path:
        """An image that the module's slot does not hold."""
        self._updates += 1
        path = self._folder / "small.img"
        path.write_bytes(self.images.crashing(self._updates))
        return path

    @contextmanager
    def second_host(self, where: str, while_held: bool) -> Iterator[list[str]]:
        """Somebody else asks all the time meanwhile, on the "same" port or the "other" one, once the first host has the
        module; yields what he is told. while_held: he begins and ends each time while the first host holds the module;
        a port that nobody holds between two openings is anybody's."""
        self._held.clear()
        told: list[str] = []
        over = threading.Event()
        port = {"same": str(self.pty), "other": self.twin.url}[where]

        def ask() -> None:
            self._held.wait(RUNNING_S)
            while not over.is_set():
                with self._turn if while_held else nullcontext():
                    if self._held.is_set() or not while_held:
                        converse()
                time.sleep(0.02)

        def converse() -> None:
            with suppress(HostError), HurriedHost(port, greeting_s=LAST_WORD_S) as module:
                while not over.is_set():
                    told.append(module.identity().serial)
                    told.append(module.verify(time_limit_ms=200).verdict)
                    if while_held:
                        return

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            over.set()
            thread.join(RUNNING_S)

    # What it holds.

    def look(self, module: Module) -> Standing:
        state, images = module.update_state(), module.image_state().images
        identity = module.identity()
        return Standing(
            identity.state,
            identity.profile,
            identity.firmware,
            state.counter,
            module.calibration_state().hash,
            next(image["hash"] for image in images if image["active"]),
            state.testing,
            state.pending,
        )

    def counts(self) -> dict[str, int]:
        """What has been asked of the hardware since the twin started."""
        status = self.twin.status()
        erases = self.twin.request({"do": "wear"})["erases"]["data"]
        return {
            "requests": status["hardware_requests"],
            "writes": status["flash_operations"],
            "erases": sum(erases),
        }

    def wait_until_it_runs(self) -> None:
        """Raises TimeoutError when no program says hello in time."""
        until = time.monotonic() + RUNNING_S
        while not self.twin.status()["said_hello"]:
            if time.monotonic() > until:
                raise TimeoutError(f"no program runs on the module: {self.twin.status()['state']}")
            time.sleep(0.02)

    def lost(self, module: Module, allowed_records: set[str], entries_too: bool) -> list[str]:
        """Sentences on what is not as it was; then this is how it was. entries_too: entries of the log may be missing,
        if it says so."""
        found = []
        now = self.look(module)
        for name in ("state", "profile", "firmware", "counter", "image", "testing"):
            before, after = getattr(self.standing, name), getattr(now, name)
            if before != after:
                found.append(f"{name} was {before} and is {after}")
        if now.in_force not in allowed_records:
            found.append(f"the calibration record in force is {now.in_force or 'none'}")
        fault = module.calibration_state().fault
        if fault:
            found.append(fault)
        elif calibration.name_of(module.calibration_record()) != now.in_force:
            found.append("the record in force is not the one that it is called")
        log = fetch(module, self.identity.serial, self.log)
        checked = check(log)
        found += checked.problems
        if checked.gaps and not entries_too:
            found.append(f"entries {checked.gaps} of the audit log are missing")
        self.log, self.standing = log, now
        return found

    def works(self, module: Module) -> str:
        """Empty when a face passes and an attack does not; else what happened. Raises AttackPassed."""
        self.show(FACE)
        verdict = module.verify()
        if verdict.verdict != vocabulary.BONA_FIDE:
            return f"the face is {verdict.verdict} {verdict.reasons} {verdict.evidence.get('fault', '')}".strip()
        self.show(ATTACKS[-1])
        verdict = module.verify()
        self.show(FACE)
        if verdict.verdict == vocabulary.BONA_FIDE:
            raise AttackPassed(f"the attack {ATTACKS[-1]} passed as bona fide")
        return "" if verdict.verdict == vocabulary.ATTACK else f"the attack is {verdict.verdict} {verdict.reasons}"
