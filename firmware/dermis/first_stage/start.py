"""Picks the slot whose image starts, and mounts it.

    boot.state -> choose -> (a test is noted as tried) -> mount the body at /app -> dermis.main.main()

What the console says here are JSON lines like the firmware's own; no way leads to the prompt but through the firmware.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dermis.core import boot_state, handover, slot
from dermis.core.errors import BadInput, DermisError
from dermis.core.mcuboot import BadImage
from dermis.first_stage import hardware

if TYPE_CHECKING:
    from typing import Any

# A firmware that hangs before it has set the watchdog to its own ends, too. Its start takes some seconds.
WATCHDOG_MS = 60_000
SAY_AGAIN_S = 10  # whoever connects to a module without an image shall soon hear why
EINVAL = 22
REMEDY = (
    "hold BOOT while pressing RESET, so that the ROM loader answers, then flash the module anew with `dermis flash`"
)


def say(event: str, level: str, **fields) -> None:
    """A log line."""
    head = {"t_ms": 0, "level": level, "event": event}
    head.update(fields)
    print(json.dumps(head))


def parts_of(board: str) -> Any:
    """The board's flash, storage and system. Raises BadInput for a board that there is not."""
    if board == "twin":
        from dermis.drivers.twin_first import parts

        return parts()
    if board == "esp32s3":
        from dermis.drivers.esp32s3_first import parts

        return parts()
    raise BadInput("this first stage has no drivers for the board %r" % board)


def prepare() -> list:
    """Choose and mount; the path on which the firmware is to be imported. Does not return when nothing can start."""
    start = None
    try:
        facts = hardware.facts()
        parts = parts_of(facts["board"])
        start = Start(parts, facts)
        start.prepare()
        parts.system.start_watchdog(WATCHDOG_MS)
    except Exception as error:  # noqa: BLE001 - whatever it is, the prompt must not open
        reason = str(error) if isinstance(error, DermisError) else "%s: %s" % (type(error).__name__, error)
        if start is not None and start.choice is not None and start.choice.testing:
            say("update_cannot_start", "error", reason=reason)
            parts.system.reset()  # it is noted as tried: the next start goes back
        halt(reason)
    return [handover.APP, ".frozen"]


def failed(reason: str) -> None:
    """A firmware that was started ended by itself: if it was being tried, that is over. Raises DermisError."""
    left = handover.found() or {}
    say("firmware_failed", "error", reason=reason, testing=left.get("testing", False))
    if left.get("testing"):
        parts = parts_of(left["board"])
        close_storage(parts.storage_point)  # the firmware's own
        storage = parts.open_storage()
        state = _read(storage)
        # It may have been confirmed meanwhile.
        if state is not None and state.pending == left["slot"]:
            _store(storage, boot_state.give_up(state, boot_state.CRASH))


def halt(reason: str) -> None:
    """Say why nothing can start, and what to do, as long as there is power."""
    while True:
        say("nothing_to_start", "error", reason=reason, remedy=REMEDY)
        time.sleep(SAY_AGAIN_S)


class Start:
    """parts: the board's flash, open_storage, storage_point and system. facts: of `hardware.json`."""

    def __init__(self, parts: Any, facts: dict):
        self._parts = parts
        self._facts = facts
        self._cause = parts.system.reset_cause()
        self._images: dict = {}  # slot -> Image, of those that were found whole
        self.state: Any = None  # as stored last
        self.choice: Any = None

    def prepare(self) -> None:
        """Choose, store what must be known before the start, and mount. Raises DermisError when nothing can start."""
        storage = self._parts.open_storage()
        try:
            self._choose(storage)
        finally:
            close_storage(self._parts.storage_point)
        chosen = self.choice.slot
        if chosen == boot_state.NO_SLOT:
            raise BadInput("neither slot holds a whole image that may run here")
        image = self._images[chosen]
        self._parts.flash.mount(boot_state.SLOTS[chosen], image.body_offset, image.body_size, handover.APP)
        handover.leave(
            {
                "slot": chosen,
                "testing": self.choice.testing,
                "given_up": [self.state.version, self.state.why] if self.state and self.state.why else None,
                "cause": self._cause,
                "board": self._facts["board"],
                "revision": self._facts.get("revision", 1),
            }
        )

    def _choose(self, storage):
        """Fills `choice` and `state`."""
        before = _read(storage)
        choice = boot_state.choose(before, self._cause, self._look)
        if choice.state != before and not _store(storage, choice.state) and choice.testing:
            # It could not be told from its first start when it fails: do not begin with it.
            choice = boot_state.choose(boot_state.give_up(choice.state, boot_state.NOT_STORED), self._cause, self._look)
        self.choice, self.state = choice, choice.state
        if before is not None and before.pending != boot_state.NO_SLOT and not choice.testing:
            say("update_given_up", "warning", version=before.version, why=choice.state.why if choice.state else "")

    def _look(self, number):
        name = boot_state.SLOTS[number]
        try:
            image = slot.image_in(self._parts.flash, name)
            image.sound()
        except BadImage as error:
            say("image_unusable", "warning", slot=name, why=error.why)
            return None
        self._images[number] = image
        return slot.found(self._parts.flash, name, image)


def close_storage(point: str) -> None:
    """Unmount what may be mounted there."""
    import vfs  # type: ignore[import-not-found]

    try:
        vfs.umount(point)
    except OSError as error:
        if error.args[0] != EINVAL:  # it is not mounted: it could not be, or not yet
            raise


def _read(storage):
    """The state as stored, or None."""
    try:
        return boot_state.decode(storage.read(boot_state.FILE))
    except (OSError, BadInput) as error:
        say("no_boot_state", "warning", reason=str(error))
        return None


def _store(storage, state):
    """Whether storage took it."""
    try:
        storage.write(boot_state.FILE, boot_state.encode(state))
    except OSError as error:
        say("boot_state_not_stored", "error", reason=str(error))
        return False
    return True
