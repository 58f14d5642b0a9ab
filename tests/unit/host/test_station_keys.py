"""Which key a calibration record is signed with, and which it is checked with."""

from __future__ import annotations

import json

import pytest
from calibration_records import record
from dermis.core import calibration
from dermis_host.access.keyring import FILE, Keyring
from dermis_host.calibration import record_file
from dermis_host.calibration.keys import DEVELOPMENT_KEY, StationKeys
from dermis_host.errors import UsageError
from dermis_host.module import Module
from fake_module import FakeModule

GIVEN = bytes(range(32))


@pytest.fixture
def ring(tmp_path) -> Keyring:
    return Keyring.create(tmp_path / "ring")


def test_a_provisioned_module_gets_its_fleets_key(ring):
    answer = FakeModule().posture()
    for provisioned, own in ((False, DEVELOPMENT_KEY), (True, ring.station_key("DM1-0007"))):
        with (
            FakeModule(posture=lambda _, to=provisioned: {**answer, "provisioned": to}) as fake,
            Module(fake.url) as module,
        ):
            assert StationKeys(keyring=ring).signing(module) == own
            assert StationKeys(GIVEN, ring).signing(module) == GIVEN
            if provisioned:
                with pytest.raises(UsageError, match="--keyring"):
                    StationKeys().signing(module)
            else:
                assert StationKeys().signing(module) == DEVELOPMENT_KEY


def test_each_modules_records_are_checked_with_its_own_key(ring):
    keys = StationKeys(GIVEN, ring)
    serial = str(record_file.parse(record(), {}, "it").fields["serial"])
    for key in (ring.station_key(serial), GIVEN, DEVELOPMENT_KEY):
        assert record_file.parse(record(key=key), keys, "it").trusted
    foreign = record_file.parse(record(key=ring.station_key("DM1-9999")), keys, "it")
    assert not foreign.trusted and "--keyring" in foreign.mac
    assert not record_file.parse(record(key=ring.station_key(serial)), StationKeys(), "it").trusted


def test_a_keyring_without_stations_checks_the_others(ring):
    content = json.loads((ring.path / FILE).read_text())
    del content["masters"]["station"]
    (ring.path / FILE).write_text(json.dumps(content))
    known = StationKeys(keyring=Keyring.load(ring.path)).known("DM1-0007")
    assert known == {calibration.key_id(DEVELOPMENT_KEY): DEVELOPMENT_KEY}
    assert GIVEN.hex() not in repr(StationKeys(GIVEN)) and repr(GIVEN) not in repr(StationKeys(GIVEN))
