"""What an image says of itself, and whether a module can run it.

A CBOR map in a protected value of the image (docs/formats/image.md). Readers ignore fields that they do not know, so
that a later image can say more to a later module.
"""

from __future__ import annotations

import sys
from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.core import cbor, mcuboot
from dermis.core.errors import BadInput
from dermis.core.mcuboot import BadImage

if TYPE_CHECKING:
    from typing import Any

# version: of the firmware, as text. released: the day, as 2026-01-31. board: its name. hardware: lowest and highest
# revision. runtime: name and lowest version of the interpreter. mpy_abi: as `mpy_abi()`, or 0 for an image of sources.
# schemas: kind of data -> oldest schema that is read, and the firmware's own. model_hash: hex of the first 8 bytes of
# the model's SHA-256, or "". source_hash: 32 bytes, over everything that went into the body. files: how many.
FIELDS = (
    "version",
    "released",
    "board",
    "hardware",
    "runtime",
    "mpy_abi",
    "schemas",
    "model_hash",
    "source_hash",
    "files",
)
Manifest = namedtuple("Manifest", FIELDS)

# A module, as far as an image must suit it. schemas: kind of data -> the schema that lies in the module (0: none).
# runtime: name and version as one text, such as "micropython 1.29.0".
Facts = namedtuple("Facts", ("version", "board", "revision", "runtime", "mpy_abi", "schemas", "security_counter"))

# Of sys.implementation._mpy: version of the format, its sub-version, the architecture of native code.
# Ref: MicroPython docs/reference/mpy_files.rst.
ABI_MASK = 0xFFFF
MOST_DIGITS = 9  # of a number in a version
KEPT = ("calibration", "data")  # what an update leaves in the module, and must therefore be readable afterwards


def mpy_abi() -> int:
    """What .mpy files this runtime takes; 0 on one that takes none."""
    return getattr(sys.implementation, "_mpy", 0) & ABI_MASK


def abi_text(abi) -> str:
    """6.3 of architecture 10, for people."""
    return "%d.%d (architecture %d)" % (abi & 0xFF, abi >> 8 & 3, abi >> 10) if abi else "none"


def encode(fields: dict) -> bytes:
    """The manifest's bytes. Raises BadInput when a field is missing, unknown or of the wrong kind."""
    _check(fields)
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise BadInput("a manifest has no field %s" % ", ".join(sorted(unknown)))
    return cbor.dumps(fields)


def decode(data) -> Manifest:
    """Raises BadImage (bad_manifest)."""
    try:
        fields = cbor.loads(data)
        _check(fields)
    except BadInput as error:
        raise BadImage(mcuboot.BAD_MANIFEST, "the image's manifest cannot be read (%s); build it again" % error)
    return Manifest(*[_frozen(fields[name]) for name in FIELDS])


def acceptable(image, facts: Any):
    """Raises BadImage with a sentence that names both versions and the remedy, unless the module can run the image.

    image: a `mcuboot.Image`. Says nothing of its signature: `Image.check` does.
    """
    wanted = image.manifest
    name = "image %s" % wanted.version
    if wanted.board != facts.board:
        raise BadImage(
            mcuboot.WRONG_BOARD,
            "%s is for the board %s, and this is a %s; build or take the one for %s"
            % (name, wanted.board, facts.board, facts.board),
        )
    low, high = wanted.hardware
    if not low <= facts.revision <= high:
        raise BadImage(
            mcuboot.WRONG_HARDWARE,
            "%s is for hardware revisions %d to %d, and this module is revision %d; take %s image"
            % (name, low, high, facts.revision, "a later" if facts.revision > high else "an earlier"),
        )
    runtime, lowest = wanted.runtime
    has_name, _, has_version = facts.runtime.partition(" ")
    if has_name != runtime or numbers(has_version) < numbers(lowest):
        raise BadImage(
            mcuboot.WRONG_RUNTIME,
            "%s needs %s %s or later, and this module runs %s; flash a newer runtime with `dermis flash` first"
            % (name, runtime, lowest, facts.runtime),
        )
    if wanted.mpy_abi and wanted.mpy_abi != facts.mpy_abi:
        raise BadImage(
            mcuboot.WRONG_ABI,
            "%s is compiled as .mpy %s, and this module's runtime takes %s; build it for this runtime, or flash another"
            % (name, abi_text(wanted.mpy_abi), abi_text(facts.mpy_abi)),
        )
    for kind in KEPT:
        held = facts.schemas.get(kind, 0)
        oldest, newest = wanted.schemas.get(kind, (0, 0))
        if held and not oldest <= held <= newest:
            raise BadImage(
                mcuboot.WRONG_SCHEMA,
                "%s reads %s of schema %d to %d, and this module (%s) holds schema %d; take %s image"
                % (name, kind, oldest, newest, facts.version, held, "a later" if held > newest else "an earlier"),
            )
    if image.security_counter < facts.security_counter:
        raise BadImage(
            mcuboot.OLDER_COUNTER,
            "%s has the security counter %d, and this module (%s) accepts none below %d; take a later image"
            % (name, image.security_counter, facts.version, facts.security_counter),
        )


def numbers(text) -> tuple:
    """(1, 29, 0) of "1.29.0"; what is no number ends it."""
    out = []
    for part in text.split("."):
        if not part or [char for char in part if not "0" <= char <= "9"] or len(part) > MOST_DIGITS:
            break
        out.append(int(part))
    return tuple(out)


def _check(fields):
    if not isinstance(fields, dict):
        raise BadInput("a manifest is a map")
    for name in FIELDS:
        if name not in fields:
            raise BadInput("the field %s is missing" % name)
        if not _of_its_kind(name, fields[name]):
            raise BadInput("the field %s has another form than it should" % name)


def _of_its_kind(name, value):
    if name in ("version", "released", "board", "model_hash"):
        return isinstance(value, str)
    if name == "hardware":
        return _range(value)
    if name == "runtime":
        return isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(item, str) for item in value)
    if name == "schemas":
        return isinstance(value, dict) and all(isinstance(key, str) and _range(value[key]) for key in value)
    if name == "source_hash":
        return isinstance(value, bytes) and len(value) == mcuboot.HASH_BYTES
    return _whole(value)


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _range(value):
    return isinstance(value, (list, tuple)) and len(value) == 2 and _whole(value[0]) and _whole(value[1])


def _frozen(value):
    """Lists as tuples, in maps too."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _frozen(value[key]) for key in value}
    return value
