"""Picks the slot, mounts its image and starts the firmware in it.

    boot.state -> choose -> (a test is noted as tried) -> mount the body at /app -> dermis.main.main()

What the console says here are JSON lines like the firmware's own; no way leads to the prompt but through the firmware.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from dermis.core import boot_state, handover, slot
from dermis.core.errors import BadInput, DermisError
from dermis.core.mcuboot import BadImage

if TYPE_CHECKING:
    from typing import Any

HARDWARE_FILE = "hardware.json"
INTERRUPT = 3
# What stays shall lie together at the heap's beginning: the firmware needs the rest in large pieces. Without this,
# the heap is filled with rubbish once before any is collected.
COLLECT_AFTER = 16 * 1024
# A firmware that hangs before it has set the watchdog to its own ends, too. Its start takes some seconds.
WATCHDOG_MS = 60_000
SAY_AGAIN_S = 10  # whoever connects to a module without an image shall soon hear why
REMEDY = (
    "hold BOOT while pressing RESET, so that the ROM loader answers, then flash the module anew with `dermis flash`"
)


def hardware_file() -> str:
    """Where `hardware.json` lies: the root of the boot partition, which is first on the path."""
    for folder in sys.path:
        path = folder + "/" + HARDWARE_FILE if folder else HARDWARE_FILE
        try:
            os.stat(path)
        except OSError:
            continue
        return path
    return "/" + HARDWARE_FILE


def hardware() -> dict:
    """{"board", "revision"} as the flasher wrote it. Raises BadInput."""
    path = hardware_file()
    try:
        with open(path) as file:
            facts = json.load(file)
    except (OSError, ValueError):
        raise BadInput("%s of the boot partition cannot be read" % HARDWARE_FILE)
    if not isinstance(facts, dict) or not isinstance(facts.get("board"), str):
        raise BadInput("%s of the boot partition names no board" % HARDWARE_FILE)
    return facts


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
    raise BadInput("this first stage has no drivers for the board %r" % board)


def main() -> None:
    """Returns when the firmware has given way to the prompt; ends in a reset or with the firmware otherwise."""
    interrupts(False)
    collector: Any = gc  # CPython's has no such method
    collector.threshold(COLLECT_AFTER)
    try:
        facts = hardware()
        start = Start(parts_of(facts["board"]), facts)
        start.prepare()
    except DermisError as error:
        halt(str(error))
        return
    start.run()
    interrupts(True)


def interrupts(on: bool) -> None:
    """Whether Ctrl-C at the console ends what runs; where the console is a terminal of the system, that decides."""
    import micropython  # type: ignore[import-not-found]

    if hasattr(micropython, "kbd_intr"):
        micropython.kbd_intr(INTERRUPT if on else -1)  # type: ignore[attr-defined]


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
            self._close_storage()
        chosen = self.choice.slot
        if chosen == boot_state.NO_SLOT:
            raise BadInput("neither slot holds a whole image that may run here")
        image = self._images[chosen]
        self._parts.flash.mount(boot_state.SLOTS[chosen], image.body_offset, image.body_size, handover.APP)
        handover.leave(
            {
                "slot": chosen,
                "testing": self.choice.testing,
                "cause": self._cause,
                "board": self._facts["board"],
                "revision": self._facts.get("revision", 1),
            }
        )

    def run(self) -> None:
        """Start the firmware; what it raises is noted against a test, and the module restarted."""
        self._parts.system.start_watchdog(WATCHDOG_MS)
        sys.path[:] = [handover.APP, ".frozen"]
        for name in list(sys.modules):
            if name == "dermis" or name.startswith("dermis."):
                del sys.modules[name]
        gc.collect()
        try:
            import dermis.main  # of the image, from here on

            dermis.main.main()
        except SystemExit as ended:
            # 0 and the twin's status for a reset are how a firmware ends that is well.
            if ended.args and ended.args[0] == FAILED:
                self._failed("the firmware could not start")
            raise
        except BaseException as error:  # noqa: BLE001 - the prompt must not open, whatever an image does
            self._failed("%s: %s" % (type(error).__name__, error))
            self._parts.system.reset()

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

    def _failed(self, reason):
        """A firmware that ended by itself: if it was being tried, that is over."""
        say("firmware_failed", "error", reason=reason, testing=self.choice.testing)
        if self.choice.testing:
            self._close_storage()  # the firmware's own
            storage = self._parts.open_storage()
            state = _read(storage)
            # It may have been confirmed meanwhile.
            if state is not None and state.pending == self.choice.slot:
                _store(storage, boot_state.give_up(state, boot_state.CRASH))

    def _close_storage(self):
        import vfs  # type: ignore[import-not-found]

        try:
            vfs.umount(self._parts.storage_point)
        except OSError as error:
            if error.args[0] != EINVAL:  # it is not mounted: it could not be, or not yet
                raise


FAILED = 1  # status of a firmware that could not start
EINVAL = 22


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
