"""What binds a verdict to a face and a passage: a MAC over all that a terminal acts on. Used by module and host.

The message is the canonical CBOR list of a tag and `FIELDS` in their order; the key is the module's verdict key.
"""

from __future__ import annotations

from dermis.core import cbor, hmac
from dermis.core.errors import BadInput

TAG = "dermis-verdict-1"  # sets this MAC apart from others under the same key
LONGEST_NONCE = LONGEST_TRANSACTION = 32

FIELDS = (
    "serial",
    "nonce",
    "transaction",
    "verdict",
    "reasons",
    "score",
    "profile",
    "firmware",
    "model_hash",
    "calibration",
    "time",
    "uptime_ms",
    "expires_s",
    "box",
    "distance_mm",
)


def message(facts: dict) -> bytes:
    """The bytes under the MAC. facts: at least `FIELDS`, as `verify` answers them (its own and those of `bound`).

    Raises BadInput when one is missing.
    """
    for name in FIELDS:
        if name not in facts:
            raise BadInput("this verdict lacks %s and cannot be checked; ask for a new one" % name)
    return cbor.dumps([TAG] + [facts[name] for name in FIELDS])


def mac(key: bytes, facts: dict) -> bytes:
    """HMAC-SHA256 (32 bytes) of the message."""
    return hmac.hmac_sha256(key, message(facts))


def check(key: bytes, facts: dict, claimed: bytes) -> bool:
    """Whether `claimed` is the MAC of these facts, compared in constant time."""
    return hmac.equal(mac(key, facts), claimed)
