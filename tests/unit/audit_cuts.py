"""Cuts the power at every write of the flash while entries are added to the audit log, and while keys are stored:
under MicroPython, on its LittleFS.

`micropython -X heapsize=32m audit_cuts.py STEP`: at every STEP-th program or erase of each scenario, and at each of its
last ones, the power goes once before it and once in the middle of it, and the module is started again. The log must be
whole as it was before or with the entry, its chain must hold, nothing may be said to be damaged, and the next entry
must be taken. Keys must be all there or none of them. Prints one line a scenario; status 1 with what was found when any
of it fails.
"""

from __future__ import annotations

import sys

import fakes
from audit_reading import entries_of
from cut_chip import Chip, PowerCut
from dermis.app import audit as audits
from dermis.app.audit import Audit
from dermis.core import access
from dermis.drivers.storage.twin import MOUNT_POINT, open_little

import vfs  # type: ignore[import-not-found]  # isort: skip

SERIAL = "DM1-TEST"
LAST = 6  # writes of a scenario at each of which the power is cut, whatever the step: there it is decided
SMALL_RING = 3  # so that a few entries turn it over
KEYS = {role: bytes([number + 1]) * 32 for number, role in enumerate(access.ROLES + (access.VERDICT,))}
KEYS.update(
    {access.STATION: [b"s" * 32], "update": [b"u" * access.PUBLIC_KEY_BYTES], access.OSDP: b"", "fleet": "test"}
)


class Silent:
    """A log that nobody reads."""

    def event(self, *_, **__):
        return None


class Started:
    """Something on a chip, as after a start: `with Started(chip, make) as thing`."""

    def __init__(self, chip, make):
        self._chip, self._make = chip, make

    def __enter__(self):
        return self._make(open_little(self._chip))

    def __exit__(self, *_):
        # After a cut LittleFS was left in the middle of something: it is thrown away, as a restart does.
        try:
            vfs.umount(MOUNT_POINT)
        except OSError:  # the cut came before it was mounted
            return False
        return False


def log_on(storage):
    return Audit(storage, SERIAL, fakes.FakeClock(), Silent())


def keys_on(storage):
    from dermis.app.keys import Keys

    return Keys(storage, SERIAL)


def entry(log):
    log.note("provisioned", fleet="of a test")


def large_entry(log):
    log.note("file_stored", name="y" * 90)


def fill_file(log):
    """Entries until the newest file has room for no further one."""
    entry(log)
    while log._size + 120 < audits.SEGMENT_BYTES:
        log.note("file_stored", name="x" * 32, size=log.next)


def fill_ring(log):
    while len(log._firsts) < audits.RING or log._size + 120 < audits.SEGMENT_BYTES:
        log.note("file_stored", name="x" * 32, size=log.next)


def two_entries(log):
    entry(log)
    entry(log)


def scenarios():
    """(name, what it is made with, what is on the chip before, what is done, how to look afterwards)."""
    blank = Chip().image
    empty = after(blank, log_on, lambda log: None)
    some = after(empty, log_on, two_entries)
    full_file = after(some, log_on, fill_file)
    full_ring = after(some, log_on, fill_ring)
    yield "first start", log_on, blank, lambda log: None, look_at_log
    yield "first entry", log_on, empty, entry, look_at_log
    yield "another entry", log_on, some, entry, look_at_log
    yield "two entries", log_on, some, two_entries, look_at_log
    yield "entry in a new file", log_on, full_file, large_entry, look_at_log
    yield (
        "entry that turns the ring",
        log_on,
        full_ring,
        large_entry,
        look_at_log,
    )
    yield "provisioning", keys_on, empty, lambda keys: keys.provision(dict(KEYS)), look_at_keys


def after(image, make, action):
    chip = Chip(image)
    with Started(chip, make) as thing:
        action(thing)
    return chip.image


def cut(image, make, action, at=0, torn=0):
    """The chip after the power went at that operation; 0: never."""
    chip = Chip(image)
    chip.cut_at, chip.torn = at, torn
    try:
        with Started(chip, make) as thing:
            action(thing)
    except (PowerCut, OSError):  # whatever still runs finds a chip without power
        assert chip.dead
    return chip


def look_at_log(chip, before, done):
    """How many entries there are after a restart. Raises AssertionError."""
    with Started(Chip(chip.image), log_on) as log:
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


def look_at_keys(chip, before, done):
    with Started(Chip(chip.image), keys_on) as keys:
        assert keys.fault == "", keys.fault
        if keys.provisioned:
            assert keys.verdict() == KEYS[access.VERDICT]
            return 1
        keys.provision(dict(KEYS))
        assert keys.provisioned
    return 0


def entries_on(image, make):
    if make is not log_on:
        return []
    with Started(Chip(image), make) as log:
        return entries_of(log, SERIAL)


def enumerate_cuts(step):
    for name, make, image, action, look in scenarios():
        whole = cut(image, make, action)
        writes, cuts, results = whole.operations, 0, {}
        before, done = entries_on(image, make), entries_on(whole.image, make)
        for at in range(1, writes + 1):
            if at % step and writes - at >= LAST:
                continue
            for torn in (0, 1 + at * 37 % 255):
                chip = cut(image, make, action, at, torn)
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


if __name__ == "__main__":
    audits.RING = SMALL_RING
    enumerate_cuts(int(sys.argv[1]))
