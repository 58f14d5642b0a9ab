"""Bound verdicts on the host: what a terminal may act on, and every way in which one is not that."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from dermis.core import access, binding
from dermis_host.access.keyring import Keyring
from dermis_host.answers import Verdict
from dermis_host.auditing import bound
from dermis_host.auditing.export import DEVELOPMENT, KEYRING, UNCHECKED, WRONG
from dermis_host.cli import main
from fake_module import FakeModule

SERIAL = "DM1-0007"
NONCE, TRANSACTION = b"n" * 32, b"passage 7"
NOW = 1_800_000_000


def verdict(key: bytes, **changes: Any) -> Verdict:
    """A verdict as the module answers it, under its MAC."""
    said: dict[str, Any] = {
        "verdict": "bona_fide",
        "reasons": [],
        "score": 9000,
        "bursts": 2,
        "evidence": {},
        "stages_us": {},
        "profile": "border",
        "nonce": NONCE,
        "firmware": "0.1.0",
        "model_hash": "aa",
        "calibration": "bb",
    }
    tied = {
        "serial": SERIAL,
        "transaction": TRANSACTION,
        "time": NOW,
        "uptime_ms": 5000,
        "expires_s": 30,
        "box": [1, 2, 3, 4],
        "distance_mm": 450,
    }
    for name, value in changes.items():
        (said if name in said else tied)[name] = value
    tied["mac"] = binding.mac(key, {**said, **tied})
    return Verdict(**said, bound=tied)


@pytest.fixture
def keyring(tmp_path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


def checked(found: Verdict, keyring: Keyring | None, now: float | None = NOW, **asked: Any) -> bound.Bound:
    return bound.check(found, SERIAL, keyring, **{"nonce": NONCE, "transaction": TRANSACTION, "now": now, **asked})


def test_a_verdict_of_this_module_and_passage_holds(keyring):
    outcome = checked(verdict(keyring.verdict_key(SERIAL)), keyring)
    assert outcome.holds and outcome.signed == KEYRING and not outcome.problems + outcome.remarks


def test_every_change_on_the_way_is_found(keyring):
    sound = verdict(keyring.verdict_key(SERIAL))
    for name, value in {
        "verdict": "attack",
        "reasons": ["flat"],
        "score": 1,
        "profile": "turnstile",
        "firmware": "9",
        "model_hash": "cc",
        "calibration": "",
        "nonce": b"m" * 32,
    }.items():
        outcome = checked(dataclasses.replace(sound, **{name: value}), keyring)
        assert outcome.signed == WRONG and not outcome.holds and outcome.problems, name
    for name, value in {
        "serial": "DM1-0008",
        "transaction": b"other",
        "time": NOW + 1,
        "uptime_ms": 1,
        "expires_s": 300,
        "box": [],
        "distance_mm": 1,
        "mac": bytes(32),
    }.items():
        outcome = checked(dataclasses.replace(sound, bound={**sound.bound, name: value}), keyring)
        assert outcome.signed == WRONG and not outcome.holds, name
    for missing in sound.bound:
        left = {name: value for name, value in sound.bound.items() if name != missing}
        assert not checked(dataclasses.replace(sound, bound=left), keyring).holds, missing
    for mac in (b"", b"short", None, "text", 1 << 62):
        assert not checked(dataclasses.replace(sound, bound={**sound.bound, "mac": mac}), keyring).holds


def test_what_is_acted_on_is_what_was_signed(keyring):
    """Whoever sits on the wire may put what was signed beside what is shown."""
    attack = verdict(keyring.verdict_key(SERIAL), verdict="attack", reasons=["flat"], score=1, nonce=NONCE)
    for shown in ({"verdict": "bona_fide"}, {"reasons": []}, {"score": 9000}):
        signed = {name: getattr(attack, name) for name in shown}
        outcome = checked(dataclasses.replace(attack, bound={**attack.bound, **signed}, **shown), keyring)
        assert outcome.signed == WRONG and not outcome.holds, shown
    old = verdict(keyring.verdict_key(SERIAL), nonce=b"old")
    assert not checked(dataclasses.replace(old, nonce=b"old", bound={**old.bound, "nonce": NONCE}), keyring).holds


def test_a_verdict_of_before_or_of_elsewhere_is_refused(keyring):
    key = keyring.verdict_key(SERIAL)
    for changes in ({"nonce": b"old"}, {"transaction": b"old"}, {"serial": "DM1-0008"}):
        outcome = checked(verdict(key, **changes), keyring)
        assert outcome.signed == KEYRING and "another passage" in outcome.problems[0] and not outcome.holds


def test_a_verdict_expires(keyring):
    found = verdict(keyring.verdict_key(SERIAL))
    assert checked(found, keyring, NOW + 30).holds
    for late in (NOW + 31, NOW - 31):
        outcome = checked(found, keyring, late)
        assert "ask for a new one" in outcome.problems[0] and not outcome.holds
    outcome = checked(found, keyring, None)  # as it comes: the nonce says that it is fresh
    assert outcome.holds and "clock differs" in outcome.remarks[0]
    outcome = checked(verdict(keyring.verdict_key(SERIAL), time=0), keyring)
    assert outcome.holds and "never set" in outcome.remarks[0]
    for changes in ({"time": 0}, {"time": NOW - 31}):  # without a nonce nothing shows that it came this moment
        asked = verdict(keyring.verdict_key(SERIAL), nonce=b"", **changes)
        assert not checked(asked, keyring, None, nonce=b"").holds


def test_keys_that_everybody_knows_prove_nothing(keyring):
    key = access.derived_key(access.DEVELOPMENT_KEY, access.VERDICT, SERIAL)
    outcome = checked(verdict(key), keyring)
    assert outcome.signed == DEVELOPMENT and not outcome.holds and "provision" in outcome.problems[0]
    assert checked(verdict(key), None).signed == DEVELOPMENT and not checked(verdict(key), None).holds
    assert checked(verdict(b"k" * 32), None).signed == UNCHECKED
    assert "without a nonce" in checked(verdict(key, nonce=b""), None, nonce=b"").remarks[0]


def test_the_command_checks_and_a_forged_verdict_is_no_success(keyring, tmp_path, capsys):
    key = keyring.verdict_key(SERIAL)

    def answering(forged: bool):
        def handler(fields: dict) -> dict:
            found = verdict(key, nonce=fields["nonce"], transaction=fields.get("transaction", b""))
            answer = {row.name: getattr(found, row.name) for row in dataclasses.fields(found)}
            return {**answer, "verdict": "bona_fide", "score": 9001 if forged else answer["score"]}

        return handler

    command = ["verify", "--keyring", str(tmp_path / "keys"), "--transaction", "door 7"]
    with FakeModule(verify=answering(False)) as fake:
        assert main([*command, "-p", fake.url]) == 0
    assert "the MAC holds" in capsys.readouterr().out
    with FakeModule(verify=answering(True)) as fake:
        assert main([*command, "-p", fake.url]) == 1
    assert "changed on the way" in capsys.readouterr().err
    with FakeModule(verify=answering(False)) as fake:
        assert main(["verify", "--nonce", "00", "-p", fake.url]) == 0
    assert "name the fleet's --keyring" in capsys.readouterr().out
    assert main(["verify", "--transaction", "x" * 33, "-p", "x"]) == 2
