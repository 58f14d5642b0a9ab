"""Prints docs/formats/calibration.md from the table of a calibration record's fields.

python docs/generate_calibration.py > docs/formats/calibration.md
"""

from __future__ import annotations

from dermis.core import calibration, drift
from dermis.core.calibration_fields import RANGES
from dermis.core.calibration_table import FIELDS, REQUIRED, Field

HEAD = """# Calibration record, version {version}
Printed from `firmware/dermis/core/calibration_table.py` by `docs/generate_calibration.py`; a test compares the two.
`dermis.core.calibration` reads and writes it, on the module as on the host.

A file of at most {largest:,} bytes:

| bytes | what |
|---|---|
| {magic} | `DRMCAL{version}\\n` |
| {key_id} | key id: the first {key_id} bytes of the SHA-256 of the station's key |
| 32 | MAC: HMAC-SHA256 (RFC 2104) under that key of the magic, the key id and the digest |
| {digest} | digest: SHA-256 of the body |
| the rest | body: a CBOR map of the fields below |

A record's name, its `hash`, is hex of the first {hash} bytes of the SHA-256 of the whole file. A module takes a record
of this version, under a key that it knows, for its own serial number, imager and SWIR head; everything else is refused
with one sentence, and nothing of the body is read before MAC and digest hold. A key has {key} bytes. Until a module is
provisioned with its own it knows the development key, which everybody knows and which therefore protects nothing.

| field | kind | unit | default | meaning |
|---|---|---|---|---|
"""
TAIL = """
A curve is a list of two integers (a, b): at t kelvins above `temperature_cc` the quantity is
1 + a t / 1,000,000 + b t^2 / 1,000,000,000 times what it was; a at most {a:,} and b at most {b:,} either way. What is
left out is the reference design's (`firmware/dermis/core/drift.py`, which says where its figures come from). Beyond
{kelvins} K the factor stays what it is at {kelvins} K.

## On the module
The data partition holds the factory record, written once (`calibration.factory`; once more after a provisioning); the
last two user records (`calibration.a`, `calibration.b`); and a note (`calibration.use`) that says which of the two is
the newer and whether it or the factory record is in force. A new user record goes over the older of the two and is in
force at once; before the first one the factory record is. `calibration_select` puts another one in force (messages.md).
What is handed over lies beside all of these until it is whole, checked, and its place is exchanged for that of the
older one in a single step of LittleFS; the note is then replaced in another. A cut of power at any write leaves one
whole record in force, the old or the new one: `python -m tests.bench calibration-power` cuts at every write of a small
record and at every 97th of a whole one. A full flash leaves the record in force as it is. A record that cannot be used
any more gives way to the next of user, previous, factory, and `calibration_state` and the self-test say so. Nothing
numbers records: an older one of this module, under a known key, may be handed over again.

## Ranges
Beyond these something else was measured than a module before its targets; such a record is refused.

| field | lowest | highest | unit |
|---|---|---|---|
"""


def default(field: Field) -> str:
    """A field's default for people."""
    if field.default == REQUIRED:
        return "required"
    if field.unit.startswith("curve"):
        return "the design's"
    if field.default in ("", []):
        return "empty"
    if isinstance(field.default, dict):
        return "empty texts"
    if isinstance(field.default, list):
        return f"`{field.default[0]}` each"
    return f"`{field.default}`"


def page() -> str:
    """The whole page."""
    out = HEAD.format(
        version=calibration.FORMAT,
        largest=calibration.LARGEST,
        magic=len(calibration.MAGIC),
        key_id=calibration.KEY_ID_BYTES,
        digest=calibration.DIGEST_BYTES,
        hash=calibration.HASH_BYTES,
        key=calibration.KEY_BYTES,
    )
    for field in FIELDS:
        out += f"| `{field.name}` | {field.kind} | {field.unit} | {default(field)} | {field.meaning} |\n"
    out += TAIL.format(a=drift.LARGEST_A, b=drift.LARGEST_B, kelvins=drift.LARGEST_OFF_CC // 100)
    for name, (low, high, unit) in RANGES.items():
        out += f"| `{name}` | {low} | {high} | {unit} |\n"
    return out


if __name__ == "__main__":
    print(page(), end="")
