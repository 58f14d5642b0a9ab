"""Cuts the power at every write of the flash while entries are added to the audit log: under MicroPython, on its
LittleFS. (Keys and states: `access_cuts.py`.)

`micropython -X heapsize=32m audit_cuts.py STEP`: at every STEP-th program or erase of each scenario, and at each of its
last ones, the power goes before it, in the middle of it and right after it, and the module is started again. The log
must be whole as it was before or with the entry, its chain must hold, nothing may be said to be damaged, and the next
entry must be taken. Prints one line a scenario; status 1 with what was found when any of it fails.
"""

from __future__ import annotations

import os
import sys

import fakes
import little_chip
from audit_reading import entries_of
from cut_chip import Chip
from dermis.app import audit as audits
from dermis.app.audit import Audit
from dermis.drivers.storage.little import MOUNT_POINT

SERIAL = "DM1-TEST"
LAST = 6  # writes of a scenario at each of which the power is cut, whatever the step: there it is decided
SMALL_RING = 3  # so that a few entries turn it over
WHOLE = 256  # parts of an operation of which the power cut leaves all


class Silent:
    """A log that nobody reads."""

    def event(self, *_, **__):
        return None


class Started(little_chip.Started):
    """The log on a chip, as after a start: `with Started(chip) as log`."""

    def part(self, storage):
        return Audit(storage, SERIAL, fakes.FakeClock(), Silent())


def entry(log):
    log.note("provisioned", fleet="of a test")


def large_entry(log):
    log.note("file_stored", name="y" * 90)


def fill_file(log):
    """Entries until the newest file has room for no further one."""
    entry(log)
    while log._size + 120 < audits.SEGMENT_BYTES:
        log.note("file_stored", name="x" * 32, size=log.next)


def half_fill(log):
    while log._size < audits.SEGMENT_BYTES // 2:
        log.note("file_stored", name="x" * 32, size=log.next)


def fill_ring(log):
    while len(log._firsts) < audits.RING or log._size + 120 < audits.SEGMENT_BYTES:
        log.note("file_stored", name="x" * 32, size=log.next)


def two_entries(log):
    entry(log)
    entry(log)


def scenarios():
    """(name, what is on the chip before, what is done)."""
    blank = Chip().image
    empty = Started.after(blank, lambda log: None)
    some = Started.after(empty, two_entries)
    yield "first start", blank, lambda log: None
    yield "first entry", empty, entry
    yield "another entry", some, entry
    yield "two entries", some, two_entries
    yield "entry in a long file", Started.after(some, half_fill), entry
    yield "entry in a new file", Started.after(some, fill_file), large_entry
    yield "entry that turns the ring", Started.after(some, fill_ring), large_entry


def look(chip, before, done):
    """How many entries there are after a restart. Raises AssertionError."""
    with Started(Chip(chip.image)) as log:
        found = entries_of(log, SERIAL)
        known = {each.seq: each for each in before + done}
        assert [known.get(each.seq) for each in found] == found, "an entry is another than it was"
        first, last = (before or done)[0].seq if before or done else 0, done[-1].seq + 1 if done else 0
        assert (before[-1].seq + 1 if before else 0) <= log.next <= last, "entries that were there are gone"
        dropped = found[0].seq - first if found else 0
        assert dropped == 0 or found[0].seq == done[0].seq, "the ring lost more than its oldest file"
        held = log.next
        entry(log)
        now = entries_of(log, SERIAL)
        assert now[-1].event == "provisioned" and log.next == held + 1 and log.lost == 0
        assert not [each for each in now if each.event in ("audit_damaged", "audit_lost")]
    return held


def entries_on(image):
    with Started(Chip(image)) as log:
        return entries_of(log, SERIAL)


def enumerate_cuts(step):
    for name, image, action in scenarios():
        whole = Started.cut(image, action)
        writes, cuts, results = whole.operations, 0, {}
        before, done = entries_on(image), entries_on(whole.image)
        for at in range(1, writes + 1):
            if at % step and writes - at >= LAST:
                continue
            for torn in (0, 1 + at * 37 % 255, WHOLE):
                chip = Started.cut(image, action, at, torn)
                assert chip.dead and chip.operations == at
                try:
                    found = look(chip, before, done)
                except AssertionError as error:
                    print(f"{name}: cut at write {at} (torn {torn}): {error}")
                    raise
                cuts += 1
                results[found] = results.get(found, 0) + 1
        told = ", ".join([f"{results[key]} times {key}" for key in sorted(results)])
        print(f"{name}: {writes} writes, {cuts} cuts; held afterwards: {told}")


def full_partition():
    """No room left: the oldest file makes some, or what is not taken is counted; the chain holds through all of it."""
    some = Started.after(Chip().image, two_entries)
    for name, image in (("two entries", some), ("a whole ring", Started.after(some, fill_ring))):
        for blocks in (0, 2):
            chip = Chip(image)
            with Started(chip) as log:
                known = log.next
                little_chip.fill(blocks)
                for _ in range(80):
                    log.note("file_stored", name="z" * 90, size=log.next)
                held = entries_of(log, SERIAL)
                taken = log.next - known
                # Entries that tell of lost ones are taken, too.
                lost = sum([each.fields["count"] for each in held if each.event == "audit_lost"])
                told = len([each for each in held if each.event == "audit_lost"])
                assert name == "two entries" or (log.lost == 0 and taken == 80), (blocks, log.lost, taken)
                assert taken - told + log.lost >= 80 and lost <= log.lost, (blocks, taken, told, log.lost)
            with Started(Chip(chip.image)) as log:
                assert entries_of(log, SERIAL) == held
                os.remove(MOUNT_POINT + "/filler0")
                os.remove(MOUNT_POINT + "/filler1")
                entry(log)
                now = entries_of(log, SERIAL)
                assert now[-1].event == "provisioned" and not [each for each in now if each.event == "audit_damaged"]
    print("full partition: the chain holds")


if __name__ == "__main__":
    audits.RING = SMALL_RING
    full_partition()
    enumerate_cuts(int(sys.argv[1]))
