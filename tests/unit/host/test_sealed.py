"""Sealed recordings: they open with their key and with no other, whole and unaltered only, and show nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from dermis_host import recording
from dermis_host.access import sealed
from dermis_host.access.keyring import FILE, Keyring
from dermis_host.access.sealed import SealedError, Secrets
from dermis_host.errors import RecordingError, UsageError

WORDS = "four words and more"
COST = sealed.SCRYPT_N * sealed.SCRYPT_R * 128  # by the definition of scrypt
TAKEN = Path(__file__).parents[2] / "recordings" / "empty.npz"


@pytest.fixture(scope="module")
def ring(tmp_path_factory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("rings") / "ring")


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch):
    # The cost of a passphrase is what the format says; tests of everything else need not pay it.
    monkeypatch.setattr(sealed, "SCRYPT_N", 1 << 4)
    monkeypatch.delenv("DERMIS_KEYRING", raising=False)


def test_what_was_sealed_opens_with_its_secret_only(ring, tmp_path):
    other = Keyring.create(tmp_path / "other")
    data = os.urandom(1000)
    for right, wrong in (
        (Secrets(ring), Secrets(other)),
        (Secrets(passphrase=WORDS), Secrets(passphrase=WORDS + ".")),
        (Secrets(passphrase=WORDS), Secrets(ring)),
        (Secrets(ring), Secrets(passphrase=WORDS)),
    ):
        closed = right.seal(data, "DM1-0007")
        assert right.open(closed, "it") == data and data[:16] not in closed
        with pytest.raises(SealedError, match="it "):
            wrong.open(closed, "it")
    both = Secrets(ring, WORDS)
    assert both.open(Secrets(ring).seal(data, "DM1-1"), "it") == both.open(both.seal(data, "DM1-1"), "it") == data


def test_the_format_is_the_one_of_its_page(ring):
    """docs/formats/sealed.md, spelled out once more."""
    serial, salt, nonce, data = "DM1-0007", bytes(range(16)), bytes(range(12)), b"frames"
    master = bytes.fromhex(json.loads((ring.path / FILE).read_text())["masters"]["frames"])
    of_the_module = hmac.new(master, b"dermis/frames/" + serial.encode(), hashlib.sha256).digest()
    by_keyring = hmac.new(of_the_module, b"dermis-sealed-1\0" + salt, hashlib.sha256).digest()
    by_phrase = hashlib.scrypt(WORDS.encode(), salt=salt, n=sealed.SCRYPT_N, r=8, p=1, dklen=32)
    for kind, key in ((1, by_keyring), (2, by_phrase)):
        head = b"DERMSEAL" + bytes((1, kind)) + salt + nonce + bytes((len(serial),)) + serial.encode()
        closed = head + AESGCM(key).encrypt(nonce, data, head)
        assert Secrets(ring, WORDS).open(closed, "it") == data
        assert len(Secrets(ring, WORDS if kind == 2 else "").seal(data, serial)) == len(closed)


def test_each_file_has_a_key_of_its_own(ring):
    closed = [Secrets(ring).seal(bytes(64), "DM1-0007") for _ in range(3)]
    fixed = len(sealed.MAGIC) + 2
    assert len({data[fixed : fixed + sealed.SALT_BYTES] for data in closed}) == 3
    assert len({data[-64:] for data in closed}) == 3


def test_no_byte_can_be_changed_or_left_out(ring):
    one = Secrets(ring, WORDS)
    for closed in (Secrets(ring).seal(b"frames", "DM1-0007"), Secrets(passphrase=WORDS).seal(b"frames", "DM1-0007")):
        for at in range(len(closed)):
            with pytest.raises(SealedError):
                one.open(closed[:at] + bytes((closed[at] ^ 1,)) + closed[at + 1 :], "it")
            with pytest.raises(SealedError):
                one.open(closed[:at], "it")
        with pytest.raises(SealedError):
            one.open(closed + b"\0", "it")


def test_a_file_cannot_be_passed_off_as_another_modules(ring):
    closed = Secrets(ring).seal(b"frames", "DM1-0007")
    with pytest.raises(SealedError):
        Secrets(ring).open(closed.replace(b"DM1-0007", b"DM1-0008"), "it")


def test_a_passphrase_costs_and_has_a_length():
    assert COST >= 1 << 27  # bytes that each trial takes
    with pytest.raises(UsageError, match="too short"):
        Secrets(passphrase="x" * (sealed.SHORTEST_PASSPHRASE - 1)).seal(b"", "DM1-1")
    with pytest.raises(UsageError, match="--keyring"):
        Secrets().seal(b"", "DM1-1")
    assert WORDS not in repr(Secrets(passphrase=WORDS))


def test_a_passphrase_from_a_file(tmp_path):
    file = tmp_path / "words"
    file.write_text(f" {WORDS} \nsecond line\n")
    assert sealed.passphrase_of(file) == WORDS
    for data, word in ((b"", "empty"), (b" \n", "empty"), (b"\xff\xfe\xfd", "no text")):
        file.write_bytes(data)
        with pytest.raises(UsageError, match=word):
            sealed.passphrase_of(file)
    with pytest.raises(UsageError, match="cannot be read"):
        sealed.passphrase_of(tmp_path / "none")


def test_a_recording_sealed_is_the_same_recording(ring, tmp_path, monkeypatch):
    taken = recording.load(TAKEN)
    path = tmp_path / "burst.npz"
    taken.save(path, Secrets(ring))
    assert sealed.file_is_sealed(path) and not path.read_bytes().count(b"PK\x03\x04")
    again = recording.load(path, Secrets(ring))
    assert again.meta == taken.meta and again.module == taken.module and again.calibration == taken.calibration
    assert all(np.array_equal(again.frames[name], pixels) for name, pixels in taken.frames.items())
    with pytest.raises(RecordingError, match="--keyring"):
        recording.load(path)
    monkeypatch.setenv("DERMIS_KEYRING", str(ring.path))
    assert recording.load(path).meta == taken.meta
    monkeypatch.setenv("DERMIS_KEYRING", str(tmp_path / "none"))
    with pytest.raises(RecordingError, match="no keyring"):
        recording.load(path)


def test_what_opens_but_is_no_recording(ring, tmp_path):
    path = tmp_path / "burst.npz"
    path.write_bytes(Secrets(ring).seal(b"frames", "DM1-0007"))
    with pytest.raises(RecordingError, match="damaged or no recording"):
        recording.load(path, Secrets(ring))


def test_a_recording_that_cannot_be_sealed_is_not_written(tmp_path):
    with pytest.raises(UsageError, match="--keyring"):
        recording.load(TAKEN).save(tmp_path / "burst.npz", Secrets())
    assert not list(tmp_path.iterdir())
