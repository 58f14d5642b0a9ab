"""The two slots as the running firmware sees them, and the boot state that it keeps for the first stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.log import WARNING
from dermis.core import boot_state, mcuboot, slot
from dermis.core.boot_state import NO_SLOT, SLOTS
from dermis.core.errors import BadInput
from dermis.core.mcuboot import BadImage

if TYPE_CHECKING:
    from typing import Any


class Slots:
    """flash, storage: `drivers.flash.Flash`, `drivers.storage.Storage`. log: `app.log.Log`. left: what the first stage
    left (core.handover), or None.

    running: index of the slot whose image runs, NO_SLOT where the firmware was not started from one. testing: that
    image is being tried. state: boot_state.State, None where there is no slot to start from. cause: of this start.
    """

    def __init__(self, flash: Any, storage: Any, log: Any, left: dict | None):
        self.flash = flash
        self._storage = storage
        self._log = log
        left = left or {}
        self.running = left.get("slot", NO_SLOT)
        self.testing = left.get("testing", False)
        self.revision = left.get("revision", 1)
        self.state: Any = None
        if self.running != NO_SLOT:
            self.state = self._load()
            if not self.testing and self.state.active == self.running:
                self.write_mark()  # a cut of power after the confirmation may have left it out, and a flasher does

    @property
    def free(self) -> int:
        """The slot that uploads go to."""
        return 1 if self.running == NO_SLOT else boot_state.other(self.running)

    @property
    def pending(self) -> int:
        """The slot that the next start tries, or NO_SLOT."""
        return self.state.pending if self.state is not None and not self.state.tried else NO_SLOT

    def image(self, number: int) -> Any:
        """What lies in that slot (mcuboot.Image, its hash not tried), or None."""
        try:
            return slot.image_in(self.flash, SLOTS[number])
        except BadImage as error:
            if error.why != mcuboot.EMPTY:
                self._log.event("image_unusable", WARNING, slot=SLOTS[number], why=error.why)
            return None

    def hash(self, number: int) -> bytes:
        """Of the image in that slot; b"" without one."""
        image = self.image(number) if number != NO_SLOT else None
        return image.hash if image else b""

    def table(self) -> list:
        """`images` of `image_state`."""
        if self.running == NO_SLOT:
            return []
        entries = []
        for number in range(len(SLOTS)):
            image = self.image(number)
            if image is not None:
                entries.append(
                    {
                        "slot": number,
                        "version": mcuboot.version_text(image.version),
                        "hash": image.hash,
                        "bootable": image.security_counter >= self.state.counter,
                        "pending": number == self.pending,
                        "confirmed": number == self.state.active,
                        "active": number == self.running,
                        "permanent": number == self.pending and self.state.permanent,
                    }
                )
        return entries

    def keep(self, state) -> None:
        """Store the boot state. Raises OSError; the one before is in force then."""
        self._storage.write(boot_state.FILE, boot_state.encode(state))
        self.state = state

    def confirm(self) -> None:
        """The image that runs is the one in use from now on. Raises OSError."""
        image = self.image(self.running)
        counter = image.security_counter if image else self.state.counter
        self.keep(boot_state.confirm(self.state, self.running, counter))
        self.testing = False
        self.write_mark()

    def write_mark(self) -> None:
        """Note in the slot itself that its image was confirmed: all that the first stage has to go by when the data
        partition is lost."""
        name, wanted = SLOTS[self.running], self.hash(self.running)
        mark = bytearray(slot.MARK_BYTES)
        self.flash.read_at(name, slot.MARK_AT, mark)
        if not wanted or mark == wanted:
            return
        if mark != b"\xff" * slot.MARK_BYTES:  # of another image, which the flasher wrote over
            self.flash.erase(name, slot.LAST_BLOCK, slot.SIZE - slot.LAST_BLOCK)
        self.flash.write(name, slot.MARK_AT, wanted)

    def clear(self, number: int) -> None:
        """Take the image out of a slot: without its header none is there."""
        block = slot.SIZE - slot.LAST_BLOCK
        self.flash.erase(SLOTS[number], 0, block)
        self.flash.erase(SLOTS[number], slot.LAST_BLOCK, block)

    def _load(self):
        room = bytearray(boot_state.LARGEST)
        try:
            size = self._storage.read_into(boot_state.FILE, room)
            return boot_state.decode(bytes(room[:size]))
        except (OSError, BadInput) as error:
            # The first stage stored one if that could be done.
            self._log.event("no_boot_state", WARNING, reason=str(error))
            active = boot_state.other(self.running) if self.testing else self.running
            image = self.image(active)
            state = boot_state.fresh(active, image.security_counter if image else 0)
            if not self.testing:
                return state
            # Whatever is stored from here on, what runs must still be what is tried.
            return boot_state.State(
                active, self.running, False, True, False, self.hash(self.running), "", state.counter, ""
            )
