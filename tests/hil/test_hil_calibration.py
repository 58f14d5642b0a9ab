"""Calibration records over the port: read, refused when they are not this module's, written and taken back."""

from __future__ import annotations

import pytest
from dermis.core import calibration as record_format
from dermis_host import Module, RequestFailed
from dermis_host.access.keyring import Keyring
from dermis_host.calibration import record_file
from dermis_host.calibration.keys import StationKeys

SHIFT_UM = 70  # of the baseline: a record that differs in one figure, by what a bump may do


@pytest.fixture
def record(calibrated, module) -> bytes:
    """The record in force."""
    return module.calibration_record()


@pytest.fixture
def key(rig, module) -> bytes:
    """What this module's records are signed with."""
    return StationKeys(keyring=Keyring.load(rig.keyring) if rig.keyring else None).signing(module)


def changed(record: bytes, key: bytes, **fields: object) -> bytes:
    """The same record with other fields, signed."""
    return record_format.encode({**record_file.parse(record, {}, "the record in force").fields, **fields}, key)


def refused(module: Module, record: bytes) -> str:
    """The sentence with which the module refuses it; what is in force stays."""
    before = module.calibration_state()
    with pytest.raises(RequestFailed) as problem:
        module.store_calibration(record)
    after = module.calibration_state()
    assert (after.hash, after.records) == (before.hash, before.records)
    return problem.value.sentence


def test_the_record_in_force_is_this_module_s_and_whole(module, record):
    state, identity = module.calibration_state(), module.identity()
    assert state.calibrated and not state.fault
    assert state.hash == identity.calibration == record_format.name_of(record)
    fields = record_file.parse(record, {}, "the record in force").fields
    assert fields["serial"] == identity.serial
    assert fields["sensors"] == {"imager": identity.imager, "swir": identity.swir_head}
    assert module.calibration_record(state.in_force) == record


def test_an_altered_record_is_refused(module, record):
    altered = bytearray(record)
    altered[len(altered) // 2] ^= 1
    assert refused(module, bytes(altered))


def test_the_record_of_another_module_is_refused(module, record, key):
    assert refused(module, changed(record, key, serial="DM1-9999"))


def test_the_record_of_another_station_is_refused(module, record):
    assert "key" in refused(module, changed(record, bytes(32)))


def test_a_truncated_record_is_refused(module, record):
    assert refused(module, record[:-1])


@pytest.mark.needs("records")
def test_a_record_is_written_and_taken_back(module, record, key):
    baseline_um = record_file.parse(record, {}, "the record in force").fields["baseline_um"]
    other = changed(record, key, baseline_um=baseline_um + SHIFT_UM)
    module.store_calibration(other)  # reads it back
    try:
        assert module.calibration_state().hash == record_format.name_of(other) == module.identity().calibration
        module.reset()
        assert module.calibration_state().hash == record_format.name_of(other), "a restart lost the record"
    finally:
        module.calibration_select("previous")
    assert module.calibration_record() == record
    module.reset()
    assert module.calibration_record() == record
