"""The calibration record in force, and the one that is being handed over.

There is room for one record in memory, taken once at start. What is handed over goes to storage piece by piece,
beside the file in force, and is read back from there when it is whole; one that cannot be used gives way to the file.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from dermis.app import heap
from dermis.app.log import WARNING
from dermis.core import calibration as records
from dermis.core.errors import BadInput, NotCalibrated

if TYPE_CHECKING:
    from typing import Any

FILE = "calibration.bin"
LARGEST = 80 * 1024  # a record has 78,934 bytes with today's fields; this much memory is held for it


class CalibrationStore:
    """record: the one in force (core.calibration.Calibration), or None. fault: why there is none.

    A record's reference is a view of memory that the next record takes: hold no record beyond the use of it.
    """

    def __init__(self, storage, serial, log):
        self._storage = storage
        self._serial = serial
        self._log = log
        self._room = memoryview(bytearray(LARGEST))
        self._total = 0  # bytes of the record being handed over; 0: none is
        self._received = 0
        self.size = 0  # bytes of the record in force; 0 when there is none
        self.record: Any = None
        self.fault = ""
        self._load()

    def _load(self):
        """Put in force what the file holds, or say why not."""
        try:
            self._take(self._storage.read_into(FILE, self._room))
        except OSError as error:
            self.fault = "there is no calibration record; calibrate the module"
            if error.errno != errno.ENOENT:
                self.fault = "the calibration record cannot be read from storage; run the self-test"
                self._log.event("calibration_fault", WARNING, reason=self.fault)
        except (BadInput, NotCalibrated) as error:
            self.fault = str(error)
            self._log.event("calibration_fault", WARNING, reason=self.fault)

    def _take(self, size):
        """Put in force the first `size` bytes of the room. Raises BadInput, NotCalibrated; nothing is in force then."""
        record = records.decode(self._room[:size])
        records.check_module(record, self._serial)
        self.record, self.size, self.fault = record, size, ""

    def _drop(self):
        self.record, self.size, self.fault = None, 0, "no calibration record could be taken; restart the module"

    def hash(self) -> str:
        return self.record.hash if self.record else ""

    def read(self, offset: int, length: int) -> bytes:
        """A piece of the record in force, at most `length` bytes."""
        return bytes(self._room[: self.size][offset : offset + length])

    def receive(self, offset: int, total: int, data) -> int:
        """Take a piece of a new record; returns how many bytes are held.

        A piece at 0 starts anew. One that is already held is passed over, so that a repeated request does no
        harm. The last piece has the whole checked, stored and put in force; what was in force before is so again
        when that fails, or nothing is when it can no longer be read. No burst may be under way then.
        Raises BadInput, NotCalibrated (another module's), OSError (storage).
        """
        if not 0 < total <= LARGEST:
            raise BadInput("a calibration record has 1 to %d bytes, not %d" % (LARGEST, total))
        if offset == 0:
            self._total, self._received = total, 0
        if self._total != total:
            raise BadInput("no record of %d bytes is being handed over; start again at off 0" % total)
        if not 0 <= offset <= self._received or offset + len(data) > total:
            raise BadInput("the next piece starts at %d of %d; send that one" % (self._received, total))
        fresh = memoryview(data)[self._received - offset :]
        if len(fresh):
            self._storage.stage(FILE, self._received, fresh)
            self._received += len(fresh)
        if self._received == total:
            self._total = self._received = 0
            self._replace(total)
            return total
        return self._received

    def _replace(self, total):
        """Put the record that lies beside the file in its place and in force."""
        self._drop()
        stored = False
        try:
            self._take(self._storage.read_staged(FILE, self._room))
            self._storage.replace(FILE)
            stored = True
        finally:
            if not stored:
                self._drop()
                self._load()
        self._log.event("calibration_stored", hash=self.hash(), heap_largest=heap.largest())
