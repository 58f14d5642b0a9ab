"""Counters, settings and files by others' unmodified tools; the audit log through cuts of power and a restart."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dermis_host import Module, cli
from dermis_host.access.keyring import Keyring
from dermis_host.auditing import bound
from dermis_host.auditing import export as exports
from dermis_host.auditing.fetching import fetch
from dermis_host.errors import AccessDenied, HostError
from dermis_hw.twin import Twin
from smpclient import SMPClient
from smpclient.generics import error, success
from smpclient.requests.file_management import FileHashChecksum, FileStatus, SupportedFileHashChecksumTypes
from smpclient.requests.settings_management import (
    CommitSettings,
    DeleteSetting,
    LoadSettings,
    ReadSetting,
    SaveSettings,
    WriteSetting,
)
from smpclient.requests.statistics_management import GroupData, ListOfGroups
from smpclient.transport.serial import SMPSerialTransport

from tests.twin.conftest import wait_for

CUTS = 3


@pytest.fixture(scope="module")
def twin(make_shared_twin, tmp_path_factory) -> Twin:
    """A twin that is also on a pseudo-terminal."""
    made = make_shared_twin(pty=tmp_path_factory.mktemp("pty") / "module")
    wait_for(lambda: made.status()["said_hello"], "the firmware to start")
    return made


def smpmgr(twin: Twin, *arguments: str) -> str:
    path = shutil.which("smpmgr") or shutil.which(str(Path(sys.executable).parent / "smpmgr"))
    if not path:
        pytest.skip("smpmgr is not installed; `make setup` installs it from Python 3.11 on")
    command = [path, "--port", twin.status()["pty"], *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_smpclient_reads_and_changes(twin):
    data = random.Random(1).randbytes(9000)

    async def talk() -> None:
        async with SMPClient(SMPSerialTransport(), twin.status()["pty"], timeout_s=5) as client:

            async def ask(request):
                answer = await client.request(request)
                assert success(answer), answer
                return answer

            async def refused(request) -> str:
                answer = await client.request(request)
                assert error(answer), answer
                return answer.rsn or ""

            groups = (await ask(ListOfGroups())).stat_list
            assert groups == ("link", "verdicts", "storage", "update", "heap")
            for group in groups:
                assert (await ask(GroupData(name=group))).fields
            assert "there are: link" in await refused(GroupData(name="nothing"))

            assert (await ask(ReadSetting(name="profile"))).val == b"border"
            await ask(WriteSetting(name="profile", val=b"payment"))
            await ask(CommitSettings())
            await ask(SaveSettings())
            await ask(LoadSettings())
            assert (await ask(ReadSetting(name="profile"))).val == b"payment"
            await ask(DeleteSetting(name="profile"))
            assert (await ask(ReadSetting(name="profile"))).val == b"border"
            assert "there is no profile" in await refused(WriteSetting(name="profile", val=b"lax"))

            async for _ in client.upload_file(data, "notes.bin"):
                pass
            assert await client.download_file("notes.bin") == data
            assert (await ask(FileStatus(name="notes.bin"))).len == len(data)
            assert (await ask(FileHashChecksum(name="notes.bin"))).output == hashlib.sha256(data).digest()
            assert (await ask(SupportedFileHashChecksumTypes())).types["sha256"].size == 32
            for name in ("../keys", "/data/keys", "..", ""):
                assert "no folder" in await refused(FileStatus(name=name))

    asyncio.run(talk())


def test_smpmgr_reads_and_changes(twin, tmp_path):
    assert "free_bytes" in smpmgr(twin, "statistics", "fetch-all")
    here = tmp_path / "here.bin"
    here.write_bytes(random.Random(2).randbytes(5000))
    smpmgr(twin, "file", "upload", str(here), "route.bin")
    with Module(twin.url) as module:
        assert module.read_file("route.bin") == here.read_bytes()


def test_the_log_outlives_cuts_of_power(twin):
    with Module(twin.url) as module:
        serial = module.identity().serial
        export = fetch(module, serial)
        assert exports.check(export).holds
        draw = random.Random(5)
        for number in range(CUTS):
            twin.fault("power_cut", after=draw.randint(1, 12), torn=draw.randint(0, 4096))
            boots = twin.status()["boots"]
            try:
                for count in range(6):
                    module.setting_write("name", f"door {number} {count}".encode())
            except HostError:
                pass  # the power went, as it should
            twin.fault("clear")
            export = fetch(module, serial, export)
            assert exports.check(export).holds, exports.check(export)
            assert twin.status()["boots"] > boots
        events = [line.event for line in export.entries()]
        assert events.count("boot") > CUTS and "audit_damaged" not in events and "setting_changed" in events


def test_a_module_has_room_for_a_burst_after_all_of_these(twin):
    """Handlers and tables that are loaded when they are first asked for stay, and a burst needs its room."""
    with Module(twin.url) as module:
        for group in module.statistics_list():
            module.statistics(group)
        module.write_file("notes.bin", bytes(20_000))
        assert module.read_file("notes.bin") == bytes(20_000)
        module.setting_write("name", b"door 7")
        fetch(module, module.identity().serial)
        assert module.burst().frames


def test_a_module_in_the_field_binds_its_verdicts_and_tells_what_happened(make_twin, tmp_path, capsys):
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "update.pem").write_bytes(public.public_bytes(serialization.Encoding.PEM, form))
    ring = Keyring.create(tmp_path / "ring", update_keys=[tmp_path / "update.pem"])
    other = Keyring.create(tmp_path / "other")
    with_ring = ["--keyring", str(ring.path)]
    twin = make_twin()
    with Module(twin.url) as module:
        module.setting_write("profile", b"turnstile")
    assert cli.main(["provision", "-p", twin.url, *with_ring, "--to", "field", "--yes"]) == 0
    with Module(twin.url) as module:  # whoever holds the port
        for forbidden in (
            lambda: module.setting_write("profile", b"attendance"),
            lambda: module.setting_delete("profile"),
            lambda: module.write_file("a", b"x"),
            lambda: module.read_file("a"),
        ):
            with pytest.raises(AccessDenied):
                forbidden()
        nonce, transaction = b"n" * 32, b"passage 7"
        verdict = module.verify(nonce=nonce, transaction=transaction)
        serial = module.identity().serial
        assert verdict.profile == "turnstile"
        assert bound.check(verdict, serial, ring, nonce=nonce, transaction=transaction).holds
        assert not bound.check(verdict, serial, other, nonce=nonce, transaction=transaction).holds
    with Module(twin.url, keyring=ring) as module:
        module.setting_write("profile", b"border")
        module.write_file("a", b"x")
    capsys.readouterr()
    export = tmp_path / "log.jsonl"
    assert cli.main(["audit", "-p", twin.url, *with_ring, "-o", str(export), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signed"] == "keyring"
    events = [entry["event"] for entry in told["entries"]]
    order = ["setting_changed", "provisioned", "state_changed", "setting_changed", "file_stored"]
    assert [event for event in events if event in order] == order and "session_opened" in events
    laxer = [entry["fields"]["laxer"] for entry in told["entries"] if entry["event"] == "setting_changed"]
    assert laxer == [True, False]
    assert cli.main(["audit", "--verify", str(export), *with_ring]) == 0
    assert cli.main(["audit", "--verify", str(export), "--keyring", str(other.path)]) == 1
    secrets = [ring.role_key(serial, role).hex() for role in ("installer", "bench", "service")]
    assert not [secret for secret in [*secrets, ring.verdict_key(serial).hex()] if secret in export.read_text()]
    with_other = ["--keyring", str(other.path)]
    assert cli.main(["verify", "-p", twin.url, *with_other, "--transaction", "7"]) == 1
    assert cli.main(["verify", "-p", twin.url, *with_ring, "--transaction", "7"]) == 11  # not calibrated
    assert "the MAC holds" in capsys.readouterr().out
