"""The calibration record in force, and the one that is being handed over."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from dermis.app.log import WARNING
from dermis.core import calibration as records
from dermis.core.errors import BadInput, NotCalibrated

if TYPE_CHECKING:
    from typing import Any

FILE = "calibration.bin"
LARGEST = 128 * 1024  # a record is 80 kB


class CalibrationStore:
    """record: the one in force (core.calibration.Calibration), or None. fault: why there is none."""

    def __init__(self, storage, serial, log):
        self._storage = storage
        self._serial = serial
        self._log = log
        self._file: Any = b""  # of the record in force, which holds views of it
        self._incoming: Any = None
        self._received = 0
        self.record: Any = None
        self.fault = ""
        self._load()

    def _load(self):
        try:
            data = self._storage.read(FILE)
            self.record = self._checked(data)
            self._file = data
        except OSError as error:
            self.fault = "there is no calibration record; calibrate the module"
            if error.errno != errno.ENOENT:
                self.fault = "the calibration record cannot be read from storage; run the self-test"
                self._log.event("calibration_fault", WARNING, reason=self.fault)
        except (BadInput, NotCalibrated) as error:
            self.fault = str(error)
            self._log.event("calibration_fault", WARNING, reason=self.fault)

    def _checked(self, data):
        record = records.decode(data)
        records.check_module(record, self._serial)
        return record

    def hash(self) -> str:
        return self.record.hash if self.record else ""

    @property
    def size(self) -> int:
        """Bytes of the record in force; 0 when there is none."""
        return len(self._file)

    def read(self, offset: int, length: int) -> bytes:
        """A piece of the record in force, at most `length` bytes."""
        return bytes(memoryview(self._file)[offset : offset + length])

    def receive(self, offset: int, total: int, data) -> int:
        """Take a piece of a new record; returns how many bytes are held.

        A piece at 0 starts anew. One that is already held is passed over, so that a repeated request does no
        harm. The last piece has the whole checked, stored and put in force; what was in force before stays so when
        that fails. Raises BadInput, NotCalibrated (another module's), OSError (storage).
        """
        if not 0 < total <= LARGEST:
            raise BadInput("a calibration record has 1 to %d bytes, not %d" % (LARGEST, total))
        if offset == 0:
            self._incoming, self._received = None, 0  # its room is needed for the next one
            self._incoming = bytearray(total)
        if self._incoming is None or len(self._incoming) != total:
            raise BadInput("no record of %d bytes is being handed over; start again at off 0" % total)
        if not 0 <= offset <= self._received or offset + len(data) > total:
            raise BadInput("the next piece starts at %d of %d; send that one" % (self._received, total))
        self._incoming[offset : offset + len(data)] = data
        self._received = max(self._received, offset + len(data))
        if self._received < total:
            return self._received
        whole, self._incoming, self._received = self._incoming, None, 0
        record = self._checked(whole)
        self._storage.write(FILE, whole)
        self.record, self._file = record, whole
        self.fault = ""
        self._log.event("calibration_stored", hash=record.hash)
        return total
