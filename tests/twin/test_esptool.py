"""Unmodified esptool, as a process, against the twin's ROM loader.

What needs the reset circuit goes over RFC 2217. There pyserial's client sleeps at each change of a timeout, so that one
command takes ten seconds and a write a minute: two run side by side while the others go over the pseudo-terminal. The
same commands over RFC 2217 are timed by `python -m tests.bench esptool`.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dermis_hw.twin import Twin
from dermis_hw.twin.chip import mac_of
from dermis_hw.twin.flash import SECTOR, Flash

from tests.twin.conftest import wait_for
from tests.twin.flashed import boot_partition, runtime, write_parts

SLOT, SLOT_WORD = 0x440000, "0x440000"
FIRMWARE = random.Random(4).randbytes(60_000) + b"compressible" * 1000
CUT = 40_000  # bytes of the host before the cable is out: in the middle of the firmware
LIMIT_S = 60


def _esptool(port: str, *words: str) -> list[str]:
    path = shutil.which(str(Path(sys.executable).parent / "esptool")) or shutil.which("esptool")
    if not path:
        pytest.skip("esptool is not installed; `make setup` installs it")
    return [path, "--port", port, *words]


def _written(twin: Twin, offset: int, length: int) -> bytes:
    """What lies in the flash of a twin, running or not."""
    chip = Flash(twin.state_dir / "flash.bin")
    data = chip.read(offset, length)
    chip.close()
    return data


@pytest.fixture(scope="module")
def firmware(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("files") / "firmware.bin"
    path.write_bytes(FIRMWARE)
    return path


class Aside:
    """Commands over RFC 2217, each to a twin of its own, all at once."""

    def __init__(self, make_twin: Callable[..., Twin], flashed: Path):
        self.twins = {
            "reset": make_twin(str(flashed), virtual_time=False),
            "no_loader": make_twin("no_loader", blank=True, virtual_time=False),
        }
        self.twins["no_loader"].fault("no_loader")
        words = {"reset": ("read-mac",), "no_loader": ("--connect-attempts", "1", "read-mac")}
        self._processes = {
            name: subprocess.Popen(
                _esptool(twin.url, "--chip", "esp32s3", *words[name]),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for name, twin in self.twins.items()
        }

    def result(self, name: str) -> tuple[int, str]:
        """Waits for that one: exit code, what it said."""
        said, _ = self._processes[name].communicate(timeout=LIMIT_S)
        return self._processes[name].returncode, said

    def end(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module", autouse=True)
def aside(make_shared_twin, tmp_path_factory) -> Iterator[Aside]:
    """Started before the first test of this file, asked by its last ones."""
    flashed = tmp_path_factory.mktemp("flashed")
    write_parts(flashed, {"runtime": runtime(), "boot": boot_partition({"main.py": "print('up')\n"})})
    running = Aside(make_shared_twin, flashed)
    yield running
    running.end()


class Loader:
    """A blank twin in its loader, and esptool on its pseudo-terminal."""

    def __init__(self, twin: Twin, port: Path):
        self.twin = twin
        self.port = port
        # esptool's own settings: what does not answer here will not answer the seventh time.
        settings = port.with_name("esptool.cfg")
        settings.write_text("[esptool]\nconnect_attempts = 1\n")
        self._environment = os.environ | {"ESPTOOL_CFGFILE": str(settings)}
        twin.enter_loader()

    def run(self, *words: str, chip: str = "esp32s3", stub: bool = True) -> tuple[int, str]:
        """Exit code, and what esptool said."""
        after = ("--after", "no-reset-stub") if stub else ("--after", "no-reset", "--no-stub")
        command = _esptool(str(self.port), "--chip", chip, "--before", "no-reset", *after, *words)
        ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=self._environment)
        return ended.returncode, ended.stdout + ended.stderr

    def said(self, *words: str, **options: Any) -> str:
        """What it said, where it must succeed."""
        code, said = self.run(*words, **options)
        assert code == 0, said
        return said


@pytest.fixture(scope="module")
def loader(make_shared_twin, tmp_path_factory) -> Loader:
    port = tmp_path_factory.mktemp("loader") / "port"
    return Loader(make_shared_twin("loader", blank=True, virtual_time=False, pty=port), port)


@pytest.fixture
def fresh(loader) -> Iterator[Loader]:
    """The same, newly in its loader, without a stub and without faults."""
    loader.twin.fault("clear")
    loader.twin.enter_loader()
    yield loader
    loader.twin.fault("clear")
    loader.twin.enter_loader()


@pytest.mark.parametrize("chip", ["esp32s3", "auto"])
def test_the_chip_says_who_it_is(fresh, chip):
    said = fresh.said("chip-id", chip=chip)
    assert "Connected to ESP32-S3" in said and "revision v0.2" in said and "Stub flasher running" in said


def test_each_module_has_an_address_of_its_own(loader):
    mac = ":".join(f"{byte:02x}" for byte in mac_of("DM1-0000"))
    assert f"MAC:                {mac}" in loader.said("read-mac")
    assert mac_of("DM1-0001") != mac_of("DM1-0000") and mac_of("DM1-0001")[0] & 0x03 == 0x02


def test_the_flash_says_how_large_it_is(loader):
    said = loader.said("flash-id")
    assert "Detected flash size: 16MB" in said and "Manufacturer: ef" in said


def test_nothing_is_locked(loader):
    assert "Secure Boot: Disabled" in loader.said("get-security-info")


def test_what_is_written_lies_in_the_flash_and_is_erased(loader, firmware):
    """By sectors, and no other byte changes. (That esptool reads back what it wrote: tests/hil/clients.)"""
    assert "Hash of data verified" in loader.said("write-flash", SLOT_WORD, str(firmware))
    assert _written(loader.twin, SLOT, len(FIRMWARE)) == FIRMWARE
    loader.said("erase-region", hex(SLOT + SECTOR), hex(SECTOR))
    kept = _written(loader.twin, SLOT, 3 * SECTOR)
    assert kept == FIRMWARE[:SECTOR] + b"\xff" * SECTOR + FIRMWARE[2 * SECTOR : 3 * SECTOR]
    loader.said("erase-flash")
    assert _written(loader.twin, 0, 1 << 24) == b"\xff" * (1 << 24)


def test_what_is_not_compressed_is_written_too(loader, firmware):
    assert "Hash of data verified" in loader.said("write-flash", "--no-compress", SLOT_WORD, str(firmware))
    assert _written(loader.twin, SLOT, len(FIRMWARE)) == FIRMWARE


def test_the_rom_alone_writes_and_reads_too(fresh, firmware, tmp_path):
    small, back = tmp_path / "small.bin", tmp_path / "back.bin"
    small.write_bytes(FIRMWARE[:SECTOR])
    fresh.said("write-flash", SLOT_WORD, str(small), stub=False)
    fresh.said("read-flash", SLOT_WORD, hex(SECTOR), str(back), stub=False)
    assert back.read_bytes() == FIRMWARE[:SECTOR] == _written(fresh.twin, SLOT, SECTOR)


def test_another_chip_is_found_out(fresh):
    fresh.twin.fault("wrong_chip", chip="esp32c3")
    fresh.twin.enter_loader()
    code, said = fresh.run("chip-id")
    assert code != 0 and "This chip is ESP32-C3, not ESP32-S3" in said
    assert "Connected to ESP32-C3" in fresh.said("read-mac", chip="auto")


def test_a_small_flash_is_found_out(fresh, firmware):
    fresh.twin.fault("small_flash", megabytes=4)
    assert "Detected flash size: 4MB" in fresh.said("flash-id")
    before = _written(fresh.twin, 0, 1 << 24)
    code, said = fresh.run("write-flash", SLOT_WORD, str(firmware))
    assert code != 0 and "will not fit in 4194304 bytes of flash" in said
    assert _written(fresh.twin, 0, 1 << 24) == before


def test_a_cut_of_power_in_a_write_ends_the_loader(fresh, firmware):
    fresh.twin.fault("power_cut", after=5, torn=100)
    code, said = fresh.run("write-flash", SLOT_WORD, str(firmware))
    assert code != 0, said
    wait_for(lambda: fresh.twin.status()["state"] == "empty", "the blank chip to start again")
    assert _written(fresh.twin, SLOT, len(FIRMWARE)) != FIRMWARE
    fresh.twin.enter_loader()
    assert "Hash of data verified" in fresh.said("write-flash", SLOT_WORD, str(firmware))


def test_a_cable_pulled_in_a_write_leaves_a_part_and_a_chip_that_can_be_flashed(fresh, firmware):
    fresh.said("erase-flash")
    fresh.twin.fault("cable_pulled", after=CUT)
    code, said = fresh.run("write-flash", SLOT_WORD, str(firmware))
    assert code != 0 and "Hash of data verified" not in said
    found = _written(fresh.twin, SLOT, len(FIRMWARE))
    assert found[: 2 * SECTOR] == FIRMWARE[: 2 * SECTOR] and found[-SECTOR:] == b"\xff" * SECTOR, "not in the middle"
    wait_for(lambda: fresh.twin.status()["state"] == "empty", "power again")
    assert "cable_pulled" not in fresh.twin.status()["faults"]
    fresh.twin.enter_loader()
    assert "Hash of data verified" in fresh.said("write-flash", SLOT_WORD, str(firmware))


def test_over_the_network_the_lines_choose_loader_and_firmware(aside):
    code, said = aside.result("reset")
    assert code == 0 and "Hard resetting via RTS pin" in said, said
    twin = aside.twins["reset"]
    status = wait_for(lambda: (now := twin.status())["state"] == "running" and now, "the firmware to start again")
    assert status["from_flash"] and status["boots"] == 2


def test_a_chip_that_does_not_enter_its_loader_shows_its_boot_mode(aside):
    code, said = aside.result("no_loader")
    assert code != 0 and "Wrong boot mode detected (0x8)" in said, said
    assert aside.twins["no_loader"].status()["state"] == "empty"
