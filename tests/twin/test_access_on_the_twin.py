"""A flashed module is given keys and put into the field; then somebody with a cable comes, and then its owner."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dermis.core import access, posture
from dermis_host import Module, RequestFailed
from dermis_host.access import provisioning
from dermis_host.access.keyring import Keyring
from dermis_host.access.sessions import Sessions
from dermis_host.errors import AccessDenied, HostError

from tests.twin.conftest import console, wait_for


@pytest.fixture
def keyring(tmp_path) -> Keyring:
    pem = tmp_path / "update.pem"
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem.write_bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return Keyring.create(tmp_path / "ring", fleet="gates", update_keys=[pem])


def mpremote(url: str, *arguments: str) -> subprocess.CompletedProcess:
    tool = str(Path(sys.executable).parent / "mpremote")
    return subprocess.run([tool, "connect", url, *arguments], capture_output=True, text=True, timeout=60)


def test_a_module_in_the_field_before_a_stranger_and_before_its_owner(make_flashed_twin, keyring):
    twin = make_flashed_twin(virtual_time=False)
    with Module(twin.url) as module:
        assert set(module.posture().defaults) == set(posture.DEFAULTS)
        provisioning.give_keys(module, keyring)
        after = provisioning.change_state(module, "field")
    assert (after.state, after.provisioned, after.defaults) == ("field", True, []) and after.faults == []

    # A stranger: Ctrl-C through a whole start.
    with console(twin) as port:
        boots = twin.status()["boots"]
        twin.reset()
        wait_for(lambda: port.write(b"\x03\r\x03") and twin.status()["said_hello"], "the firmware under Ctrl-C", 30)
        time.sleep(0.3)  # the silence after which Ctrl-C asks for the prompt
        port.write(b"\r\x03")
        assert b">>>" not in port.read(1 << 16)
    with Module(twin.url) as module:
        assert module.identity().state == "field" and module.verify().verdict
        for forbidden in (
            lambda: module.datetime_write("2026-11-22T12:00:00"),
            lambda: module.burst(("850",)),
            module.repl_open,
            lambda: module.state_change("service"),
        ):
            with pytest.raises(AccessDenied):
                forbidden()
        with pytest.raises(HostError, match="bench state"):
            provisioning.give_keys(module, keyring)
        role_key = access.derived_key(access.DEVELOPMENT_KEY, "service", module.identity().serial)
        asked = module.session_open("service")
        proof = access.host_proof(role_key, asked.challenge, bytes(32), "service", asked.serial)
        with pytest.raises(RequestFailed, match="proof"):
            module.session_prove(bytes(32), proof)
    assert twin.status()["boots"] == boots + 1

    # Its owner.
    with Module(twin.url, keyring=keyring) as module:
        wait_for(lambda: not module.posture().sessions["locked_ms"], "the wait after a wrong proof")
        module.datetime_write("2026-11-22T12:00:00")
        module.capture(("850",))
        assert module.posture().sessions["role"] == "bench"
    with Module(twin.url) as module:
        assert module.posture().sessions["role"] == ""
        Sessions(module.exchange, keyring).open("service")
        module.repl_open()
    made = mpremote(twin.url, "resume", "exec", "print(6 * 7)")
    assert made.stdout.strip() == "42", made.stdout + made.stderr
    mpremote(twin.url, "reset")
    wait_for(lambda: twin.status()["said_hello"], "the firmware to start again")
    with Module(twin.url) as module:
        assert module.identity().state == "field" and posture.PROMPT in module.posture().locked
