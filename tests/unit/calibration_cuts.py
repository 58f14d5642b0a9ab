"""Cuts the power at writes of the flash while records are handed over and chosen: under MicroPython, on its LittleFS.

`micropython -X heapsize=32m calibration_cuts.py small|whole STEP`: small has records of a few blocks (a reference of
few bytes) and whole those of a module. At every STEP-th program or erase of each scenario, and at each of its last
ones, the power goes once before it and once in the middle of it, and the module is started again: exactly one whole
record must be in force, the old or the new one, nothing must be said to be wrong, and a record must be taken as before.
Prints one line a scenario; status 1 with what was found when any of it fails.
"""

from __future__ import annotations

import sys

import little_chip
import synthetic
from cut_chip import Chip
from dermis.app.calibration_store import FACTORY, PREVIOUS, USER, CalibrationStore
from dermis.core import burst, calibration
from dermis.drivers.storage import ENOSPC

SERIAL = "DM1-TEST"
PIECE = 2048
SMALL_REFERENCE = 9000  # bytes: a record then fills several blocks
LAST = 6  # writes of a scenario at each of which the power is cut, whatever the step: there it is decided
CHECK_ALSO = 5  # one in so many restarts is followed by another hand-over


class Silent:
    """A log that nobody reads."""

    def event(self, *_, **__):
        return None


class Started(little_chip.Started):
    """The module's store on a chip, as after a start: `with Started(chip) as store`."""

    def part(self, storage):
        room = memoryview(bytearray(calibration.LARGEST))
        return CalibrationStore(
            storage, SERIAL, synthetic.SENSORS, synthetic.KEYS, Silent(), lambda: room, lambda _record: None
        )


def hand_over(store, data, slot=USER):
    held = 0
    while held < len(data):
        held = store.receive(held, len(data), data[held : held + PIECE], slot)


def records(names):
    return [synthetic.file(operator=name) for name in names]


def scenarios():
    """(name, what is on the chip before, what is done, records that may be in force afterwards)."""
    made, first, second, third = RECORDS
    blank = Chip().image
    empty = Started.after(blank, lambda store: None)
    factory = Started.after(empty, lambda store: hand_over(store, made, FACTORY))
    one = Started.after(factory, lambda store: hand_over(store, first))
    two = Started.after(one, lambda store: hand_over(store, second))
    old = Started.after(two, lambda store: store.select(FACTORY))
    yield "first start", blank, lambda store: None, (None,)
    yield "first record", empty, lambda store: hand_over(store, first), (None, first)
    yield "factory record", empty, lambda store: hand_over(store, made, FACTORY), (None, made)
    yield "second record", one, lambda store: hand_over(store, second), (first, second)
    yield "third record", two, lambda store: hand_over(store, third), (second, third)
    yield "previous chosen", two, lambda store: store.select(PREVIOUS), (second, first)
    yield "factory chosen", two, lambda store: store.select(FACTORY), (second, made)
    yield "user chosen", old, lambda store: store.select(USER), (made, second)
    yield "record over the factory's", old, lambda store: hand_over(store, third), (made, third)
    yield "half a record, then a choice", two, half_and_choose, (second, first)


def half_and_choose(store):
    store.receive(0, len(RECORDS[3]), RECORDS[3][: len(RECORDS[3]) // 2])
    store.select(PREVIOUS)


def look(chip, allowed, also):
    """The record in force after a restart. Raises AssertionError."""
    with Started(Chip(chip.image)) as store:
        found = store.read(0, store.size) if store.record else None
        assert found in allowed, "neither the old nor the new record is in force: " + store.fault
        if found is None:
            assert store.fault == "there is no calibration record; calibrate the module", store.fault
        else:
            assert store.fault == "", store.fault
            assert store.hash() == calibration.name_of(found)
        for entry in store.state()["records"]:
            slot = entry["slot"]
            data = b""
            while len(data) < entry["size"]:
                data += store.read(len(data), 4096, slot)
            assert calibration.name_of(data) == entry["hash"], slot
        if also:
            hand_over(store, RECORDS[2])
            assert store.hash() == calibration.name_of(RECORDS[2]) and store.fault == ""
    return found


def enumerate_cuts(step):
    for name, image, action, allowed in scenarios():
        writes, cuts, old = Started.cut(image, action).operations, 0, 0
        for at in range(1, writes + 1):
            if at % step and writes - at >= LAST:
                continue
            for torn in (0, 1 + at * 37 % 255):
                chip = Started.cut(image, action, at, torn)
                assert chip.dead and chip.operations == at
                try:
                    found = look(chip, allowed, cuts % CHECK_ALSO == 0)
                except AssertionError as error:
                    print(f"{name}: cut at write {at} (torn {torn}): {error}")
                    raise
                cuts += 1
                old += found == allowed[0]
        print(f"{name}: {writes} writes, {cuts} cuts, {old} times the old one")


def full_flash():
    """No room for the new record: the one in force stays, in memory as after a restart, and the room is given back."""
    _, first, second, _ = RECORDS
    image = Started.after(Started.after(Chip().image, lambda store: None), lambda store: hand_over(store, first))
    # Asked beforehand, storage says that it is full; where it errs, it says so in the middle of a write.
    for blocks, asked in ((0, True), (2, True), (0, False), (1, False), (2, False)):
        chip = Chip(image)
        with Started(chip) as store:
            little_chip.fill(blocks)
            if not asked:
                store._storage.free_bytes = lambda: 1 << 30
            try:
                hand_over(store, second)
            except OSError as error:
                assert error.errno == ENOSPC, error
            else:
                raise AssertionError("a record was stored where there was no room")
            assert store.fault == "" and store.read(0, store.size) == first
        with Started(chip) as store:
            assert store.fault == "" and store.read(0, store.size) == first
    print("full flash: the record in force stays")


if __name__ == "__main__":
    if sys.argv[1] == "small":
        burst.FRAME_BYTES = SMALL_REFERENCE
        full = synthetic.record_fields

        def few():
            fields = full()
            fields["reference"] = fields["reference"][:SMALL_REFERENCE]
            return fields

        synthetic.record_fields = few
    RECORDS = records(("factory", "first", "second", "third"))
    full_flash()
    enumerate_cuts(int(sys.argv[2]))
