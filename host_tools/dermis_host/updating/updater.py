"""An update from the first look at the image to the confirmation, on a link that may break anywhere.

    look -> upload -> mark -> restart -> self-test -> confirm

Every step can be repeated: run again with the same image, an update goes on where it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dermis.core import errors, manifest, mcuboot
from dermis.core.mcuboot import Image

from dermis_host import image_file
from dermis_host.answers import Identity, UpdateState
from dermis_host.errors import HostError, LinkError, ModuleReset, RequestFailed, UsageError, sentence
from dermis_host.module import Module

# How long the link may be gone: a cable that is plugged in again, a module that checks an image before it starts it.
RECONNECT_S = 60.0
AGAIN_S = 0.5
MOST_RESTARTS = 3  # a reset may be lost with the link
MOST_BREAKS = 8  # in a row without a byte that the module kept
BUSY_S = 60.0  # the module's own self-test, while it tries an image
BENCH = "bench"
UNFINISHED = "run the same command again and it goes on"


class UpdateFailed(HostError):
    """The module did not take the image, or went back to the one before."""


class Standing(NamedTuple):
    """What a module says of itself and of its slots."""

    identity: Identity
    state: UpdateState
    images: list[dict[str, Any]]

    def in_use(self) -> dict[str, Any]:
        """The image that runs; empty where the firmware was not started from a slot."""
        return next((image for image in self.images if image["active"]), {})

    def other(self) -> dict[str, Any]:
        """The image in the other slot; empty without one."""
        return next((image for image in self.images if not image["active"]), {})


@dataclass
class Watcher:
    """Who hears what is done (`step`, once a step) and how many bytes the module holds."""

    step: Callable[[str], None] = lambda what: None
    held: Callable[[int, int], None] = lambda held, size: None


@dataclass
class Result:
    """What came of it. breaks: how often the link was lost; sent: bytes of image that were handed over."""

    before: Standing
    after: Standing
    confirmed: bool
    sent: int = 0
    seconds: float = 0.0
    breaks: int = 0

    def told(self) -> dict[str, Any]:
        """For --json."""
        return {
            "before": told(self.before),
            "after": told(self.after),
            "confirmed": self.confirmed,
            "sent_bytes": self.sent,
            "upload_s": round(self.seconds, 2),
            "breaks": self.breaks,
        }


def told(standing: Standing) -> dict[str, Any]:
    """A standing for --json."""
    return {
        "identity": dataclasses.asdict(standing.identity),
        "update": dataclasses.asdict(standing.state),
        "images": standing.images,
    }


class Updater:
    """open_module: opens the module anew, waiting so many seconds for its greeting (`Module`'s own errors).

    A context manager; the port is held for as long as it is there.
    """

    def __init__(self, open_module: Callable[[], Module], watcher: Watcher | None = None):
        self._open = open_module
        self._watcher = watcher or Watcher()
        self._module: Module | None = None
        self.breaks = 0

    def __enter__(self) -> Updater:
        self._module = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    @property
    def module(self) -> Module:
        """The module, opened again if the link was lost."""
        if self._module is None:
            self._module = self._opened_again()
        return self._module

    def standing(self) -> Standing:
        """How the module stands now."""
        return self._asked(
            lambda module: Standing(module.identity(), module.update_state(), module.image_state().images)
        )

    def update(self, path: Path, confirm: bool = True) -> Result:
        """Brings the image of that file into use.

        confirm: keep it when it has passed; else it goes back by itself unless somebody keeps it in time.
        Raises UsageError when the module cannot run it or no session can be had to keep it (nothing was sent then),
        UpdateFailed with the module's reason when it went back, LinkError when the link stays away.
        """
        image, data = image_file.load(path), path.read_bytes()
        self._watcher.step("looking at the module")
        before = self.standing()
        refuse(path, image, before)
        runs = before.in_use()["hash"] == image.hash
        if confirm and not (runs and not before.state.testing):
            self._check_session(before)
        done = Result(before, before, confirmed=False)
        if runs and not before.state.testing:
            done.confirmed = True
            return done
        if not runs:
            failed_before = self._failed_checks()
            self._brought_in(image, data, before, done)
            self._restarted(image)
            self._compared(failed_before, before)
        if confirm:
            self.confirm()
            done.confirmed = True
        done.after, done.breaks = self.standing(), self.breaks
        return done

    def confirm(self) -> None:
        """Keeps the image that is being tried. Raises UpdateFailed when none is (any more)."""
        self._watcher.step("confirming")
        now = self.standing()
        if not now.state.testing:
            raise UpdateFailed(
                _went_back(now) if now.state.why else "No image is being tried: there is nothing to keep."
            )
        self._asked(lambda module: module.image_mark(confirm=True))
        if self.standing().state.testing:
            raise UpdateFailed("The module did not keep the image: run `dermis update --confirm` again.")

    def revert(self) -> Result:
        """Goes back to the image in the other slot: at once while one is being tried; else as an update is made."""
        before = self.standing()
        other = before.other()
        _from_slot(before)
        if not other:
            raise UsageError("The other slot holds no image: there is nothing to go back to.")
        done = Result(before, before, confirmed=not before.state.testing)
        if not before.state.testing:
            self._check_session(before)
        self._watcher.step(f"going back to {other['version']}")
        self._asked(lambda module: module.image_mark(other["hash"]))
        self._restart()
        after = self.standing()
        if after.in_use().get("hash") != other["hash"]:
            raise UpdateFailed(_went_back(after))
        if after.state.testing:
            self._asked(lambda module: _patient(module.selftest))
            self.confirm()
        done.after, done.breaks, done.confirmed = self.standing(), self.breaks, True
        return done

    def erase(self) -> None:
        """Takes the image out of the slot that is not in use, and back what was marked."""
        self._watcher.step("erasing the slot that is not in use")
        self._asked(lambda module: module.image_erase())

    # Steps.

    def _check_session(self, standing: Standing) -> None:
        if standing.identity.state != BENCH and self.module.keyring is None:
            raise UsageError(
                f"The module is in the state {standing.identity.state}, where keeping an image needs a session: name "
                "the fleet's keyring with --keyring, or leave it to somebody who has one with --no-confirm."
            )

    def _brought_in(self, image: Image, data: bytes, before: Standing, done: Result) -> None:
        """The image is in the other slot, checked by the module and marked."""
        if before.other().get("hash") == image.hash:
            if before.state.pending:
                return
            try:
                self._mark(image)
                return
            except RequestFailed:
                # What lies there may be damaged, or be the same image signed by another key, which is no part of the
                # hash: what it gets now tells.
                self._watcher.step("what lies in the slot cannot be tried")
        self._upload(data, done)
        state = self._asked(lambda module: module.update_state())
        if state.refused:
            raise UpdateFailed(f"The module refused the image ({state.refused_why}): {sentence(state.refused)}")
        self._mark(image)

    def _mark(self, image: Image) -> None:
        self._watcher.step("marking it to be tried")
        self._asked(lambda module: module.image_mark(image.hash))

    def _upload(self, data: bytes, done: Result) -> None:
        self._watcher.step("uploading")
        sha = hashlib.sha256(data).digest()
        most = 0
        breaks_in_a_row = 0
        restarted = False
        started = time.monotonic()

        def held(count: int) -> None:
            nonlocal most, breaks_in_a_row
            if count > most:
                most, breaks_in_a_row = count, 0
            self._watcher.held(count, len(data))

        def sent(count: int) -> None:
            done.sent += count

        while True:
            try:
                module = self.module
                module.upload_image(data, sha, module.parameters().buf_size, held, sent)
                done.seconds = time.monotonic() - started
                return
            except (LinkError, ModuleReset) as problem:
                breaks_in_a_row += 1
                self.breaks += 1
                if breaks_in_a_row > MOST_BREAKS:
                    raise LinkError(
                        f"The upload broke {MOST_BREAKS} times in a row at {most} of {len(data)} bytes ({problem}): "
                        f"look at the cable and the supply; {UNFINISHED}."
                    ) from None
                self._watcher.step(f"the link broke at {most} of {len(data)} bytes; going on")
                self._let_go()
            except RequestFailed as refused:
                # After weeks of service its heap may be in pieces; a start puts it in order, and the upload goes on.
                if refused.code != errors.RC_NO_MEMORY or restarted:
                    raise
                restarted = True
                self._watcher.step(f"the module ran out of memory at {most} of {len(data)} bytes; restarting it")
                self._restart()

    def _restarted(self, image: Image) -> None:
        """The module runs the image. Raises UpdateFailed with why it does not."""
        self._watcher.step("restarting into it")
        for _ in range(MOST_RESTARTS):
            self._restart()
            now = self.standing()
            if not now.state.pending:
                break
        if now.in_use().get("hash") != image.hash:
            raise UpdateFailed(_went_back(now))

    def _compared(self, failed_before: set[str], before: Standing) -> None:
        """The self-test finds nothing that was not found before the update; else the module is sent back."""
        self._watcher.step("self-test")
        fresh = self._failed_checks() - failed_before
        if not fresh:
            return
        back = before.in_use()["hash"]
        self._asked(lambda module: module.image_mark(back))
        self._restart()
        raise UpdateFailed(
            f"Under the new image the self-test fails where it did not before ({', '.join(sorted(fresh))}): the module "
            f"went back to {self.standing().identity.firmware}."
        )

    def _failed_checks(self) -> set[str]:
        outcome = self._asked(lambda module: _patient(module.selftest))
        return {str(check.get("name", "?")) for check in outcome.checks if not check.get("ok")}

    def _restart(self) -> None:
        """Resets the module and waits until it answers again, on whatever it then runs."""
        try:
            self.module.reset(wait=False)
        except (LinkError, ModuleReset):
            self.breaks += 1  # whether it heard is seen by what it runs afterwards
        finally:
            self._let_go()
        self._module = self._opened_again(just_reset=True)

    # The link.

    def _asked(self, ask: Callable[[Module], Any]) -> Any:
        """The answer; asked again when the link broke or the module restarted in the middle, which no step minds."""
        until = time.monotonic() + RECONNECT_S
        while True:
            try:
                return ask(self.module)
            except (LinkError, ModuleReset) as problem:
                self.breaks += 1
                self._let_go()
                if time.monotonic() >= until:
                    raise LinkError(f"{str(problem).rstrip('.')}; {UNFINISHED}.") from None
                time.sleep(AGAIN_S)

    def _opened_again(self, just_reset: bool = False) -> Module:
        until = time.monotonic() + RECONNECT_S
        while True:
            try:
                if just_reset:
                    time.sleep(AGAIN_S)  # the answer to a reset comes before the reset
                return self._open()
            except LinkError as problem:
                if time.monotonic() >= until:
                    raise LinkError(
                        f"The module does not come back within {RECONNECT_S:g} s ({str(problem).rstrip('.')}): plug it "
                        f"in again; {UNFINISHED}."
                    ) from None
                time.sleep(AGAIN_S)

    def _let_go(self) -> None:
        module, self._module = self._module, None
        if module is not None:
            module.close()


def refuse(path: Path, image: Image, standing: Standing) -> None:
    """Raises UsageError, naming both versions and the remedy, when the module cannot run the image, before a byte of
    it is sent. What only the module knows (its keys, the data that it holds) it checks itself."""
    identity, state = standing.identity, standing.state
    wanted = image.manifest
    facts = manifest.Facts(
        identity.firmware, identity.board, state.revision, identity.runtime, wanted.mpy_abi, {}, state.counter
    )
    try:
        image.sound()
        manifest.acceptable(image, facts)
    except mcuboot.BadImage as problem:
        raise UsageError(f"{path}: {sentence(problem)}") from None
    _from_slot(standing)
    if state.testing and standing.in_use()["hash"] != image.hash:
        raise UsageError(
            f"The module is trying {identity.firmware} and keeps {standing.other().get('version', 'another image')} to "
            f"go back to, so there is no room for {wanted.version}: `dermis update --confirm` keeps the one, `dermis "
            "update --revert` the other."
        )
    if state.pending and standing.other().get("hash") != image.hash:
        raise UsageError(
            f"The module will try {state.version} at its next start, and there is no room for {wanted.version}: reset "
            "it to try that one first, or take it back by `dermis update --erase`."
        )


def _from_slot(standing: Standing) -> None:
    if not standing.state.slot:
        raise UsageError(
            f"{standing.identity.serial} was not started from its flash (a twin that runs from sources): flash it with "
            "`dermis flash`, then update it."
        )


def _went_back(standing: Standing) -> str:
    state, runs = standing.state, standing.identity.firmware
    why = f"because {state.reason} ({state.why})" if state.why else "and did not say why"
    return f"The module went back to {runs} from {state.version or 'the image that was tried'} {why}."


def _patient(ask: Callable[[], Any]) -> Any:
    """The answer, asked again while the module's sensors are in use by its own self-test."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            return ask()
        except RequestFailed as refused:
            if refused.code != errors.RC_BUSY or time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)
