"""Updates: an image comes in, is checked, marked, tried, and kept or given up.

    receive ... receive -> (checked in the background) -> mark -> reset -> app.trial -> confirm

What may be done without a session is limited in number, and never leads to another image than one that is signed, for
this hardware, and not older than may be. See docs/update.md.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

from dermis.app import few, rights, upload
from dermis.app import module as modules
from dermis.app.log import WARNING
from dermis.app.slots import Slots
from dermis.app.statistics import UPDATE
from dermis.core import boot_state, handover, mcuboot, messages, release, slot
from dermis.core.boot_state import NO_SLOT, SLOTS
from dermis.core.errors import (
    RC_ACCESS_DENIED,
    RC_BAD_STATE,
    RC_BUSY,
    RC_INVALID,
    RC_NO_ENTRY,
    RC_NOT_SUPPORTED,
    RC_TOO_LONG,
    RC_UNKNOWN,
    BadInput,
    WireError,
)
from dermis.core.mcuboot import BadImage
from dermis.drivers.storage import ENOENT

if TYPE_CHECKING:
    from typing import Any

IMAGES = (0, 1)  # numbers that clients give the one image of this module
# Without a session. An upload wears the flash once: at this rate a hundred thousand times take close to three years of
# doing nothing else. Counted since the start: whoever may reset or cut the power begins anew (`free_resets`).
UPLOADS_AN_HOUR = 4
UPLOADS_FILE = "uploads"  # their count, because a reset needs no session either
HOUR_MS = 3_600_000
# After a test was given up, the next one waits: each takes the module from its passages for some seconds.
TEST_PAUSE_MS = 600_000
NOT_NEWER = "not_newer"  # beside the words of mcuboot.WHYS: `upgrade` was asked for
FROM_SOURCES = "this firmware was not started from a slot; flash the module, then update it"


def of(module: Any) -> Update:
    """The module's, made when it is first needed: most starts need none, and it takes room."""
    if module.update is None:
        module.update = Update(module)
    return module.update


class Update:
    """slots: `app.slots.Slots`. coming: the upload under way or done (app.upload.Upload), or None. refused,
    refused_why: why the image uploaded last cannot run, a sentence and a word; or "". back_at_ms: when the image that
    is tried goes back by itself, on the module's clock; 0: it does not.
    """

    def __init__(self, module: Any):
        self._module = module
        self.slots = Slots(module.flash, module.storage, module.log, handover.found())
        self.refused = self.refused_why = ""
        self.back_at_ms = 0
        self._checked = b""  # hash of the image whose signature was checked since the start
        self._task: Any = None
        self._reading = False  # what lies in the free slot is being looked at, and must not change
        self._begun: list = []  # when uploads were started without a session, in ms of the module's clock
        self.coming = self._restored()

    # What there is.

    def state(self) -> dict:
        """The answer of `update_state`."""
        slots, state, coming = self.slots, self.slots.state, self.coming
        under_way = coming is not None and not coming.sealed
        why = state.why if state else ""
        return {
            "slot": SLOTS[slots.running] if slots.running != NO_SLOT else "",
            "testing": slots.testing,
            "back_s": max(0, self.back_at_ms - self._module.uptime_ms()) // 1000 if slots.testing else 0,
            "pending": SLOTS[slots.pending] if slots.pending != NO_SLOT else "",
            "version": state.version if state else "",
            "hash": state.hash if state else b"",
            "why": why,
            "reason": boot_state.WHYS.get(why, ""),
            "cause": self._module.system.reset_cause(),
            "held": coming.off if coming is not None and under_way else 0,
            "size": coming.size if coming is not None and under_way else 0,
            "refused": self.refused,
            "refused_why": self.refused_why,
            "counter": self._counter(),
            "revision": slots.revision,
        }

    async def settled(self) -> None:
        """Wait until the image uploaded last is checked."""
        while self._task is not None:
            await asyncio.sleep(0)

    # Upload.

    async def receive(self, off: int, data, image: int, length: int, sha: bytes, upgrade: bool) -> dict:
        """Take a piece; the answer of `image_upload`. Raises WireError, SensorFault."""
        await self.settled()
        self._must_rest()
        if off < 0:
            raise WireError(RC_INVALID, "a piece cannot begin before 0; the next one begins at %d" % self._held())
        if off == 0:
            if image not in IMAGES:
                raise WireError(RC_INVALID, "there is no image %d in this module; upload as image 0" % image)
            self._begin(data, length, sha, upgrade)
        coming = self.coming
        if coming is not None and off == 0 and coming.off == coming.size and not coming.sealed:
            return await self._finish(coming)  # it was whole before a restart
        if coming is None or coming.sealed or off != coming.off:
            return {"off": self._held()}  # where to go on; a client that repeated itself learns so
        if off + len(data) > coming.size:
            raise WireError(
                RC_INVALID, "%d bytes at %d go beyond the image's %d; send less" % (len(data), off, coming.size)
            )
        try:
            coming.take(data)
        except OSError as error:
            raise self._storage_failed(error)
        if coming.off < coming.size:
            return {"off": coming.off}
        return await self._finish(coming)

    def _begin(self, data, length, sha, upgrade):
        """Start anew, unless this is the upload that is under way or was done last. Raises WireError, SensorFault."""
        if length < 0:
            raise WireError(RC_INVALID, "the first piece of an upload needs `len`, the bytes of the whole")
        if length > mcuboot.LARGEST:
            raise WireError(RC_TOO_LONG, "a slot takes %d bytes, and the image has %d" % (mcuboot.LARGEST, length))
        if len(sha) not in (0, mcuboot.HASH_BYTES):
            raise WireError(RC_INVALID, "`sha` is the SHA-256 of the whole file, 32 bytes, or left out")
        coming = self.coming
        if coming is not None and sha and (coming.sha, coming.size) == (sha, length):
            coming.upgrade = upgrade
            if not coming.sealed or coming.still_sealed():
                return
        if not slot.HEADER_BYTES <= len(data) <= length:
            raise WireError(
                RC_INVALID, "the first piece has the %d bytes of the image's header at least" % slot.HEADER_BYTES
            )
        if struct.unpack("<I", bytes(data[:4]))[0] != mcuboot.MAGIC:
            raise WireError(RC_INVALID, "this is no image in MCUboot's format; give a file that `dermis build` made")
        self._may_begin()
        self.refused = self.refused_why = ""
        self._checked = b""
        fresh = upload.Upload(self._module.flash, self._module.storage, self.slots.free, length, bytes(sha))
        fresh.upgrade = upgrade
        self.coming = None
        try:
            fresh.begin()
        except OSError as error:
            raise self._storage_failed(error)
        self.coming = fresh
        self._tell("update_started", "uploads", size=length)

    def _may_begin(self):
        """Raises WireError when the free slot must stay as it is, or when it was filled often enough."""
        slots = self.slots
        if slots.testing:
            raise WireError(
                RC_BAD_STATE,
                "the other slot holds the image to go back to; confirm the one that runs, or reset, then upload",
            )
        if slots.pending != NO_SLOT:
            raise WireError(
                RC_BAD_STATE, "the image in %s is marked; reset to try it, or erase it" % SLOTS[slots.pending]
            )
        if self._may_all():
            return
        now = self._module.uptime_ms()
        self._begun = [at for at in self._begun if now - at < HOUR_MS]
        if len(self._begun) >= UPLOADS_AN_HOUR:
            wait_s = (HOUR_MS - (now - self._begun[0])) // 1000
            raise WireError(
                RC_BUSY,
                "%d uploads were started within an hour; ask again in %d s, or in a session"
                % (UPLOADS_AN_HOUR, wait_s),
            )
        few.take(self._module.storage, UPLOADS_FILE, now, UPLOADS_AN_HOUR, HOUR_MS, "an upload was started")
        self._begun.append(now)

    async def _finish(self, coming):
        """All bytes are held: compare them with `sha`, and have the image checked while the answer goes out."""
        if not coming.sha:
            self._task = asyncio.create_task(self._check(coming))
            return {"off": coming.off}
        self._reading = True
        try:
            match = await _over(coming.matches_steps())
        finally:
            self._reading = False
        if match:
            self._task = asyncio.create_task(self._check(coming))
        else:
            self._refuse(coming, mcuboot.WRONG_HASH, "what was stored does not agree with `sha`; upload it again")
        return {"off": coming.size, "match": match}

    async def _check(self, coming):
        """Whether the image that was uploaded may run here; if so, it becomes one."""
        try:
            image = mcuboot.Image(coming.read_at, coming.size)
            await self._inspect(image)
            if coming.upgrade and not tuple(image.version) > self._version():
                raise BadImage(
                    NOT_NEWER,
                    "image %s is not newer than %s, which runs, and only a newer one was asked for"
                    % (mcuboot.version_text(image.version), mcuboot.version_text(self._version())),
                )
            coming.seal()
            self._checked = image.hash
            self._note(coming)
            self._tell("update_received", "", version=mcuboot.version_text(image.version))
        except BadInput as error:
            self._refuse(coming, getattr(error, "why", "unreadable"), str(error))
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: whatever happens is said where it is asked
            self._module.log.failure("update_failed", error)
            self._refuse(coming, "failed", "the module failed while it checked the image; upload it again")
        finally:
            self._task = None

    async def _inspect(self, image):
        """Raises BadImage unless it is whole, signed by a key of this module, and can run here."""
        from dermis.core import manifest  # used with updates only, and it takes room

        keys = self._module.keys
        if keys.fault:
            raise BadImage(mcuboot.UNKNOWN_KEY, keys.fault)
        known = keys.update()
        if not known and not keys.provisioned:
            known = [release.DEVELOPMENT_PUBLIC_KEY]  # everybody can sign with it, and the posture says so
        await _over(image.check_steps({mcuboot.key_hash(key): key for key in known}))
        manifest.acceptable(image, self._facts(manifest))

    def _facts(self, manifest):
        module = self._module
        return manifest.Facts(
            modules.FIRMWARE_VERSION,
            module.board["board"],
            self.slots.revision,
            modules.runtime(),
            manifest.mpy_abi(),
            {
                "calibration": release.SCHEMAS["calibration"][1] if module.calibration.record is not None else 0,
                "data": release.SCHEMAS["data"][1],
            },
            self._counter(),
        )

    def _refuse(self, coming, why, sentence):
        self.refused, self.refused_why = sentence, why
        self.coming = None
        self._tell("update_refused", "images_refused", why=why)
        try:
            coming.forget()
        except OSError as error:
            self._module.log.event("update_not_noted", WARNING, reason=str(error))

    def _note(self, coming):
        """That the image was found good: whoever uploads it again is told so. It can be tried without."""
        try:
            coming.note()
        except OSError as error:
            self._module.log.event("update_not_noted", WARNING, reason=str(error))

    # Test, confirm, give up, erase.

    async def mark(self, wanted: bytes, confirm: bool) -> None:
        """`image_mark`. Raises WireError, SensorFault."""
        await self.settled()
        self._must_rest()
        slots = self.slots
        if slots.running == NO_SLOT:
            raise WireError(RC_BAD_STATE, FROM_SOURCES)
        runs = slots.hash(slots.running)
        if not wanted and not confirm:
            raise WireError(RC_INVALID, "say which image to try, by its `hash`")
        try:
            if not wanted or wanted == runs:
                self._keep_running(confirm)
            elif slots.testing:
                self._go_back(wanted)
            else:
                await self._try(wanted, confirm)
        except OSError as error:
            raise self._storage_failed(error)

    def confirm(self) -> None:
        """Keep the image that is being tried. Raises OSError."""
        self.slots.confirm()
        self.back_at_ms = 0
        self._tell("update_confirmed", "confirmed", version=modules.FIRMWARE_VERSION)

    def give_up(self, why: str) -> None:
        """The next start goes back. Raises OSError."""
        slots = self.slots
        slots.keep(boot_state.give_up(slots.state, why))
        self._tell("update_reverted", "reverted", version=slots.state.version, why=why)

    def _keep_running(self, confirm):
        if not confirm:
            raise WireError(RC_BAD_STATE, "this image runs already; confirm it to keep it")
        self._must_all("confirming an image")
        if self.slots.testing:
            self.confirm()

    def _go_back(self, wanted):
        slots = self.slots
        if wanted != slots.hash(slots.free):
            raise WireError(RC_NO_ENTRY, "no slot holds that image; `image_state` lists what there is")
        self.give_up(boot_state.ASKED)

    async def _try(self, wanted, permanent):
        slots = self.slots
        image = slots.image(slots.free)
        if image is None or image.hash != wanted:
            if self.refused:
                raise WireError(RC_INVALID, "no image was kept: " + self.refused)
            raise WireError(RC_NO_ENTRY, "no slot holds that image; upload it first")
        if permanent:
            self._must_all("confirming an image")
        elif not self._may_all() and slots.state.why and self._module.uptime_ms() < TEST_PAUSE_MS:
            wait_s = (TEST_PAUSE_MS - self._module.uptime_ms()) // 1000 + 1
            raise WireError(RC_BUSY, "the last test was given up; try again in %d s, or in a session" % wait_s)
        if self._checked != image.hash:
            # It came before this start, or by the flasher: what is known of it is that it is there.
            self._reading = True
            try:
                await self._inspect(image)
            except BadImage as error:
                self.refused, self.refused_why = str(error), error.why
                self._tell("update_refused", "images_refused", why=error.why)
                raise WireError(RC_INVALID, str(error))
            finally:
                self._reading = False
            self._checked = image.hash
        facts = slot.found(self._module.flash, SLOTS[slots.free], image)
        version = mcuboot.version_text(image.version)
        calibrated = self._module.calibration.record is not None
        slots.keep(boot_state.mark(slots.state, facts, version, permanent, calibrated))
        self._tell("update_tested", "tests", version=version)

    async def erase(self, number: int) -> None:
        """`image_erase`. Raises WireError, SensorFault."""
        await self.settled()
        self._must_rest()
        slots = self.slots
        if number == -1:
            number = slots.free
        if number not in range(len(SLOTS)):
            raise WireError(RC_INVALID, "there is no slot %d; there are 0 and 1" % number)
        if number == slots.running:
            raise WireError(RC_BAD_STATE, "the image in %s runs; erase the other slot" % SLOTS[number])
        if slots.testing:
            raise WireError(RC_BAD_STATE, "%s holds the image to go back to; confirm or reset first" % SLOTS[number])
        try:
            if slots.pending == number:
                slots.keep(boot_state.give_up(slots.state, boot_state.ASKED))
            if self.coming is not None:
                self.coming.forget()
        except OSError as error:
            raise self._storage_failed(error)
        self.coming, self._checked = None, b""
        slots.clear(number)
        self._tell("slot_erased", "", slot=SLOTS[number])

    # Small things.

    def _must_rest(self):
        if self._module.flash.without_slots:
            raise WireError(RC_NOT_SUPPORTED, self._module.flash.without_slots)
        if self._reading:
            raise WireError(RC_BUSY, "the other slot's image is being looked at; ask again when that was answered")

    def _held(self):
        return self.coming.off if self.coming is not None else 0

    def _counter(self):
        return self.slots.state.counter if self.slots.state else release.SECURITY_COUNTER

    def _version(self):
        image = self.slots.image(self.slots.running) if self.slots.running != NO_SLOT else None
        if image is not None:
            return tuple(image.version)
        numbers = [int(part) for part in release.VERSION.split(".")]
        return tuple(numbers + [0] * (4 - len(numbers)))

    def _may_all(self):
        return rights.granted(self._module.state, messages.UPDATE, self._module.session)

    def _must_all(self, what):
        if not self._may_all():
            raise WireError(
                RC_ACCESS_DENIED,
                "%s needs a session of: %s; open one" % (what, ", ".join(rights.roles_with(messages.UPDATE))),
            )

    def _tell(self, event, counter, **fields):
        self._module.note(event, **fields)
        if counter:
            self._module.statistics.count(UPDATE, counter)

    def _storage_failed(self, error):
        self._module.log.event("update_not_noted", WARNING, reason=str(error))
        return WireError(RC_UNKNOWN, "the data partition took no note of the update; run the self-test, then try again")

    def _restored(self):
        try:
            coming = upload.restored(self._module.flash, self._module.storage)
        except (OSError, BadInput) as error:
            if getattr(error, "errno", 0) != ENOENT:
                self._module.log.event("upload_lost", WARNING, reason=str(error))
            return None
        if coming is not None and not coming.sealed and coming.slot != self.slots.free:
            return None
        return coming


async def _over(steps):
    """Run a generator of steps to its end, giving way at each; what it returns. Raises what it raises."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await asyncio.sleep(0)
