"""What a start on the fake ESP32-S3 does before the firmware: emitters dark, a slot chosen and mounted, a watchdog."""

from __future__ import annotations

import json
import sys

import pytest
from dermis_hw import boards

from tests.fakes.esp32s3 import Chip, installed
from tests.fakes.esp32s3.flash import Flash

HANDOVER = "dermis_handover"


@pytest.fixture
def boot_partition(tmp_path, monkeypatch):
    (tmp_path / "hardware.json").write_bytes(boards.hardware_json("esp32s3"))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop(HANDOVER, None)


@pytest.fixture
def chip():
    chip = Chip()
    chip.flash = Flash()
    with installed(chip):
        yield chip


@pytest.fixture
def image(built) -> bytes:
    """Which board it is for is the updater's and the flasher's to check; the first stage asks whether it is whole."""
    return built.image.read_bytes()


def prepared():
    from dermis.first_stage import start

    return start.prepare()


def test_every_pin_that_lights_something_is_dark_before_anything_else(chip, boot_partition):
    from dermis.boot import darken

    pins = boards.board_file("esp32s3")["pins"]
    for name in ("light_pulse", "light_current", "swir_pulse"):
        chip.pin(pins[name]).mode, chip.pin(pins[name]).latch = "out", 1  # as somebody left them
    darken(str(boot_partition / "hardware.json"))
    for name in ("light_pulse", "light_current", "swir_pulse"):
        assert (chip.pin(pins[name]).mode, chip.level(pins[name])) == ("out", 0), name


@pytest.mark.parametrize("slot", [0, 1])
def test_the_slot_that_holds_an_image_is_mounted(chip, boot_partition, image, slot):
    chip.flash.data[f"slot{slot}"][: len(image)] = image
    chip.reset_state.start("brown_out")
    assert prepared() == ["/app", ".frozen"]
    mounted, readonly = chip.flash.mounts["/app"]
    assert readonly and "board.json" in mounted.lfs.listdir("/")
    assert "/data" not in chip.flash.mounts, "the firmware mounts it anew"
    assert chip.reset_state.limit_ms == 60_000
    left = sys.modules[HANDOVER]
    assert left["slot"] == slot and left["board"] == "esp32s3" and left["cause"] == "power_on"  # type: ignore[index]


def test_a_start_after_a_reset_that_was_asked_for_says_so_to_the_firmware(chip, boot_partition, image):
    chip.flash.data["slot0"][: len(image)] = image
    from dermis.drivers.clock.esp32s3 import S3Clock
    from dermis.drivers.system.esp32s3 import S3System

    with pytest.raises(SystemExit):
        S3System(S3Clock()).reset()
    chip.reset_state.start("reset")
    prepared()
    assert S3System(S3Clock()).reset_cause() == "software"
    chip.reset_state.start("panic")
    sys.modules.pop(HANDOVER)
    assert S3System(S3Clock()).reset_cause() == "crash"


def test_a_data_partition_that_fails_stops_no_start(chip, boot_partition, image, capsys):
    chip.flash.data["slot1"][: len(image)] = image
    chip.flash.missing.add("data")
    assert prepared() == ["/app", ".frozen"]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"no_boot_state", "boot_state_not_stored"} <= {line["event"] for line in said}


@pytest.mark.parametrize("what", ["empty", "broken", "missing"])
def test_nothing_to_start_is_said_again_and_again(chip, boot_partition, capsys, monkeypatch, what):
    if what == "broken":
        chip.flash.broken = True
    elif what == "missing":
        chip.flash.missing |= {"slot0", "slot1"}
    from dermis.first_stage import start

    class Enough(Exception):
        pass

    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            raise Enough

    monkeypatch.setattr(start.time, "sleep", sleep)
    with pytest.raises(Enough):
        start.prepare()
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in said].count("nothing_to_start") == 2
    assert "dermis flash" in said[-1]["remedy"]
