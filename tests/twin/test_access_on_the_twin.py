"""A module from the bench into the field and into service, by the command, on the twin; its frames sealed."""

from __future__ import annotations

import json

import pytest
from dermis_host import Module, RequestFailed, cli, recording
from dermis_host.access.keyring import Keyring
from dermis_host.access.sealed import Secrets
from dermis_host.building import signing
from dermis_host.errors import AccessDenied


@pytest.fixture
def ring(tmp_path) -> Keyring:
    signing.new_key(tmp_path / "update.pem")
    return Keyring.create(tmp_path / "ring", fleet="harbour", update_keys=[tmp_path / "update.pem"])


@pytest.fixture
def dermis(capsys, monkeypatch, ring):
    """`dermis(word...)`: (exit code, the JSON object, stderr) of the command with that keyring."""
    monkeypatch.setenv("DERMIS_KEYRING", str(ring.path))

    def command(*words: object) -> tuple[int, dict, str]:
        code = cli.main([*(str(word) for word in words), "--json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out), captured.err

    return command


def test_from_the_bench_into_the_field_and_into_service(make_twin, dermis, ring, tmp_path):
    twin = make_twin()
    code, told, _ = dermis("provision", "-p", twin.url, "--to", "field", "--yes")
    assert code == 0 and told["given"] and (told["posture"]["state"], told["fleet"]) == ("field", "harbour")
    assert "prompt" in told["posture"]["locked"] and not told["posture"]["defaults"]

    with Module(twin.url) as module:  # whoever holds the port
        module.reset()
        assert module.identity().state == "field" and module.posture().provisioned
        for forbidden in (module.burst, module.repl_open, lambda: module.state_change("service")):
            with pytest.raises(AccessDenied, match="--keyring"):
                forbidden()
        with pytest.raises(RequestFailed, match="provision"):
            keys = [bytes([at] * 32) for at in range(1, 6)]
            module.provision(
                installer=keys[0],
                bench=keys[1],
                service=keys[2],
                verdict=keys[3],
                station=keys[4:],
                update=list(ring.update_keys),
            )
        assert module.selftest().checks

    path = tmp_path / "burst.npz"
    code, told, _ = dermis("capture", "-p", twin.url, "-o", path)
    assert code == 0 and told["sealed"] and recording.load(path, Secrets(ring)).frames
    code, told, _ = dermis("replay", path)
    assert told["results"][0]["verdict"] == "no_decision"  # it is not calibrated

    code, told, _ = dermis("provision", "-p", twin.url, "--to", "service")
    assert code == 0 and not told["given"] and told["posture"]["state"] == "service"
    with Module(twin.url, keyring=ring) as module:
        module.datetime_write("2027-01-01T00:00:00")
        assert module.posture().sessions["role"] == "installer"
        assert module.repl_open() and "prompt" in module.posture().open
    with Module(twin.url) as module:
        assert module.posture().sessions["role"] == ""  # it ended with the link


def test_another_keyring_opens_nothing(make_twin, dermis, tmp_path, ring):
    twin = make_twin()
    assert dermis("provision", "-p", twin.url, "--to", "field", "--yes")[0] == 0
    foreign = Keyring.create(tmp_path / "foreign")
    with Module(twin.url, keyring=foreign) as module, pytest.raises(AccessDenied, match="proof is wrong"):
        module.datetime_write("2027-01-01T00:00:00")
    with Module(twin.url) as module:
        sessions = module.posture().sessions
        assert sessions["failed"] == 1 and not sessions["role"]
