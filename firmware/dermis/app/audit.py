"""The audit log on the module: what happened to it, in a ring of files, each entry chained to all before it.

A file `audit.N` begins with the number N of its first entry and the hash before it, and has at most one block of the
flash, so that an entry costs one block and the ring has an end. Verdicts are counted in memory and noted now and
then; an attack is noted at once. Entries hold no face, frame, trace of scores or secret.

Storage that fails does not stop the module: what could not be written is counted, said in the log lines, and noted
when storage takes entries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.log import ERROR
from dermis.core import audit_chain as chain
from dermis.core import cbor, partitions, vocabulary
from dermis.core.errors import BadInput
from dermis.drivers.storage import ENOENT, ENOSPC

if TYPE_CHECKING:
    from typing import Any

PREFIX = "audit."
FORMAT = 1
RING = 64  # files: 2,000 to 4,000 entries, a month and more of a busy door
SEGMENT_BYTES = partitions.BLOCK_SIZE
HOUR_MS = 3_600_000
UPDATE_TESTED, UPDATE_ENDS = "update_tested", ("update_confirmed", "update_reverted")
MOST_COUNTED = 256  # verdicts after which their counters are noted: what a cut of power can lose


class Audit:
    """storage: `drivers.storage.Storage`. serial: the module's. clock: `drivers.clock.Clock`. log: `app.log.Log`.

    next, hash: number that the next entry has, and the hash before it. lost: entries that storage did not take since
    the start. written: entries that it took. trying: an image was marked to be tried, and how that ended is not told.
    """

    def __init__(self, storage, serial, clock, log):
        self._storage = storage
        self._serial = serial
        self._clock = clock
        self._log = log
        self._firsts: list = []  # number of the first entry of each file, ascending
        self._size = 0  # bytes of the newest file; 0: the next entry begins one
        self._ready = False  # what is said above is what storage holds
        self._damage = ""  # what was found damaged and is not noted yet
        self._unsaid = 0  # of `lost`, those that no entry tells of yet
        self._hour = 0
        self._spent = {}  # event -> entries of this hour
        self._suppressed = {}  # event -> how many this hour found no room
        self._counts = {}  # verdict, with its first reason -> how often since they were noted
        self._counted = 0
        self.next, self.hash = 0, chain.genesis(serial)
        self.lost = self.written = 0
        self.trying = False
        try:
            self._load()
        except OSError as error:
            self._failed(error)

    # What is noted.

    def note(self, event: str, **fields: Any) -> None:
        """One entry, now. fields: int, bool, str (cut at `LONGEST_TEXT`) or lists of these; never a secret.

        Beyond the event's hourly limit it is counted instead. Raises BadInput for an event that there is not.
        """
        self._turn_hour()
        limit = chain.EVENTS.get(event, 0)
        spent = self._spent.get(event, 0)
        if limit and spent >= limit:
            self._suppressed[event] = self._suppressed.get(event, 0) + 1
            return
        self._spent[event] = spent + 1
        for name in fields:
            if isinstance(fields[name], str):
                fields[name] = fields[name][: chain.LONGEST_TEXT]
        self._append(event, fields)

    def verdict(self, verdict: str, reasons) -> None:
        """Count a verdict; note an attack at once, and the counters hourly or when they are many."""
        self._turn_hour()
        key = "%s/%s" % (verdict, reasons[0]) if reasons else verdict
        self._counts[key] = self._counts.get(key, 0) + 1
        self._counted += 1
        if verdict == vocabulary.ATTACK:
            self.note("attack", reasons=list(reasons))
        if self._counted >= MOST_COUNTED:
            self.flush()

    def flush(self) -> None:
        """Note the counters of verdicts, unless that was done often enough this hour: then they count on."""
        if self._counted and self._spent.get("verdicts", 0) < chain.EVENTS["verdicts"]:
            counts, self._counts, self._counted = self._counts, {}, 0
            self.note("verdicts", **counts)

    # What is asked.

    def head(self, time: int) -> chain.Head:
        """Where the log begins and ends. Raises OSError (storage)."""
        if not self._ready:
            self._load()
        for first in self._firsts:
            try:
                return chain.Head(first, self.next, self._header(first), self.hash, time)
            except BadInput:
                continue  # damaged: the log that can be had begins later, and the next number tells how much is gone
        return chain.Head(self.next, self.next, self.hash, self.hash, time)

    def read(self, seq: int, most: int) -> tuple:
        """(entries from `seq` on, each behind its length, at most that many bytes; the hash before them; number to
        ask for next).

        Where there are none from `seq` on, the next number is that of the oldest after it. Raises OSError (storage).
        """
        if not self._ready:
            self._load()
        within = [first for first in self._firsts if first <= seq]
        if seq >= self.next or not self._firsts:
            return b"", self.hash, self.next
        if not within:
            return b"", b"", self._firsts[0]
        first = within[-1]
        after = [other for other in self._firsts if other > first]
        end = after[0] if after else self.next
        data, number, start, stop = self._segment(first), first - 1, 0, 0  # the first record is the file's head
        try:
            before = self._header(first, data)
        except BadInput:  # what it held cannot be told from anything else
            return b"", b"", end
        for entry, at in chain.split(data):
            if number < seq:
                start = stop = at
                if number >= first:
                    before = chain.link(before, entry)
            elif number >= end or at - start > most:
                break
            else:
                stop = at
            number += 1
        # What a file lacks of its entries is damaged: the next file is what there is to ask for.
        return bytes(data[start:stop]), before, end if number <= seq else number

    # Writing.

    def _append(self, event, fields):
        try:
            if not self._ready:
                self._load()
            if self._damage:
                said, self._damage = self._damage, ""
                self._write("audit_damaged", {"file": said})
            if self._unsaid:
                self._write("audit_lost", {"count": self._unsaid})
                self._unsaid = 0
            self._write(event, fields)
        except OSError as error:
            self.lost += 1
            self._unsaid += 1
            self._failed(error)

    def _write(self, event, fields):
        entry = chain.encode(self.next, self._clock.unix_time(), self._uptime_ms(), event, fields)
        record = chain.framed(entry)
        try:
            self._put(record)
        except OSError as error:
            if error.errno != ENOSPC or len(self._firsts) < 2:
                raise
            self._drop_oldest()  # the partition is full: what is oldest makes room
            self._load()
            self._put(record)
        self.hash = chain.link(self.hash, entry)
        self.next += 1
        self.written += 1
        self._follow(event)

    def _follow(self, event):
        if event in UPDATE_ENDS or event == UPDATE_TESTED:
            self.trying = event == UPDATE_TESTED

    def _put(self, record):
        """A record at the end of the newest file, or in a new one."""
        if self._size and self._size + len(record) <= SEGMENT_BYTES:
            self._storage.append(_name(self._firsts[-1]), record)
        else:
            record = chain.framed(cbor.dumps([FORMAT, self.next, self.hash])) + record
            self._storage.write(_name(self.next), record)
            if self.next not in self._firsts:
                self._firsts.append(self.next)
            self._size = 0
            while len(self._firsts) > RING:
                self._drop_oldest()
        self._size += len(record)

    def _drop_oldest(self):
        self._storage.remove(_name(self._firsts[0]))
        self._firsts.pop(0)

    def _failed(self, error):
        """Storage did not do what it should: it is looked at anew before the next entry."""
        if self._ready or not self.lost:
            self._log.event("audit_failed", ERROR, reason="the audit log cannot be kept (errno %d)" % error.errno)
        self._ready = False

    # Reading.

    def _load(self):
        """Find the end of the log in storage. Raises OSError."""
        self._firsts = sorted([int(name[len(PREFIX) :]) for name in self._storage.names() if _is_ours(name)])
        while len(self._firsts) > RING:
            self._drop_oldest()
        self.next, self.hash, self._size = 0, chain.genesis(self._serial), 0
        for index in range(len(self._firsts) - 1, -1, -1):
            first = self._firsts[index]
            try:
                found = self._scan(first)
            except BadInput:
                self._damage = _name(first)
                continue
            self.next, self.hash, self._size, whole = found
            if not whole or self._damage:
                self._damage = self._damage or _name(first)
                self._size = 0  # what is damaged stays as it is; the log goes on in a new file
            break
        while self._firsts and self._firsts[-1] >= self.next:  # files without a sound entry
            self._storage.remove(_name(self._firsts.pop()))
            self._size = 0  # of the one that is gone
        self._ready = True

    def _scan(self, first):
        """(number after the last sound entry, hash after it, where it ends, whether that is the end of the file).
        Raises BadInput when the file's head is not sound."""
        data = self._segment(first)
        number, after, end = first, self._header(first, data), 0
        for entry, at in chain.split(data):
            if end:
                try:
                    said = chain.decode(entry)
                except BadInput:
                    break
                if said.seq != number:
                    break
                self._follow(said.event)
                after = chain.link(after, entry)
                number += 1
            end = at
        return number, after, end, end == len(data)

    def _header(self, first, data=None):
        """The hash before a file's first entry. Raises BadInput when its head is not sound."""
        for head, _ in chain.split(self._segment(first) if data is None else data):
            said = cbor.loads(head)
            if isinstance(said, list) and len(said) == 3 and said[:2] == [FORMAT, first] and isinstance(said[2], bytes):
                return said[2]
            break
        raise BadInput("the file %s of the audit log is damaged; fetch the log and keep it" % _name(first))

    def _segment(self, first):
        """A file's bytes; none when it is missing."""
        room = bytearray(SEGMENT_BYTES)
        try:
            return memoryview(room)[: self._storage.read_into(_name(first), room)]
        except OSError as error:
            if error.errno != ENOENT:
                raise
            return memoryview(room)[:0]

    # Time.

    def _uptime_ms(self):
        return self._clock.ticks_us() // 1000

    def _turn_hour(self):
        """A new hour of the module's running time: limits begin anew, and what they kept out is noted."""
        hour = self._uptime_ms() // HOUR_MS
        if hour == self._hour:
            return
        self._hour, self._spent = hour, {}
        kept_out, self._suppressed = self._suppressed, {}
        if kept_out:
            self._append("suppressed", kept_out)
        self.flush()


def _name(first):
    return PREFIX + str(first)


def _is_ours(name):
    return name.startswith(PREFIX) and name[len(PREFIX) :].isdigit()
