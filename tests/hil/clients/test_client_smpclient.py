"""smpclient as a library: what a person writes from its documentation, with all of the standard groups' requests that
the module serves. (Uploads that lose their link: tests/twin/test_update_tools.py.)"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dermis.core import profiles, smp
from smpclient import SMPClient
from smpclient.generics import error, success
from smpclient.requests import (
    file_management,
    image_management,
    os_management,
    settings_management,
    statistics_management,
)
from smpclient.transport.serial import SMPSerialTransport

from tests.hil.clients.conftest import tty_of

ANSWER_S = 20.0


def talk(port: str, conversation: Callable[[SMPClient], Awaitable[Any]]) -> Any:
    """Opens the port, has that conversation, closes it."""

    async def run() -> Any:
        async with SMPClient(SMPSerialTransport(), port) as client:
            return await conversation(client)

    return asyncio.run(run())


async def answer(client: SMPClient, request: Any) -> Any:
    """What the module answered; it must not be an error."""
    response = await client.request(request, timeout_s=ANSWER_S)
    assert success(response), response
    return response


def test_the_os_group(tty):
    async def conversation(client):
        return [
            await answer(client, os_management.EchoWrite(d="hello")),
            await answer(client, os_management.MCUMgrParametersRead()),
            await answer(client, os_management.OSApplicationInfoRead(format="a")),
            await answer(client, os_management.DateTimeRead()),
        ]

    echo, parameters, info, clock = talk(tty, conversation)
    assert echo.r == "hello" and parameters.buf_size == smp.BUFFER_SIZE
    assert "Dermis" in info.output and "T" in clock.datetime


def test_statistics_and_images(tty):
    async def conversation(client):
        groups = (await answer(client, statistics_management.ListOfGroups())).stat_list
        data = [await answer(client, statistics_management.GroupData(name=name)) for name in groups]
        return groups, data, await answer(client, image_management.ImageStatesRead())

    groups, data, states = talk(tty, conversation)
    assert {"link", "verdicts", "storage", "update"} <= set(groups)
    assert [group.name for group in data] == list(groups)
    assert all(isinstance(value, int) for group in data for value in group.fields.values())
    assert [image.active for image in states.images].count(True) == 1


def test_settings_are_changed_kept_and_given_back(tty):
    name = "profile"

    async def conversation(client):
        before = (await answer(client, settings_management.ReadSetting(name=name))).val
        await answer(client, settings_management.WriteSetting(name=name, val=b"payment"))
        await answer(client, settings_management.SaveSettings())
        changed = (await answer(client, settings_management.ReadSetting(name=name))).val
        wrong = await client.request(settings_management.WriteSetting(name=name, val=b"cathedral"), timeout_s=ANSWER_S)
        await answer(client, settings_management.DeleteSetting(name=name))
        default = (await answer(client, settings_management.ReadSetting(name=name))).val
        if before != default:  # a board's owner may have chosen
            await answer(client, settings_management.WriteSetting(name=name, val=before))
            await answer(client, settings_management.SaveSettings())
        after = (await answer(client, settings_management.ReadSetting(name=name))).val
        return before, changed, wrong, default, after

    before, changed, wrong, default, after = talk(tty, conversation)
    assert changed == b"payment" and after == before
    assert profiles.by_name(default.decode())
    assert error(wrong) and "cathedral" in str(wrong.rsn), wrong


def test_a_file_goes_over_and_comes_back(tty):
    text = bytes(range(256)) * 20

    async def conversation(client):
        async for held in client.upload_file(text, "data.bin"):
            assert held <= len(text)
        status = await answer(client, file_management.FileStatus(name="data.bin"))
        types = await answer(client, file_management.SupportedFileHashChecksumTypes())
        hashed = await answer(client, file_management.FileHashChecksum(name="data.bin", type="sha256"))
        back = await client.download_file("data.bin")
        await answer(client, file_management.FileClose())
        return status.len, list(types.types), hashed.output, back

    length, types, digest, back = talk(tty, conversation)
    assert (length, types, back) == (len(text), ["sha256"], text)
    assert bytes(digest) == hashlib.sha256(text).digest()


def test_a_module_in_the_field_state_answers_with_the_reason(field):
    async def conversation(client):
        return [
            await client.request(os_management.DateTimeWrite(datetime="2027-01-01T00:00:00"), timeout_s=ANSWER_S),
            await client.request(image_management.ImageErase(slot=1), timeout_s=ANSWER_S),
            await client.request(file_management.FileStatus(name="data.bin"), timeout_s=ANSWER_S),
            await answer(client, os_management.EchoWrite(d="alive")),
        ]

    *refused, echo = talk(tty_of(field), conversation)
    assert all(error(each) for each in refused), refused
    assert all("session" in str(each.rsn) for each in refused), refused
    assert echo.r == "alive"


def test_a_port_that_is_not_there(nowhere):
    with pytest.raises(Exception, match="nothing"):
        talk(str(nowhere), lambda client: answer(client, os_management.EchoWrite(d="hello")))
