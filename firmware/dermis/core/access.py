"""Proofs and keys of access: what the module and the host compute alike. docs/access.md says what they protect.

A session is opened with two proofs, each the other side's. Both are HMAC-SHA256 under the key of one role of one
module, over a label that names the direction, the module's challenge, the host's nonce, the role and the serial
number: a proof serves one session of one role on one module, and the host's never serves as the module's.
"""

from dermis.core.errors import BadInput
from dermis.core.hmac import MAC_BYTES, hmac_sha256

INSTALLER, BENCH, SERVICE = "installer", "bench", "service"
ROLES = (INSTALLER, BENCH, SERVICE)

# What else a module has a key for. One use never takes another's key.
VERDICT, STATION, OSDP = "verdict", "station", "osdp"

KEY_BYTES = 32  # of every symmetric key
PUBLIC_KEY_BYTES = 64  # x and y of a point of P-256
CHALLENGE_BYTES = NONCE_BYTES = 32
PROOF_BYTES = MAC_BYTES
MOST_STATION_KEYS = MOST_UPDATE_KEYS = 4  # old and new while a fleet changes keys, twice over
LONGEST_FLEET = 32  # bytes of UTF-8

# Known to everybody, so it protects nothing: modules carry it, and keys derived from it, until they are provisioned.
# Whatever uses it says so.
DEVELOPMENT_KEY = b"dermis development key, not safe"

_LABEL = b"dermis-session-1\0"
_HOST, _MODULE = b"host", b"module"


def derived_key(master, use, serial):
    """The key of one use for one module: 32 bytes. A module is given what was derived, never a master."""
    return hmac_sha256(master, b"dermis/" + use.encode() + b"/" + serial.encode())


def host_proof(key, challenge, nonce, role, serial):
    """What the host sends to open a session. key: of the role, 32 bytes. Raises BadInput (lengths, role)."""
    return _proof(_HOST, key, challenge, nonce, role, serial)


def module_proof(key, challenge, nonce, role, serial):
    """What the module answers, so that the host knows that it holds the key. Raises BadInput (lengths, role)."""
    return _proof(_MODULE, key, challenge, nonce, role, serial)


def _proof(side, key, challenge, nonce, role, serial):
    # With fixed lengths and roles of which none begins another, no two sets of fields give the same message.
    if role not in ROLES:
        raise BadInput("there is no role %r; there are: %s" % (role, ", ".join(ROLES)))
    if len(challenge) != CHALLENGE_BYTES or len(nonce) != NONCE_BYTES:
        raise BadInput("challenge and nonce have %d bytes each; start the session anew" % NONCE_BYTES)
    if len(key) != KEY_BYTES:
        raise BadInput("a role's key has %d bytes, not %d" % (KEY_BYTES, len(key)))
    return hmac_sha256(key, _LABEL + side + bytes(challenge) + bytes(nonce) + role.encode() + serial.encode())
