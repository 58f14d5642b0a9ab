"""What a module meets in its data partition, and a program that hangs: it answers, or is started anew in the dark."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from dermis.core import partitions, vocabulary
from dermis_host import Module
from dermis_host.auditing.fetching import fetch
from dermis_host.building import littlefs_image
from dermis_host.errors import HostError, RequestFailed
from dermis_hw.twin.flash import Flash

from tests.twin.flashed import write_parts
from tests.twin.quick_record import quick_record

HANGING = f"{Path(__file__).parent / 'firmware'}:hanging"
DATA = partitions.partition("data")
BALLAST = DATA.size - 64 * 1024  # room for the audit log, and for no record


def unmountable() -> bytes:
    """It was a file system once: not ours to format."""
    data = bytearray(b"\x5a" * (3 * partitions.BLOCK_SIZE))
    for block in (0, 1):
        at = block * partitions.BLOCK_SIZE + 8
        data[at : at + 8] = b"littlefs"
    return bytes(data)


def test_a_data_partition_that_cannot_be_mounted_is_said_and_left_alone(make_twin, tmp_path):
    write_parts(tmp_path / "broken", {"data": unmountable()})
    twin = make_twin("broken")
    with Module(twin.url) as module:
        identity = module.identity()
        assert identity.state == "field", "what it was cannot be told"
        verdict = module.verify()
        assert (verdict.verdict, verdict.reasons) == (vocabulary.NO_DECISION, [vocabulary.NOT_CALIBRATED])
        assert "storage" in {check["name"] for check in module.selftest().checks if not check["ok"]}
        with pytest.raises(HostError):
            module.store_calibration(quick_record(identity))
    twin.stop()
    chip = Flash(tmp_path / "broken/flash.bin")
    assert chip.read(DATA.offset, len(unmountable())) == unmountable(), "somebody may still want to look at it"
    chip.close()


def test_a_full_data_partition_takes_no_record_and_keeps_the_module(make_twin, tmp_path):
    files = {PurePosixPath("ballast"): bytes(BALLAST)}
    write_parts(tmp_path / "full", {"data": littlefs_image.of_size(files, DATA.size)})
    twin = make_twin("full")
    with Module(twin.url) as module:
        with pytest.raises(RequestFailed, match="full"):
            module.store_calibration(quick_record(module.identity()))
        assert module.verify().reasons == [vocabulary.NOT_CALIBRATED]
        assert "storage" in {check["name"] for check in module.selftest().checks if not check["ok"]}
        assert twin.status()["boots"] == 1


def test_a_program_that_hangs_is_reset_by_the_watchdog_with_every_light_dark(make_twin):
    """In real time: the one-shot ends the light long before the watchdog ends the program."""
    twin = make_twin(entry=HANGING, virtual_time=False)
    with Module(twin.url) as module:
        module.echo("before")
        with pytest.raises(HostError, match="restarted"):
            module.echo("hang")
        lights = twin.lights()
        assert not lights["any_on"] and twin.status()["boots"] == 2
        pulse = lights["lights"]["850"]
        assert pulse["dark_us"] - pulse["lit_us"] == 150_000
        module.echo("after")
        starts = [line for line in fetch(module, module.identity().serial).entries() if line.event == "boot"]
        assert [line.fields["cause"] for line in starts] == ["power_on", "watchdog"]
