"""`dermis provision`, `dermis info --posture` and `dermis capture` of a locked module; and that no key is shown."""

from __future__ import annotations

import argparse
import json
import re

import calibration_records
import pytest
from dermis.core import access, calibration, posture, release
from dermis_host import arguments, cli, recording
from dermis_host.access import posture_words, provisioning, sealed
from dermis_host.access.keyring import FILE, Keyring
from dermis_host.access.provisioning import ForeignModule
from dermis_host.building import signing
from dermis_host.calibration import record_file
from dermis_host.errors import AccessDenied, HostError, Impostor, RecordingError, RequestFailed, UsageError
from dermis_host.module import Module
from dermis_host.station import causes, settings
from fake_module import FakeModule
from locked_module import SERIAL, LockedModule
from test_keyring import pem_of


@pytest.fixture
def run(capsys, monkeypatch):
    """`run(word...)`: (exit code, stdout, stderr) of the command."""
    monkeypatch.delenv("DERMIS_KEYRING", raising=False)
    monkeypatch.delenv("DERMIS_PORT", raising=False)

    def command(*words: object) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err and "a fault of these tools" not in captured.err
        return code, captured.out, captured.err

    return command


@pytest.fixture
def ring(tmp_path) -> Keyring:
    pem_of(tmp_path / "update.pem")
    return Keyring.create(tmp_path / "ring", fleet="harbour", update_keys=[tmp_path / "update.pem"])


def test_words_for_every_name_of_posture():
    assert set(posture_words.OPENABLE) == set(posture.OPENABLE)
    assert set(posture_words.DEFAULTS) == set(posture.DEFAULTS)
    assert set(posture_words.UNVERIFIABLE) == set(posture.UNVERIFIABLE)
    assert "update them" in posture_words.words(posture_words.DEFAULTS, "of_tomorrow")


@pytest.mark.parametrize(("age", "word"), [(-1, "unknown"), (0, "0 days"), (365, "365 days"), (366, "stale")])
def test_age_of_a_release(age, word):
    told = posture_words.release_words({"version": "1.2.3", "released": "2026-11-22", "age_days": age})
    assert word in told and "1.2.3" in told and ("stale" in told) == (age > 365)


def test_a_module_is_provisioned_once_and_goes_into_the_field(run, ring):
    device = LockedModule()
    with device.open() as fake:
        code, out, _ = run("provision", "-p", fake.url, "--keyring", ring.path, "--to", "field", "--yes", "--json")
    told = json.loads(out)
    assert code == 0 and told["given"] and told["posture"]["state"] == "field" and told["fleet"] == "harbour"
    assert device.state == "field" and device.keys.update() == list(ring.update_keys)
    for role in access.ROLES:
        assert device.keys.role(role) == ring.role_key(SERIAL, role)
    assert device.keys.verdict() == ring.verdict_key(SERIAL) and device.keys.osdp() == ring.osdp_key(SERIAL)
    assert list(device.keys.station().values()) == [ring.station_key(SERIAL)]
    assert sum("session_opened" in line for line in device.noted) == len(access.ROLES)
    with device.open() as fake:
        code, out, _ = run("provision", "-p", fake.url, "--keyring", ring.path)
    assert code == 0 and "already" in out and "provision" not in fake.asked
    for state in ("service", "field"):
        with device.open() as fake:
            assert run("provision", "-p", fake.url, "--keyring", ring.path, "--to", state)[0] == 0
        assert device.state == state


def test_from_the_bench_to_service_in_one_command(run, ring):
    device = LockedModule()
    with device.open() as fake:
        assert run("provision", "-p", fake.url, "--keyring", ring.path, "--to", "service", "--yes")[0] == 0
    assert device.state == "service"


def test_nothing_is_given_without_a_yes(run, ring):
    device = LockedModule()
    with device.open() as fake:
        code, _, err = run("provision", "-p", fake.url, "--keyring", ring.path)
    assert code == 2 and "--yes" in err and not device.keys.provisioned
    with device.open() as fake:
        run("provision", "-p", fake.url, "--keyring", ring.path, "--yes")
    with device.open() as fake:
        code, _, err = run("provision", "-p", fake.url, "--keyring", ring.path, "--to", "field")
    assert code == 2 and "erasing" in err and device.state == "bench"


def test_another_fleets_module_is_told(run, ring, tmp_path):
    device = LockedModule()
    with device.open() as fake:
        run("provision", "-p", fake.url, "--keyring", ring.path, "--yes")
    pem_of(tmp_path / "other.pem")
    foreign = Keyring.create(tmp_path / "foreign", update_keys=[tmp_path / "other.pem"])
    with device.open() as fake:
        code, _, err = run("provision", "-p", fake.url, "--keyring", foreign.path, "--to", "field", "--yes")
    assert code == 1 and "another keyring" in err and device.state == "bench"
    with device.open() as fake, Module(fake.url) as module, pytest.raises(HostError, match="wrong proofs") as refused:
        provisioning.prove(module, ring)  # it waits first, and that is no sign of a foreign module
    assert not isinstance(refused.value, ForeignModule)


def test_a_module_outside_its_bench_state_takes_none(run, ring):
    device = LockedModule("field")
    device.keys.refuse("the module's keys are damaged; erase the data partition with the flasher")
    with device.open() as fake:
        code, _, err = run("provision", "-p", fake.url, "--keyring", ring.path, "--yes")
    assert code == 1 and "damaged" in err and "provision" not in fake.asked


def test_records_are_signed_anew_or_dropped_but_never_by_the_way(run, ring, tmp_path):
    made = {slot: calibration_records.record(operator=slot) for slot in ("factory", "previous", "user")}

    def calibrated() -> LockedModule:
        device = LockedModule()
        device.slots, device.in_force = dict(made), "factory"
        return device

    device = calibrated()
    with device.open() as fake:
        code, _, err = run("provision", "-p", fake.url, "--keyring", ring.path, "--yes")
    assert code == 2 and "--sign-records" in err and "--drop-records" in err and not device.keys.provisioned
    with device.open() as fake:
        words = ("--sign-records", tmp_path / "kept", "--yes")
        code, out, _ = run("provision", "-p", fake.url, "--keyring", ring.path, *words)
    assert code == 0 and "factory, previous, user" in out and device.in_force == "factory"
    keys = {calibration.key_id(ring.station_key(SERIAL)): ring.station_key(SERIAL)}
    for slot, before in made.items():
        after = device.slots[slot]
        calibration.decode(after, keys)
        assert after == (tmp_path / "kept" / f"{slot}.cal").read_bytes()
        assert record_file.parse(after, keys, slot).fields == record_file.parse(before, {}, slot).fields
    device = calibrated()
    with device.open() as fake:
        assert run("provision", "-p", fake.url, "--keyring", ring.path, "--drop-records", "--yes")[0] == 0
    assert not device.slots


def test_a_record_of_unknown_origin_is_not_vouched_for(run, ring, tmp_path):
    device = LockedModule()
    device.slots, device.in_force = {"user": calibration_records.record(key=bytes(range(32)))}, "user"
    with device.open() as fake:
        words = ("--sign-records", tmp_path / "kept", "--yes")
        code, _, err = run("provision", "-p", fake.url, "--keyring", ring.path, *words)
    assert code == 1 and "cannot be signed anew" in err and not device.keys.provisioned


def test_a_new_keyring_for_the_module_at_hand(run, tmp_path, monkeypatch):
    pem_of(tmp_path / "update.pem")
    words = ("provision", "--new-keyring", "--update-key", tmp_path / "update.pem", "--yes", "--keyring")
    device = LockedModule()
    with device.open() as fake:
        assert run(*words, tmp_path / "a", "-p", fake.url)[0] == 0
        assert device.keys.station() and "provision" in fake.asked
    monkeypatch.setenv("DERMIS_PORT", "rfc2217://127.0.0.1:1")
    assert run(*words, tmp_path / "b")[0] == 0
    assert run(*words, tmp_path / "c", "--to", "field")[0] == 1  # nobody is there


def test_a_new_keyring(run, tmp_path):
    key = pem_of(tmp_path / "update.pem", private=True)
    new = ("provision", "--new-keyring", "--keyring", tmp_path / "ring")
    assert run("provision")[0] == 2 and run("provision", "--keyring", tmp_path / "ring", "-p", "x")[0] == 2
    code, _, err = run(*new)
    assert code == 2 and "--update-key" in err and not (tmp_path / "ring").exists()
    code, out, _ = run(*new, "--fleet", "harbour", "--update-key", tmp_path / "update.pem", "--json")
    assert code == 0 and json.loads(out)["update_keys"] == [key.hex()]
    code, _, err = run(*new, "--update-key", tmp_path / "update.pem")
    assert code == 2 and "not empty" in err
    code, _, err = run("provision", "--keyring", tmp_path / "ring", "-p", "x", "--update-key", tmp_path / "update.pem")
    assert code == 2 and "--new-keyring" in err


def test_what_a_keyring_lacks_is_said_before_a_module_is_touched(run, ring, tmp_path):
    ring.part(tmp_path / "part", ["installer", "bench"])
    code, _, err = run("provision", "-p", "x", "--keyring", tmp_path / "part", "--yes")
    assert code == 2 and "service, verdict, station, osdp" in err
    Keyring.create(tmp_path / "keyless")
    code, _, err = run("provision", "-p", "x", "--keyring", tmp_path / "keyless", "--yes")
    assert code == 2 and "no update key" in err
    for lines, word in (('keyring = "part"\n', "verdict"), ("", "names no keyring")):
        file = tmp_path / "station.toml"
        file.write_text(f'id = "line"\ntwin = "twin"\nprovision = true\n{lines}')
        with pytest.raises(UsageError, match=word):
            settings.load(file)


@pytest.mark.parametrize(
    ("problem", "name", "against"),
    [
        (AccessDenied("burst", 11, "no"), "no_session", False),
        (RequestFailed("burst", 1, "no"), "refused_by_module", True),
        (ForeignModule("others"), "foreign_keys", False),
        (Impostor("nobody"), "foreign_keys", False),
    ],
)
def test_what_a_key_lacks_is_not_the_modules_fault(problem, name, against):
    assert causes.named(problem)[0] == name and causes.counts_against_module(problem) == against


def test_a_keyring_is_handed_out_in_part(run, ring, tmp_path):
    words = ("provision", "--keyring", ring.path, "--hand-out", tmp_path / "part")
    assert run(*words)[0] == 2
    code, out, _ = run(*words, "--uses", "installer,station", "--json")
    assert code == 0 and json.loads(out)["uses"] == ["installer", "station"]
    part = Keyring.load(tmp_path / "part")
    assert part.station_key(SERIAL) == ring.station_key(SERIAL) and not part.has("bench")
    code, _, err = run(*words, "--uses", "gate")
    assert code == 2 and "gate" in err


def test_the_development_key_is_no_update_key_unless_it_is_asked_for(run, tmp_path):
    signing.development_key(tmp_path)
    (pem,) = tmp_path.glob("*.pem")
    words = ("provision", "--new-keyring", "--update-key", pem)
    code, _, err = run(*words, "--keyring", tmp_path / "a")
    assert code == 2 and "everybody can sign" in err and not (tmp_path / "a").exists()
    assert run(*words, "--keyring", tmp_path / "b", "--allow-development-key")[0] == 0
    assert Keyring.load(tmp_path / "b").update_keys == (release.DEVELOPMENT_PUBLIC_KEY,)


def test_posture_for_people_and_for_programs(run):
    with LockedModule("field").open() as fake:
        code, out, _ = run("info", "-p", fake.url, "--posture")
    assert code == 0
    for part in ("field", "verdicts, evidence", "frames of bursts", "secure-boot.md", "3 days ago"):
        assert part in out
    with LockedModule().open() as fake:
        told = json.loads(run("info", "-p", fake.url, "--posture", "--json")[1])
    assert told["state"] == "bench" and told["defaults"] == list(posture.DEFAULTS)
    assert {"what": "locked", "words": "nothing"} not in told["words"]  # the prompt of this fake
    old = {**LockedModule().posture(), "release": {"version": "0.1.0", "released": "2026-11-22", "age_days": 400}}
    with LockedModule().open(posture=lambda _: old) as fake:
        code, out, err = run("info", "-p", fake.url, "--json")
    assert code == 0 and json.loads(out)["release_age_days"] == 400 and "stale" in err


def test_frames_of_the_field_are_kept_sealed(run, ring, tmp_path):
    device = LockedModule()
    with device.open() as fake:
        run("provision", "-p", fake.url, "--keyring", ring.path, "--to", "field", "--yes")
    path, words = tmp_path / "burst.npz", tmp_path / "words"
    words.write_text("short\n")
    for more, said in (((), "--keyring"), (("--keyring", ring.path, "--sheet", tmp_path / "s.png"), "sealed")):
        with device.open() as fake:
            code, _, err = run("capture", "-p", fake.url, "-o", path, *more)
        assert code == 2 and said in err and "burst" not in fake.asked and not path.exists()
    with device.open() as fake:
        code, _, err = run("capture", "-p", fake.url, "-o", path, "--keyring", ring.path, "--passphrase", words)
    assert code == 2 and "too short" in err and "burst" not in fake.asked
    with device.open() as fake:
        code, out, _ = run("capture", "-p", fake.url, "-o", path, "--keyring", ring.path, "--json")
    assert code == 0 and json.loads(out)["sealed"] and path.read_bytes().startswith(b"DERMSEAL")
    assert [file.name for file in tmp_path.glob("burst*")] == ["burst.npz"]
    code, _, err = run("replay", path)
    assert code == 2 and "--keyring" in err


def test_a_passphrase_is_asked_for_or_read_and_never_an_argument(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sealed, "SCRYPT_N", 1 << 4)
    path, words, phrase = tmp_path / "burst.npz", tmp_path / "words", "correct horse battery"
    with FakeModule() as fake:
        code, _, err = run("capture", "-p", fake.url, "-o", path, "--seal", "--passphrase")
    assert code == 2 and "--passphrase FILE" in err and not path.exists()  # there is no terminal
    words.write_text(phrase + "\n")
    with FakeModule() as fake:
        code, out, err = run("capture", "-p", fake.url, "-o", path, "--seal", "--passphrase", words)
    assert code == 0 and "sealed" in out and phrase not in out + err
    assert [file.name for file in tmp_path.glob("burst*")] == ["burst.npz"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for said, loads in ((phrase, True), ("another phrase at all", False)):
        monkeypatch.setattr("getpass.getpass", lambda *_, answer=said: answer)
        code, _, err = run("replay", path, "--passphrase", "--model", tmp_path / "none.tflite")
        assert code == 2 and "no model" in err
        under = arguments.secrets_of(argparse.Namespace(keyring=None, passphrase=arguments.ASK))
        if loads:
            assert recording.load(path, under).frames
        else:
            with pytest.raises(RecordingError, match="does not open"):
                recording.load(path, under)
    monkeypatch.setattr("getpass.getpass", lambda *_: "")
    with pytest.raises(UsageError, match="empty"):
        arguments.secrets_of(argparse.Namespace(keyring=None, passphrase=arguments.ASK))


def test_a_field_that_is_no_key_is_told_without_its_value(ring):
    with FakeModule() as fake, Module(fake.url) as module, pytest.raises(ValueError) as refused:
        module.provision(
            installer=ring.role_key(SERIAL, "installer").hex(),  # type: ignore[arg-type]
            **dict.fromkeys(("bench", "service", "verdict"), bytes(32)),
            station=[],
            update=[],
        )
    assert "installer" in str(refused.value) and ring.role_key(SERIAL, "installer").hex()[:8] not in str(refused.value)


def test_session_words():
    told = {"role": "bench", "failed": 2, "locked_ms": 1500, "repl": True, "frames_ms": 200}
    assert posture_words.session_words(told) == (
        "role bench, 2 wrong proofs in a row, closed to proofs for 2 s, the prompt is open, frames are open for 1 s"
    )
    assert posture_words.session_words({}) == "none open"


def test_no_key_is_ever_shown(run, ring, tmp_path, monkeypatch):
    monkeypatch.setenv("DERMIS_DEBUG", "1")
    secret = [bytes.fromhex(text) for text in json.loads((ring.path / FILE).read_text())["masters"].values()]
    secret += [ring.key(use, SERIAL) for use in (*access.ROLES, "verdict", "station", "osdp", "frames")]
    said = ""
    device = LockedModule()
    with device.open() as fake:
        said += "".join(run("provision", "-p", fake.url, "--keyring", ring.path, "--to", "field", "--yes", "-v")[1:])
    with device.open() as fake:
        said += "".join(run("capture", "-p", fake.url, "-o", tmp_path / "b.npz", "--keyring", ring.path, "-v")[1:])
    with device.open(datetime_write=lambda _: {"rc": 1, "rsn": "no"}) as fake, Module(fake.url, keyring=ring) as module:
        with pytest.raises(HostError) as failed:
            module.datetime_write("2027-01-01T00:00:00")
        said += str(failed.value) + repr(module.keyring)
    said += "".join(device.noted)
    shown = re.sub(r"\\x", "", said.lower())
    assert len(said) > 1000
    for key in secret:
        assert key.hex() not in shown and key.hex()[:16] not in shown and repr(key) not in said
