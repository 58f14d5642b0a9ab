"""Records of a module: handed over wholly or not at all, chosen, kept; and one whole one in force whatever happens."""

from __future__ import annotations

import fakes
import synthetic
from dermis.app.calibration_store import FACTORY, NOTE_FILE, PREVIOUS, USER, CalibrationStore
from dermis.app.log import Log
from dermis.core import calibration
from dermis.core.calibration import LARGEST
from dermis.core.errors import BadInput, NotCalibrated

PIECE = 9000
A, B = "calibration.a", "calibration.b"


def file_of(operator, key=synthetic.KEY, **changes):
    fields = {"serial": fakes.SERIAL, "sensors": fakes.SENSORS, "operator": operator}
    fields.update(changes)
    return synthetic.file(key, **fields)


MADE, FIRST, SECOND, THIRD = [file_of(name) for name in ("factory", "first", "second", "third")]
NAMES = {calibration.name_of(data): data for data in (MADE, FIRST, SECOND, THIRD)}


ROOM = memoryview(bytearray(calibration.LARGEST))


def store(storage, lines=None, adopted=None):
    log = Log(fakes.FakeClock(), (lambda _line: None) if lines is None else lines.append)
    adopt = (lambda _record: None) if adopted is None else adopted.append
    return CalibrationStore(storage, fakes.SERIAL, fakes.SENSORS, synthetic.KEYS, log, lambda: ROOM, adopt)


def hand_over(kept, data, slot=USER):
    held = 0
    while held < len(data):
        held = kept.receive(held, len(data), data[held : held + PIECE], slot)
    return held


def refused(kept, data, kind: type[Exception], slot=USER):
    try:
        hand_over(kept, data, slot)
    except kind as error:
        return str(error)
    raise AssertionError("this record should have been refused")


def slots(kept):
    return {entry["slot"]: entry["operator"] for entry in kept.state()["records"]}


def in_force(kept, data, slot=USER):
    """Whether just that record is, whole, in memory as in storage, and after a restart."""
    assert kept.fault == "" and kept.in_force == slot and kept.size == len(data), (kept.fault, kept.in_force)
    assert kept.read(0, kept.size) == data and kept.hash() == calibration.name_of(data)
    assert bytes(kept.record.reference) == bytes(calibration.decode(data).reference)
    return True


def test_only_what_is_in_force_at_last_is_adopted_and_while_it_lies_in_the_room():
    storage, seen = fakes.FakeStorage(), []

    class Adopted:
        def append(self, record):
            seen.append((record.operator, bytes(record.reference) == bytes(calibration.decode(SECOND).reference)))

    hand_over(store(storage), FIRST)
    kept = store(storage, adopted=Adopted())
    hand_over(kept, SECOND)
    assert [operator for operator, _ in seen] == ["first", "second"] and seen[-1][1], seen
    ROOM[:] = bytes(len(ROOM))  # somebody else's now
    assert kept.read(0, kept.size) == SECOND
    kept.select("previous")
    assert seen[-1][0] == "first" and kept.read(0, kept.size) == FIRST


def test_a_record_is_in_force_when_the_last_piece_is_there_and_after_a_restart():
    storage = fakes.FakeStorage()
    kept = store(storage)
    assert kept.record is None and kept.hash() == "" and kept.size == 0 and "calibrate" in kept.fault
    assert kept.receive(0, len(FIRST), FIRST[:PIECE]) == PIECE and kept.record is None and not storage.files
    assert kept.receive(100, len(FIRST), FIRST[100:PIECE]) == PIECE  # said again
    assert kept.receive(100, len(FIRST), FIRST[100 : PIECE + 50]) == PIECE + 50
    assert hand_over(kept, FIRST) == len(FIRST)
    assert in_force(kept, FIRST) and in_force(store(storage), FIRST)
    assert kept.read(8, 100) == FIRST[8:108] and kept.state()["records"][0]["size"] == len(FIRST)


def test_the_last_two_and_the_factorys_are_kept():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, MADE, FACTORY)
    assert in_force(kept, MADE, FACTORY)  # without being chosen, as there is no other
    for data, expected in (
        (FIRST, {USER: "first", FACTORY: "factory"}),
        (SECOND, {USER: "second", PREVIOUS: "first", FACTORY: "factory"}),
        (THIRD, {USER: "third", PREVIOUS: "second", FACTORY: "factory"}),
    ):
        hand_over(kept, data)
        assert in_force(kept, data) and slots(kept) == expected
        again = store(storage)
        assert in_force(again, data) and slots(again) == expected
    for slot, data in ((PREVIOUS, SECOND), (FACTORY, MADE), ("", THIRD)):
        assert kept.size_of(slot) == len(data) and kept.read(70000, 9000, slot) == data[70000:79000]
        assert kept.read(len(data) - 5, 9000, slot) == data[-5:] and kept.read(len(data), 10, slot) == b""


def test_a_record_is_chosen_and_chosen_back():
    storage = fakes.FakeStorage()
    kept = store(storage)
    for data, slot in ((MADE, FACTORY), (FIRST, USER), (SECOND, USER)):
        hand_over(kept, data, slot)
    both = {USER: "second", PREVIOUS: "first", FACTORY: "factory"}
    for slot, data, found, expected in (
        (PREVIOUS, FIRST, USER, {USER: "first", PREVIOUS: "second", FACTORY: "factory"}),
        (PREVIOUS, SECOND, USER, both),  # twice is back
        (FACTORY, MADE, FACTORY, both),
        (FACTORY, MADE, FACTORY, both),
        (USER, SECOND, USER, both),
    ):
        kept.select(slot)
        assert in_force(kept, data, found) and slots(kept) == expected
        assert in_force(store(storage), data, found)
    kept.select(FACTORY)
    hand_over(kept, THIRD)  # a new user record is in force at once
    assert in_force(kept, THIRD) and slots(kept)[PREVIOUS] == "second"


def test_what_there_is_not_cannot_be_chosen():
    kept = store(fakes.FakeStorage())
    for slot in (USER, PREVIOUS, FACTORY, "", "green"):
        try:
            kept.select(slot)
        except BadInput as error:
            assert "holds no" in str(error)
        else:
            raise AssertionError(slot)
    hand_over(kept, FIRST)
    try:
        kept.select(PREVIOUS)
    except BadInput as error:
        assert "it holds: user" in str(error)
    assert in_force(kept, FIRST)


def test_the_factory_record_is_written_once():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, MADE, FACTORY)
    assert "once" in refused(kept, FIRST, BadInput, FACTORY) and in_force(kept, MADE, FACTORY)
    storage.files["calibration.factory"] = MADE[:-1]  # what cannot be used is not written again either
    kept = store(storage)
    assert kept.record is None and "damaged" in kept.fault
    assert "once" in refused(kept, FIRST, BadInput, FACTORY)
    assert "not as 'green'" in refused(kept, FIRST, BadInput, "green")


def test_one_record_after_the_other_and_what_comes_touches_nothing_in_force():
    kept = store(fakes.FakeStorage())
    for data, other in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND)):
        hand_over(kept, data)
        for held in range(0, len(other) - PIECE, PIECE):
            kept.receive(held, len(other), other[held : held + PIECE])
        assert in_force(kept, data)


def test_what_cannot_be_used_leaves_the_one_before_in_force():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    files = dict(storage.files)
    for at in (3, 12, 30, 60, 100, 5000, 78000, len(SECOND) - 1):  # every region of the file
        damaged = bytearray(SECOND)
        damaged[at] ^= 1
        refused(kept, bytes(damaged), BadInput)
        assert in_force(kept, FIRST)
    for wrong, kind, word in (
        (SECOND[:-1], BadInput, "damaged"),
        (SECOND[:50], BadInput, "cut short"),
        (file_of("x", serial="DM1-0001"), NotCalibrated, "DM1-0001"),
        (file_of("x", sensors={"imager": "another", "swir": fakes.SENSORS["swir"]}), NotCalibrated, "another"),
        (file_of("x", key=bytes(32)), BadInput, "does not know"),
        (SECOND[:40] + FIRST[40:48] + SECOND[48:], BadInput, "altered"),
        (b"DRMCAL1\n" + SECOND[8:], BadInput, "another version"),
    ):
        said = refused(kept, wrong, kind)
        assert word in said and "\n" not in said, said
        assert in_force(kept, FIRST) and not storage.staged
    storage.broken = True
    refused(kept, SECOND, OSError)
    storage.broken, storage.full = False, True
    refused(kept, SECOND, OSError)
    assert in_force(kept, FIRST)  # and nothing of the new one takes room
    storage.full, storage.unrenamed = False, True
    refused(kept, SECOND, OSError)
    storage.unrenamed = False
    assert in_force(kept, FIRST) and storage.files == files and not storage.staged
    hand_over(kept, SECOND)
    assert in_force(kept, SECOND) and in_force(store(storage), SECOND)


def test_storage_that_fails_while_a_record_is_chosen_leaves_the_one_before_in_force():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    hand_over(kept, SECOND)
    storage.unrenamed = True
    try:
        kept.select(PREVIOUS)
    except OSError:
        assert in_force(kept, SECOND) and slots(kept)[PREVIOUS] == "first"
    else:
        raise AssertionError("the note cannot have been replaced")
    storage.unrenamed = False
    assert in_force(store(storage), SECOND)


def test_the_next_sound_one_stands_in_and_that_is_said():
    storage = fakes.FakeStorage()
    kept = store(storage)
    for data, slot in ((MADE, FACTORY), (FIRST, USER), (SECOND, USER)):
        hand_over(kept, data, slot)
    files = dict(storage.files)
    second, first = (B, A) if files[B] == SECOND else (A, B)
    lines = []
    storage.files[second] = SECOND[:-1]
    kept = store(storage, lines)
    assert kept.hash() == calibration.name_of(FIRST) and kept.in_force == PREVIOUS
    assert "previous record is in force" in kept.fault and "damaged" in kept.fault and "\n" not in kept.fault
    assert b"calibration_fault" in lines[0] and slots(kept) == {PREVIOUS: "first", FACTORY: "factory"}
    del storage.files[second]
    kept = store(storage)
    assert kept.in_force == PREVIOUS and "missing" in kept.fault
    storage.files[first] = b""
    kept = store(storage)
    assert kept.in_force == FACTORY and "factory record is in force" in kept.fault
    hand_over(kept, THIRD)  # over what cannot be used
    assert kept.hash() == calibration.name_of(THIRD) and kept.fault == ""
    storage.files = dict(files)
    kept = store(storage)
    kept.select(FACTORY)
    storage.files["calibration.factory"] = MADE + b"x"
    kept = store(storage)
    assert kept.hash() == calibration.name_of(SECOND) and kept.in_force == USER and "factory" in kept.fault


def test_a_new_record_goes_over_the_one_that_cannot_be_used():
    """And not over the one that stands in for it."""
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    hand_over(kept, SECOND)
    storage.files[B] = SECOND[:-1]
    kept = store(storage)
    hand_over(kept, THIRD)
    assert in_force(kept, THIRD) and slots(kept) == {USER: "third", PREVIOUS: "first"}


def test_a_note_that_cannot_be_read_is_said_and_a_record_is_in_force():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    hand_over(kept, SECOND)
    for note in (b"", b"user c, in force user\n", b"\xff" * 200):
        storage.files[NOTE_FILE] = note
        kept = store(storage)
        assert kept.hash() == calibration.name_of(FIRST) and "note" in kept.fault, kept.fault
    kept.select(USER)
    assert in_force(kept, FIRST) and slots(kept)[PREVIOUS] == "second"
    storage.files[NOTE_FILE] = b"?"
    kept = store(storage)
    hand_over(kept, THIRD)
    assert in_force(kept, THIRD) and in_force(store(storage), THIRD)


def test_nothing_is_in_force_when_no_record_can_be_used():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    for file, word in ((None, "calibrate"), (FIRST[:-1], "damaged"), (b"x" * 2 * LARGEST, "no calibration")):
        storage.files.pop(A, None)
        if file:
            storage.files[A] = file
        refused(kept, SECOND[:-1], BadInput)
        assert kept.record is None and kept.hash() == "" and kept.size == 0 and kept.read(0, 9) == b""
        assert word in kept.fault, kept.fault
        assert not kept.state()["calibrated"] and kept.state()["in_force"] == ""
    hand_over(kept, SECOND)
    assert in_force(kept, SECOND)


def test_a_reading_that_fails_leaves_nothing_in_force():
    """Whatever ends it: the room holds no whole record then."""
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)

    def fails(name, buffer):
        buffer[:8] = b"a part.."
        raise MemoryError(name)

    storage.read_staged = storage.read_into = fails
    refused(kept, SECOND, MemoryError)
    assert kept.record is None and "restart" in kept.fault and storage.files[A] == FIRST


def test_a_file_that_is_not_sound_is_not_in_force():
    for data, word in (
        (FIRST[:-1], "damaged"),
        (file_of("x", serial="DM1-0001"), "DM1-0001"),
        (file_of("x", key=bytes(32)), "does not know"),
        (b"", "calibrate"),
    ):
        storage = fakes.FakeStorage()
        storage.files[A] = data
        kept = store(storage)
        assert kept.record is None and word in kept.fault, kept.fault
    storage.broken = True
    assert "storage" in store(storage).fault


def test_pieces_that_do_not_fit_change_nothing():
    kept = store(fakes.FakeStorage())
    kept.receive(0, 100, b"x" * 60)
    for offset, total, slot in (
        (60, 101, USER),
        (0, 1 << 40, USER),
        (1 << 62, 100, USER),
        (-1, 100, USER),
        (60, 100, FACTORY),
    ):
        try:
            kept.receive(offset, total, b"", slot)
        except BadInput:
            continue
        raise AssertionError((offset, total))
    assert kept.receive(60, 100, b"y" * 39) == 99


def test_two_hosts_that_mix_their_pieces_store_one_whole_record_or_none():
    """Records of one length: only the digest tells. Whoever starts anew drives the other off."""
    assert len(FIRST) == len(THIRD)
    state = 5
    for _ in range(6):
        storage = fakes.FakeStorage()
        kept = store(storage)
        hand_over(kept, SECOND)
        held = {FIRST: 0, THIRD: 0}
        while min(held.values()) < len(FIRST):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data = FIRST if state >> 16 & 1 else THIRD
            at = held[data]
            if at >= len(data):
                data = THIRD if data is FIRST else FIRST
                at = held[data]
            try:
                held[data] = kept.receive(at, len(data), data[at : at + PIECE])
            except BadInput:
                held[data] = len(data)  # it gives up
            assert kept.fault == "" and NAMES[kept.hash()] in (FIRST, SECOND, THIRD)
            assert kept.read(0, kept.size) == NAMES[kept.hash()]
        assert in_force(store(storage), NAMES[kept.hash()])


def test_a_choice_ends_a_hand_over():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    hand_over(kept, SECOND)
    kept.receive(0, len(THIRD), THIRD[:PIECE])
    kept.select(PREVIOUS)
    assert not storage.staged
    try:
        kept.receive(PIECE, len(THIRD), THIRD[PIECE:])
    except BadInput as error:
        assert "start again" in str(error)
    else:
        raise AssertionError("half a record was taken")
    assert in_force(kept, FIRST)


def test_a_chosen_record_that_vanished_is_said_although_the_factorys_stands_in():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, MADE, FACTORY)
    hand_over(kept, FIRST)
    hand_over(kept, SECOND)
    for name in (A, B):
        storage.remove(name)
    again = store(storage)
    assert again.in_force == FACTORY and "user record cannot be used: it is missing" in again.fault
