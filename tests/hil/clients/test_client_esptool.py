"""esptool at a module: who it is, what lies in its flash, and a region written, checked, read back and erased.

On a twin it goes over the pseudo-terminal, to a loader that was entered beforehand: over RFC 2217 pyserial's client
makes ten seconds of each command. What a loader does when it is disturbed: tests/twin/test_esptool.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from dermis.core import partitions
from dermis_host.rig import Rig

from tests.hil.clients import tools
from tests.hil.clients.conftest import tty_of

SIZE = 0x20000  # of the region: at the end of the slot that does not run, behind any image
DATA = random.Random(5).randbytes(40_000) + b"compressible" * 2000


class Loader:
    """esptool at a module's loader. place: an address at which it may write."""

    def __init__(self, rig: Rig):
        with rig.module() as module:
            (free,) = {"slot0", "slot1"} - {
                f"slot{image['slot']}" for image in module.image_state().images if image["active"]
            }
        self.place = partitions.partition(free).offset + partitions.partition(free).size - SIZE
        port = rig.port if rig.twin is None else tty_of(rig)
        self._words = ("--chip", "esp32s3", "--port", port, "--connect-attempts", "2")
        if rig.twin is not None:  # a pseudo-terminal has no modem lines
            rig.twin.enter_loader()
            self._words += ("--before", "no-reset", "--after", "no-reset-stub")

    def run(self, *words: object) -> tools.Said:
        return tools.run("esptool", *self._words, *words)

    def told(self, *words: object) -> str:
        said = self.run(*words)
        assert said.code == 0, said
        return said.text


@pytest.fixture(scope="module")
def loader(rig: Rig) -> Iterator[Loader]:
    """The module in its loader; its firmware runs again afterwards."""
    yield Loader(rig)
    if rig.twin is not None:
        rig.twin.reset()
    rig.wait_for_module()


@pytest.mark.needs("flash")
def test_the_chip_and_its_flash_say_what_they_are(loader):
    said = loader.told("chip-id")
    assert "Connected to ESP32-S3" in said and "Stub flasher running" in said
    assert "Detected flash size: 16MB" in loader.told("flash-id")


@pytest.mark.needs("flash")
def test_a_region_is_written_checked_read_back_and_erased(loader, tmp_path: Path):
    data, back, place = tmp_path / "data.bin", tmp_path / "back.bin", hex(loader.place)
    data.write_bytes(DATA)
    assert "Hash of data verified" in loader.told("write-flash", place, data)
    assert "Verification successful" in loader.told("verify-flash", place, data)
    loader.told("read-flash", place, len(DATA), back)
    assert back.read_bytes() == DATA
    loader.told("erase-region", place, hex(SIZE))
    loader.told("read-flash", place, len(DATA), back)
    assert back.read_bytes() == b"\xff" * len(DATA)
    said = loader.run("verify-flash", place, data)
    assert said.code != 0 and "Verification failed" in said.text


@pytest.mark.needs("flash")
def test_the_firmware_is_as_it_was(rig, loader):
    if rig.twin is not None:
        rig.twin.reset()
    rig.wait_for_module()
    with rig.module() as module:
        assert module.echo("back") == "back"


def test_a_port_that_is_not_there(nowhere: Path):
    said = tools.run("esptool", "--chip", "esp32s3", "--port", nowhere, "chip-id")
    assert said.code != 0 and f"Could not open {nowhere}, the port is busy or doesn't exist" in said.text


def test_a_port_that_somebody_else_has(taken: str):
    said = tools.run("esptool", "--chip", "esp32s3", "--port", taken, "--connect-attempts", "1", "chip-id")
    assert said.code != 0 and f"Could not open {taken}, the port is busy or doesn't exist" in said.text, said
