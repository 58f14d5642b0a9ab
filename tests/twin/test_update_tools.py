"""Uploads by smpclient, unmodified, into a module that runs from sources. (smpmgr: tests/hil/clients.)"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from dermis.core import partitions
from dermis_host.building import signing
from dermis_hw.twin import Twin
from smpclient import SMPClient
from smpclient.generics import error, success
from smpclient.requests.image_management import ImageErase, ImageStatesRead, ImageStatesWrite
from smpclient.transport.serial import SMPSerialTransport

from tests.twin.conftest import wait_for

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import update_cut_images  # type: ignore[import-not-found]

SMALL, LARGE = "0.2.0", "0.4.0"
BREAK_AT = 66_000  # beyond the first note that the module makes of an upload


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """A folder with one small image a version."""
    folder = tmp_path_factory.mktemp("images")
    update_cut_images.write(folder)
    return folder


@pytest.fixture(scope="module")
def twin(make_shared_twin, tmp_path_factory) -> Twin:
    """A twin that is also on a pseudo-terminal, `port`."""
    made = make_shared_twin(pty=tmp_path_factory.mktemp("pty") / "module")
    wait_for(lambda: made.status()["said_hello"], "the firmware to start")
    return made


def _slot1(twin: Twin, length: int) -> bytes:
    chip = twin.state_dir / "flash.bin"
    with open(chip, "rb") as file:
        file.seek(partitions.partition("slot1").offset)
        return bytes(255 - byte for byte in file.read(length))  # the file holds the complement


def _port(twin: Twin) -> str:
    return twin.status()["pty"]


def test_smpclient_uploads_loses_the_link_and_goes_on(twin, images):
    data = (images / LARGE).read_bytes()

    async def talk() -> tuple[int, list[int]]:
        reached = 0
        async with SMPClient(SMPSerialTransport(), _port(twin)) as client:
            async for reached in client.upload(data):
                if reached > BREAK_AT:
                    break
        twin.reset()
        wait_for(lambda: twin.status()["said_hello"], "the firmware to start anew")
        async with SMPClient(SMPSerialTransport(), _port(twin)) as client:
            return reached, [offset async for offset in client.upload(data)]

    reached, offsets = asyncio.run(talk())
    assert 65536 - partitions.BLOCK_SIZE < offsets[0] <= reached, "it began anew"
    assert offsets[-1] == len(data)
    wait_for(lambda: _slot1(twin, len(data)) == data, "the image to be checked and sealed")


def test_smpclient_is_told_why_an_image_cannot_be_tried(twin, images):
    data = (images / SMALL).read_bytes()

    async def talk():
        async with SMPClient(SMPSerialTransport(), _port(twin)) as client:
            async for _ in client.upload(data[:-1]):
                pass
            wanted = signing.file_image(data).hash
            refused = await client.request(ImageStatesWrite(hash=wanted), timeout_s=10)
            states = await client.request(ImageStatesRead(), timeout_s=10)
            erased = await client.request(ImageErase(slot=1), timeout_s=10)
            return refused, states, erased

    refused, states, erased = asyncio.run(talk())
    assert error(refused) and "flash the module" in (refused.rsn or "")  # type: ignore[union-attr]
    assert success(states) and states.images == [] and success(erased)
    assert _slot1(twin, 32) == b"\xff" * 32
