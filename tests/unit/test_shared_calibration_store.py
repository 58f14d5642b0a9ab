"""Handing a record over: wholly or not at all, checked before it is in force, and what was in force stays."""

from __future__ import annotations

import fakes
import synthetic
from dermis.app.calibration_store import FILE, LARGEST, CalibrationStore
from dermis.app.log import Log
from dermis.core import calibration
from dermis.core.errors import BadInput, NotCalibrated

PIECE = 4000


def file_of(serial=fakes.SERIAL, created="2026-01-31T12:00:00"):
    fields = synthetic.record_fields()
    fields["serial"], fields["created"] = serial, created
    return calibration.encode(fields)


FIRST, SECOND = file_of(), file_of(created="2026-02-01T12:00:00")


def store(storage):
    return CalibrationStore(storage, fakes.SERIAL, Log(fakes.FakeClock(), lambda _line: None))


def hand_over(kept, data):
    held = 0
    while held < len(data):
        held = kept.receive(held, len(data), data[held : held + PIECE])
    return held


def refused(kept, data, kind: type[Exception]):
    try:
        hand_over(kept, data)
    except kind:
        return
    raise AssertionError("this record should have been refused")


def test_a_record_is_in_force_when_the_last_piece_is_there_and_after_a_restart():
    storage = fakes.FakeStorage()
    kept = store(storage)
    assert kept.record is None and kept.hash() == "" and kept.size == 0 and "calibrate" in kept.fault
    assert kept.receive(0, len(FIRST), FIRST[:PIECE]) == PIECE and kept.record is None and not storage.files
    assert kept.receive(100, len(FIRST), FIRST[100:PIECE]) == PIECE  # said again
    assert kept.receive(100, len(FIRST), FIRST[100 : PIECE + 50]) == PIECE + 50
    assert hand_over(kept, FIRST) == len(FIRST) == kept.size
    assert kept.fault == "" and kept.hash() == calibration.decode(FIRST).hash and storage.files[FILE] == FIRST
    assert kept.read(8, 100) == FIRST[8:108]
    assert store(storage).hash() == kept.hash()


def test_one_record_after_the_other_and_what_comes_touches_nothing_in_force():
    kept = store(fakes.FakeStorage())
    for data, other in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND)):
        hand_over(kept, data)
        for held in range(0, len(other) - PIECE, PIECE):
            kept.receive(held, len(other), other[held : held + PIECE])
        assert kept.read(0, kept.size) == data and kept.record is not None
        assert bytes(kept.record.reference) == bytes(calibration.decode(data).reference)


def test_what_cannot_be_used_leaves_the_one_before_in_force():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    before = kept.hash()
    damaged = bytearray(SECOND)
    damaged[-1] ^= 1
    refused(kept, bytes(damaged), BadInput)
    refused(kept, file_of("DM1-0001"), NotCalibrated)
    storage.broken = True
    refused(kept, SECOND, OSError)
    storage.broken, storage.unrenamed = False, True
    refused(kept, SECOND, OSError)
    storage.unrenamed = False
    assert kept.fault == "" and bytes(kept.record.reference) == bytes(calibration.decode(FIRST).reference)
    assert kept.hash() == before and storage.files[FILE] == FIRST and kept.read(0, 50) == FIRST[:50]
    hand_over(kept, SECOND)
    assert kept.hash() != before and store(storage).hash() == kept.hash()


def test_nothing_is_in_force_when_neither_record_can_be_used():
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)
    for file, word in ((None, "calibrate"), (FIRST[:-1], "damaged"), (b"x" * 2 * LARGEST, "no calibration")):
        storage.files.pop(FILE, None)
        if file:
            storage.files[FILE] = file
        refused(kept, SECOND[:-1], BadInput)
        assert kept.record is None and kept.hash() == "" and kept.size == 0 and kept.read(0, 9) == b""
        assert word in kept.fault, kept.fault
    hand_over(kept, SECOND)
    assert kept.fault == "" and kept.hash() == calibration.decode(SECOND).hash


def test_a_reading_that_fails_leaves_nothing_in_force():
    """Whatever ends it: the room holds no whole record then."""
    storage = fakes.FakeStorage()
    kept = store(storage)
    hand_over(kept, FIRST)

    def fails(name, buffer):
        buffer[:8] = b"a part.."
        raise MemoryError

    storage.read_staged = storage.read_into = fails
    refused(kept, SECOND, MemoryError)
    assert kept.record is None and "restart" in kept.fault and storage.files[FILE] == FIRST


def test_a_file_that_is_not_sound_is_not_in_force():
    for data, word in ((FIRST[:-1], "damaged"), (file_of("DM1-0001"), "DM1-0001"), (b"", "calibrate")):
        storage = fakes.FakeStorage()
        storage.files[FILE] = data
        kept = store(storage)
        assert kept.record is None and word in kept.fault, kept.fault
    storage.broken = True
    assert "storage" in store(storage).fault


def test_pieces_that_do_not_fit_change_nothing():
    kept = store(fakes.FakeStorage())
    kept.receive(0, 100, b"x" * 60)
    for offset, total in ((60, 101), (0, 1 << 40), (1 << 62, 100), (-1, 100)):
        try:
            kept.receive(offset, total, b"")
        except BadInput:
            continue
        raise AssertionError((offset, total))
    assert kept.receive(60, 100, b"y" * 39) == 99
