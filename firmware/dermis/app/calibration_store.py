"""The calibration records that the module keeps, the one in force, and the one that is being handed over.

In memory a whole record lies only while it is looked at, in room that is lent. Storage holds the factory record,
written once; the last two user records; and a note that says which of the two is the newer and whether it or the
factory record is in force. What is handed over goes to storage piece by piece, beside all of these; when it is whole
and sound it takes the place of the older user record, and then the note is replaced. Both happen wholly or not at all,
and whatever lies between leaves the record in force as it was: a cut of power at any write leaves one whole record in
force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app import heap
from dermis.app.log import WARNING
from dermis.core import calibration as records
from dermis.core.errors import BadInput, NotCalibrated
from dermis.drivers.storage import EIO, ENOENT, ENOSPC

if TYPE_CHECKING:
    from typing import Any

USER, PREVIOUS, FACTORY = SLOTS = ("user", "previous", "factory")
USER_FILES = ("calibration.a", "calibration.b")
FACTORY_FILE = "calibration.factory"
NOTE_FILE = "calibration.use"
# What the note may hold: (which of USER_FILES is the user record, what is in force).
NOTES = {
    b"user a, in force user\n": (0, USER),
    b"user b, in force user\n": (1, USER),
    b"user a, in force factory\n": (0, FACTORY),
    b"user b, in force factory\n": (1, FACTORY),
}
LONGEST_NOTE = 64  # more is none
AT_FIRST = (0, USER)  # before there was any note
# Left free by a record: a directory entry and the note need blocks of their own (LittleFS: 4 kB each).
ROOM_BESIDE = 16 * 1024
NO_RECORD = "there is no calibration record; calibrate the module"


class CalibrationStore:
    """storage: `drivers.storage.Storage`. serial, sensors: the module's, for which alone a record is taken. keys:
    {key id: key} that it knows. lend: () -> memoryview of `records.LARGEST` bytes or more, whose content is lost then.
    adopt: takes what lies there of the record in force (core.calibration.Calibration), before the room is given back.

    record: the one in force (core.calibration.Calibration), or None; in_force: its slot, or "". fault: why there is
    none, or not the one that was chosen; or "". size: bytes of the record in force.
    """

    def __init__(self, storage, serial, sensors, keys, log, lend, adopt):
        self._storage = storage
        self._serial = serial
        self._sensors = sensors
        self._keys = keys
        self._log = log
        self._lend = lend
        self._adopt = adopt
        self._coming: Any = None  # (slot, file, bytes) of the record being handed over
        self._received = 0
        self._user, self._chosen = AT_FIRST
        self._held = {}  # slot -> what `calibration_state` lists of a sound record
        self._faults = {}  # slot -> why what is there cannot be used
        self._foreign: list = []  # slots of which the reason is a key that the module does not know (any more)
        self._lost = ""  # why the note cannot be used
        self._noted = False  # whether there is a note: a record was chosen once
        self.record: Any = None
        self._drop()
        self._load()

    # What there is.

    def hash(self) -> str:
        return self.record.hash if self.record else ""

    def state(self) -> dict:
        """The answer of `calibration_state`."""
        return {
            "calibrated": self.record is not None,
            "hash": self.hash(),
            "created": self.record.created if self.record else "",
            "in_force": self.in_force,
            "records": [self._held[slot] for slot in SLOTS if slot in self._held],
            "fault": self.fault,
        }

    def size_of(self, slot: str) -> int:
        """Bytes of the record in a slot ("": in force); 0 when there is none."""
        return self._held[slot or self.in_force]["size"] if (slot or self.in_force) in self._held else 0

    def read(self, offset: int, length: int, slot: str = "") -> bytes:
        """A piece of a record, at most `length` bytes. Raises OSError (storage)."""
        piece = bytearray(max(0, min(length, self.size_of(slot) - offset)))
        if not len(piece):
            return b""
        return bytes(piece[: self._storage.read_at(self._file(slot or self.in_force), offset, piece)])

    # What changes it. No burst may be under way then.

    def receive(self, offset: int, total: int, data, slot: str = USER) -> int:
        """Take a piece of a new record; returns how many bytes are held.

        A piece at 0 starts anew. One that is already held is passed over, so that a repeated request does no
        harm. With the last piece the whole is checked and stored, and a user record is in force; when that fails,
        what was in force before is so again, or nothing is when it can no longer be read.
        Raises BadInput, NotCalibrated (another module's), OSError (storage; ENOSPC: it is full).
        """
        if not 0 < total <= records.LARGEST:
            raise BadInput("a calibration record has 1 to %d bytes, not %d" % (records.LARGEST, total))
        if offset == 0:
            self._begin(total, slot)
        if self._coming is None or (self._coming[0], self._coming[2]) != (slot, total):
            raise BadInput("no %s record of %d bytes is being handed over; start again at off 0" % (slot, total))
        if not 0 <= offset <= self._received or offset + len(data) > total:
            raise BadInput("the next piece starts at %d of %d; send that one" % (self._received, total))
        fresh = memoryview(data)[self._received - offset :]
        if len(fresh):
            self._keep(fresh)
        if self._received == total:
            self._finish()
            return total
        return self._received

    def know(self, keys: dict) -> None:
        """From now on take records under these keys ({key id: key}) alone; what is in force is looked at again."""
        self._forget()
        self._keys = keys
        self._load()

    def select(self, slot: str) -> None:
        """Put another record in force: `factory`, `user`, or `previous`, which then is the user record and that one
        the previous.

        A record that is being handed over is forgotten. Raises BadInput when there is none, OSError (storage; what
        was in force before is so again).
        """
        if slot not in self._held:
            raise BadInput(
                "the module holds no %s record; it holds: %s" % (slot, ", ".join(sorted(self._held)) or "none")
            )
        self._forget()
        wanted = self._held[slot]["hash"]
        try:
            if slot == FACTORY:
                self._note(self._user, FACTORY)
            else:
                self._note(self._user if slot == USER else 1 - self._user, USER)
        finally:
            self._load()
        self._must_be(self.hash(), wanted)
        self._log.event("calibration_selected", slot=slot, hash=wanted)

    def _begin(self, total, slot):
        self._forget()
        if slot == FACTORY:
            # One of another key serves nobody: what the development key signed is replaced after a provisioning.
            if FACTORY in self._held or (FACTORY in self._faults and FACTORY not in self._foreign):
                raise BadInput("the factory record is written once and there is one; hand over a user record")
            name = FACTORY_FILE
        elif slot == USER:
            # Over the older of two; over the newer only when that cannot be used.
            name = USER_FILES[1 - self._user if USER in self._held else self._user]
        else:
            raise BadInput("a record can be handed over as user or factory, not as %r" % slot)
        if self._storage.free_bytes() < total + ROOM_BESIDE:
            raise OSError(ENOSPC, name)
        self._coming = (slot, name, total)

    def _keep(self, fresh):
        kept = False
        try:
            self._storage.stage(self._coming[1], self._received, fresh)
            kept = True
        finally:
            if not kept:
                self._forget()
        self._received += len(fresh)

    def _forget(self):
        """Give up what is being handed over, and its room in storage."""
        if self._coming is not None:
            name = self._coming[1]
            self._coming, self._received = None, 0
            self._storage.unstage(name)

    def _finish(self):
        slot, name, _ = self._coming
        new = ""
        self._drop()  # its room is needed
        try:
            room = self._lend()
            self._take(room[: self._storage.read_staged(name, room)], slot)
            new = self.hash()
            self._storage.replace(name)
            self._coming, self._received = None, 0
            if slot == USER:
                self._note(USER_FILES.index(name), USER)
        finally:
            try:
                self._forget()
            finally:
                self._load()
        self._must_be(self._held.get(slot, {}).get("hash"), new)
        self._log.event("calibration_stored", slot=slot, hash=new, heap_largest=heap.largest())

    @staticmethod
    def _must_be(found, wanted):
        if found != wanted:
            raise OSError(EIO, wanted)

    def _note(self, user, chosen):
        """Replace the note, unless it says so already."""
        if self._lost or (user, chosen) != (self._user, self._chosen):
            for text in NOTES:
                if NOTES[text] == (user, chosen):
                    self._storage.write(NOTE_FILE, text)

    # What is in force.

    def _load(self):
        """Look at all that there is, and put in force what the note says or the next one that can be used."""
        self._drop()
        self._held, self._faults, self._foreign = {}, {}, []
        self._lost = self._read_note()
        room = self._lend()
        order = [self._chosen] + [slot for slot in SLOTS if slot != self._chosen]
        for slot in reversed(order):  # so that the first of them is in the room at last
            self._try(slot, room)
        usable = [slot for slot in order if slot in self._held]
        if usable and self.record is None:
            self._try(usable[0], room)
        if self.record is not None:
            self._adopt(self.record)
        self.fault = self._why()
        if self._lost or self._faults:
            reasons = ([self._lost] if self._lost else []) + sorted(self._faults.values())
            self._log.event("calibration_fault", WARNING, reason="; ".join(reasons))

    def _try(self, slot, room):
        """Put the record of a slot in force, or note why not; nothing is in force then."""
        self._drop()
        try:
            self._take(room[: self._storage.read_into(self._file(slot), room)], slot)
        except OSError as error:
            if error.errno != ENOENT:
                self._faults[slot] = "the calibration record cannot be read from storage; run the self-test"
        except (BadInput, NotCalibrated) as error:
            self._faults[slot] = str(error)
            if isinstance(error, records.UnknownKey):
                self._foreign.append(slot)

    def _take(self, data, slot):
        """Put those bytes in force. Raises BadInput, NotCalibrated; nothing is in force then."""
        self._drop()
        record = records.decode(data, self._keys)
        records.check_module(record, self._serial, self._sensors)
        self.record, self.in_force, self.size, self.fault = record, slot, len(data), ""
        self._held[slot] = {
            "slot": slot,
            "hash": record.hash,
            "created": record.created,
            "fixture": record.fixture["id"],
            "operator": record.operator,
            "size": len(data),
        }

    def _drop(self):
        self.record, self.in_force, self.size = None, "", 0
        self.fault = "no calibration record could be taken; restart the module"

    def _read_note(self):
        """Adopt the note; why it cannot be used, or ""."""
        self._user, self._chosen = AT_FIRST
        self._noted = False
        text = bytearray(LONGEST_NOTE)
        try:
            text = bytes(text[: self._storage.read_into(NOTE_FILE, text)])
        except OSError as error:
            return "" if error.errno == ENOENT else "the note on which record is in force cannot be read"
        if text not in NOTES:
            return "the note on which record is in force is damaged"
        self._user, self._chosen = NOTES[text]
        self._noted = True
        return ""

    def _why(self):
        """The sentence of `fault`."""
        if self.record is None:
            return self._faults.get(self._chosen) or (sorted(self._faults.values()) or [NO_RECORD])[0]
        if self._lost:
            return "%s; the %s record is in force; choose one" % (self._lost, self.in_force)
        # Before the first user record the factory's is in force without being chosen.
        chosen, first = self._chosen, self.in_force == FACTORY and not self._faults and not self._noted
        if self.in_force == chosen or (chosen == USER and first):
            return ""
        why = self._faults.get(chosen, "it is missing; calibrate the module again")
        return "the %s record is in force, because the %s record cannot be used: %s" % (self.in_force, chosen, why)

    def _file(self, slot):
        if slot == FACTORY:
            return FACTORY_FILE
        return USER_FILES[self._user if slot == USER else 1 - self._user]
