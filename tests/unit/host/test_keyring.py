"""Keyrings: made once, for their owner only, derived keys as the contract has them, and nothing secret shown."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from dermis_host.access import keyring
from dermis_host.access.keyring import Keyring
from dermis_host.errors import UsageError

PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem_of(path, *, private=False, curve=None, password=None):
    key = ec.generate_private_key(curve or ec.SECP256R1())
    if private:
        how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        path.write_bytes(key.private_bytes(PUBLIC[0], serialization.PrivateFormat.PKCS8, how))
    else:
        path.write_bytes(key.public_key().public_bytes(*PUBLIC))
    numbers = key.public_key().public_numbers()
    size = key.key_size // 8
    return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


def test_what_was_made_is_what_is_loaded(tmp_path):
    first, second = pem_of(tmp_path / "a.pem"), pem_of(tmp_path / "b.pem", private=True)
    made = Keyring.create(tmp_path / "ring", fleet="harbour", update_keys=[tmp_path / "a.pem", tmp_path / "b.pem"])
    loaded = Keyring.load(tmp_path / "ring")
    assert loaded == made and loaded.fleet == "harbour" and loaded.update_keys == (first, second)
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in (tmp_path / "ring").iterdir())
    assert Keyring.create(tmp_path / "other").verdict_key("DM1-1") != made.verdict_key("DM1-1")


def test_keys_are_derived_by_use_and_serial(tmp_path):
    made = Keyring.create(tmp_path / "ring")
    masters = json.loads((tmp_path / "ring" / keyring.FILE).read_text())["masters"]
    expected = hmac.new(bytes.fromhex(masters["service"]), b"dermis/service/DM1-0007", hashlib.sha256).digest()
    assert made.role_key("DM1-0007", "service") == expected
    derived = {made.key(use, serial) for use in keyring.USES for serial in ("DM1-0007", "DM1-0008")}
    assert len(derived) == 2 * len(keyring.USES)
    named = (made.verdict_key, made.station_key, made.osdp_key, made.frames_key)
    assert [key("DM1-1") for key in named] == [
        made.key(use, "DM1-1") for use in ("verdict", "station", "osdp", "frames")
    ]
    with pytest.raises(ValueError, match="verdict"):
        made.role_key("DM1-0007", "verdict")


def test_only_its_owner_may_read_it(tmp_path):
    before = os.umask(0)
    try:
        made = Keyring.create(tmp_path / "ring")
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in made.path.iterdir())
    for path, open_mode, own_mode in ((made.path, 0o750, 0o700), (made.path / keyring.FILE, 0o604, 0o600)):
        path.chmod(open_mode)
        with pytest.raises(UsageError, match="chmod"):
            Keyring.load(made.path)
        path.chmod(own_mode)
    Keyring.load(made.path)


def test_nothing_secret_is_shown(tmp_path):
    made = Keyring.create(tmp_path / "ring")
    masters = json.loads((made.path / keyring.FILE).read_text())["masters"]
    shown = repr(made) + str(made)
    assert not any(text in shown or repr(bytes.fromhex(text)) in shown for text in masters.values())
    text = json.dumps({"format": 1, "fleet": "", "masters": {"service": masters["service"][:-1] + "g"}})
    (made.path / keyring.FILE).write_text(text)
    with pytest.raises(UsageError) as refused:
        Keyring.load(made.path)
    assert masters["service"][:8] not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "damaged"),
        ("[" * 5000, "damaged"),
        ("x" * (keyring.LARGEST_FILE + 1), "damaged"),
        ("[]", "no keyring"),
        ('{"format": 1, "fleet": "", "masters": []}', "no keyring"),
        ('{"format": 2, "fleet": "", "masters": {}}', "format"),
        ('{"format": 1, "fleet": "", "masters": {"gate": "00"}}', "gate"),
        ('{"format": 1, "fleet": "", "masters": {"verdict": "00"}}', "hex digits"),
        ('{"format": 1, "fleet": "", "masters": {"verdict": 7}}', "hex digits"),
        (json.dumps({"format": 1, "fleet": "", "masters": dict.fromkeys(("verdict", "bench"), "00" * 32)}), "two uses"),
    ],
)
def test_a_damaged_keyring_is_told(tmp_path, content, word):
    made = Keyring.create(tmp_path / "ring")
    (made.path / keyring.FILE).write_text(content)
    with pytest.raises(UsageError, match=word):
        Keyring.load(made.path)


def test_a_part_of_a_keyring_serves_its_use(tmp_path):
    key = pem_of(tmp_path / "a.pem")
    made = Keyring.create(tmp_path / "ring", fleet="harbour", update_keys=[tmp_path / "a.pem"])
    made.part(tmp_path / "part", ["installer"])
    part = Keyring.load(tmp_path / "part")
    assert part.has("installer") and part.role_key("DM1-1", "installer") == made.role_key("DM1-1", "installer")
    assert (part.fleet, part.update_keys) == ("harbour", (key,)) and not part.has("service")
    with pytest.raises(UsageError, match="no key for service"):
        part.role_key("DM1-1", "service")
    for uses, where, word in ((["service"], "x", "it has: installer"), (["installer"], "ring", "not empty")):
        with pytest.raises(UsageError, match=word):
            part.part(tmp_path / where, uses)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="No keyring can be made"):
        made.part(tmp_path / "file", ["installer"])


def test_no_keyring_and_one_that_is_there(tmp_path):
    with pytest.raises(UsageError, match="--new-keyring"):
        Keyring.load(tmp_path / "none")
    with pytest.raises(UsageError, match="--new-keyring"):
        Keyring.load(tmp_path)
    made = Keyring.create(tmp_path / "ring")
    before = (made.path / keyring.FILE).read_bytes()
    with pytest.raises(UsageError, match="not empty"):
        Keyring.create(made.path)
    assert (made.path / keyring.FILE).read_bytes() == before
    for fleet in ("x" * 33, "a\nb"):
        with pytest.raises(UsageError, match="fleet"):
            Keyring.create(tmp_path / "named", fleet=fleet)


def test_update_keys_that_are_none(tmp_path):
    pem_of(tmp_path / "wide.pem", curve=ec.SECP384R1())
    pem_of(tmp_path / "locked.pem", private=True, password=b"secret")
    (tmp_path / "text.pem").write_text("-----BEGIN PUBLIC KEY-----\nbm90\n-----END PUBLIC KEY-----\n")
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    (tmp_path / "edwards.pem").write_bytes(edwards.public_bytes(*PUBLIC))
    pem_of(tmp_path / "good.pem")
    cases = [
        (["none.pem"], "cannot be read"),
        (["wide.pem"], "P-256"),
        (["edwards.pem"], "P-256"),
        (["locked.pem"], "password"),
        (["text.pem"], "no PEM"),
        (["good.pem", "good.pem"], "twice"),
        (["good.pem"] * 5, "at most 4"),
    ]
    for names, word in cases:
        with pytest.raises(UsageError, match=word):
            Keyring.create(tmp_path / "ring", update_keys=[tmp_path / name for name in names])
        assert not (tmp_path / "ring").exists()
