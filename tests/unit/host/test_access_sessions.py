"""Sessions as the host opens them, against the device's own: the least role, both proofs, refusals, expiry."""

from __future__ import annotations

import pytest
from dermis.app import rights
from dermis.core import access, messages
from dermis.core.errors import RC_ACCESS_DENIED
from dermis_host import Module, RequestFailed
from dermis_host.access.keyring import Keyring
from dermis_host.access.sessions import ROLES_WITH
from dermis_host.errors import AccessDenied, Impostor
from fake_module import Refused
from locked_module import SERIAL, LockedModule


@pytest.fixture(scope="module")
def ring(tmp_path_factory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("rings") / "ring")


@pytest.fixture
def device(ring) -> LockedModule:
    """In the field, with keys of that keyring."""
    made = LockedModule("field")
    keys = {role: ring.role_key(SERIAL, role) for role in access.ROLES}
    made.keys._held = {
        **keys,
        "verdict": ring.verdict_key(SERIAL),
        "station": [],
        "update": [],
        "osdp": b"",
        "fleet": "",
    }
    return made


def test_roles_are_those_of_the_device():
    assert {right: list(roles) for right, roles in ROLES_WITH.items()} == {
        right: rights.roles_with(right) for right in rights.RIGHTS if rights.roles_with(right)
    }
    for roles in ROLES_WITH.values():  # the least first
        assert sorted(roles, key=lambda role: len(rights.BY_ROLE[role])) == list(roles)


def test_a_session_is_opened_when_it_is_needed_and_ended(ring, device):
    with device.open() as fake, Module(fake.url, keyring=ring) as module:
        module.identity()
        assert "session_open" not in fake.asked
        module.datetime_write("2027-01-01T00:00:00")
        module.datetime_write("2027-01-01T00:00:01")
        assert [role for name, role in device.asked if name == "datetime_write"] == ["installer"] * 2
        assert fake.asked.count("session_prove") == 1 and device.sessions.role() == "installer"
    assert device.sessions.role() == "" and "session_close" in fake.asked


def test_no_session_is_opened_on_the_bench(ring):
    device = LockedModule("bench")
    with device.open() as fake, Module(fake.url, keyring=ring) as module:
        module.datetime_write("2027-01-01T00:00:00")
        module.capture()
    assert not {"session_open", "frames_allow", "session_close"} & set(fake.asked)


def test_frames_need_the_bench_role_which_then_stays(ring, device):
    with device.open() as fake, Module(fake.url, keyring=ring) as module:
        module.datetime_write("2027-01-01T00:00:00")
        assert module.capture().frames
        module.datetime_write("2027-01-01T00:00:01")
        assert [role for name, role in device.asked if name == "datetime_write"] == ["installer", "bench"]
        assert fake.asked.count("session_prove") == 2 and fake.asked.count("frames_allow") == 1
        module.repl_open()
        assert device.sessions.role() == "service"


def test_a_session_that_ended_is_opened_again(ring, device):
    with device.open() as fake, Module(fake.url, keyring=ring) as module:
        burst = module.burst()
        for away_ms in (61_000, 1000):
            device.clock.ms += away_ms
            if away_ms == 1000:
                device.sessions.allow_frames(0)
            assert module.burst_part(burst.id, "dots").data
        assert fake.asked.count("session_prove") == 3 and fake.asked.count("frames_allow") == 3


def test_without_a_keyring_the_remedy_is_said(device):
    with device.open() as fake, Module(fake.url) as module:
        with pytest.raises(
            AccessDenied, match=r"needs the right setup; name the fleet's keyring with --keyring"
        ) as caught:
            module.datetime_write("2027-01-01T00:00:00")
        assert caught.value.code == 11 and "session_open" not in fake.asked


def test_a_keyring_without_the_role(ring, device, tmp_path):
    part = ring.part(tmp_path / "part", ["installer"])
    with device.open() as fake, Module(fake.url, keyring=part) as module:
        module.datetime_write("2027-01-01T00:00:00")
        with pytest.raises(AccessDenied, match="role bench or service"):
            module.burst()
        with pytest.raises(AccessDenied, match="role service"):
            module.state_change("service")
        assert fake.asked.count("session_prove") == 1
    higher = ring.part(tmp_path / "higher", ["service"])
    with device.open() as fake, Module(fake.url, keyring=higher) as module:
        module.datetime_write("2027-01-01T00:00:00")
        assert device.asked[-1] == ("datetime_write", "service")


def test_a_foreign_keyring_is_refused_and_waits(device, tmp_path):
    foreign = Keyring.create(tmp_path / "foreign")
    with device.open() as fake, Module(fake.url, keyring=foreign) as module:
        with pytest.raises(AccessDenied, match="proof is wrong"):
            module.datetime_write("2027-01-01T00:00:00")
        with pytest.raises(AccessDenied, match="ask again in") as caught:
            module.datetime_write("2027-01-01T00:00:00")
        assert caught.value.name == "busy"
    assert "datetime_write" not in [name for name, _ in device.asked]


def test_an_impostor_gets_nothing(ring, device):
    def prove(_):
        device.sessions._role = "installer"  # it lets everybody in, to hear what they have to say
        return {"proof": bytes(32), "expires_ms": 1, "idle_ms": 1}

    with device.open(session_prove=prove) as fake, Module(fake.url, keyring=ring) as module:
        with pytest.raises(Impostor, match=SERIAL):
            module.datetime_write("2027-01-01T00:00:00")
        assert fake.asked.count("datetime_write") == 1  # the one that was refused


def test_an_answer_that_is_no_challenge(ring, device):
    for challenge in (b"", bytes(31), bytes(33)):
        answer = {"challenge": challenge, "serial": SERIAL}
        with (
            device.open(session_open=lambda _, answer=answer: answer) as fake,
            Module(fake.url, keyring=ring) as module,
        ):
            with pytest.raises(Impostor, match="challenge"):
                module.datetime_write("2027-01-01T00:00:00")
            assert "session_prove" not in fake.asked


def test_another_refusal_opens_no_session(ring, device):

    with device.open() as fake, Module(fake.url, keyring=ring) as module:
        with pytest.raises(RequestFailed, match="right provision"):
            module.provision(
                **dict.fromkeys(("installer", "bench", "service", "verdict"), bytes(32)), station=[], update=[]
            )
        assert "session_open" not in fake.asked
    assert messages.by_name("provision").right not in ROLES_WITH


def test_a_request_that_needs_more_than_its_message_climbs(ring, device, tmp_path):
    def owners_only(_):
        if device.sessions.role() != "service":
            raise Refused(RC_ACCESS_DENIED, "this one is the owner's")
        return {}

    with device.open(datetime_write=owners_only, echo=owners_only) as fake, Module(fake.url, keyring=ring) as module:
        module.datetime_write("2027-01-01T00:00:00")
        assert fake.asked.count("session_prove") == 3
        module.datetime_write("2027-01-01T00:00:00")
        assert fake.asked.count("session_prove") == 3  # and stays there
    part = ring.part(tmp_path / "part", ["installer", "bench"])
    with device.open(echo=owners_only) as fake, Module(fake.url, keyring=part) as module:
        with pytest.raises(AccessDenied, match="owner's"):
            module.echo("a message without a right of its own")
        assert fake.asked.count("session_prove") == 2


def test_closing_a_link_that_has_gone_is_quiet(ring, device):
    lines: list[str] = []
    with device.open() as fake:
        module = Module(fake.url, keyring=ring, on_log=lines.append)
        module.datetime_write("2027-01-01T00:00:00")
    module.close()
    assert any("not ended in order" in line for line in lines)
