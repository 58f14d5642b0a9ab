"""The runtime: MicroPython's own image for the ESP32-S3, named by the user, looked at before anything is written.

Such a file holds, from offset 0 of the flash: the second-stage bootloader, the partition table at 0x8000, and the
application, which says of itself what it is in its descriptor.
Ref: ESP-IDF Programming Guide, App Image Format; `esp_app_desc_t`.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from dermis.core import partitions

from dermis_host.errors import UsageError
from dermis_host.flashing import partition_table
from dermis_host.flashing.known_runtimes import KNOWN, Known

IMAGE_MAGIC = 0xE9
HEADER_BYTES = 24
CHIP_AT = 12  # of the header: u16
CHIPS = {0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2"}
CHIP = "ESP32-S3"
DESCRIPTION_AT = 0x20  # of the application: behind its header and the first segment's
DESCRIPTION = struct.Struct(
    "<II8s32s32s16s16s32s"
)  # magic, secure version, reserved, version, project, time, date, IDF
DESCRIPTION_MAGIC = 0xABCD5432
VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+)+)")
NAME = "micropython"


@dataclass(frozen=True)
class Runtime:
    """A runtime file. sha256: hex, of the file as it is; version: as numbers with dots, or empty where the file does
    not say; written: what goes into the flash from offset 0, which is the file with our partition table in it."""

    path: Path
    sha256: str
    project: str
    version: str
    idf: str
    known: Known | None
    written: bytes

    @property
    def text(self) -> str:
        """What it is, for people."""
        if self.known:
            return self.known.name
        return f"{self.project or 'unknown'} {self.version or 'of unknown version'}".strip()


def load(path: Path) -> Runtime:
    """The runtime in that file. Raises UsageError with what is wrong with it and which file to name."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"The runtime {path} cannot be read: {problem.strerror or problem}.") from None
    room = partitions.partition("runtime").size
    _check_header(path, data)
    if len(data) > room:
        raise UsageError(
            f"The runtime {path} has {len(data)} bytes, and {room} are there for it: name a smaller build."
        )
    try:
        table = data[partition_table.OFFSET : partition_table.OFFSET + partition_table.SIZE]
        entries = partition_table.parse(table)
    except ValueError as problem:
        raise UsageError(
            f"The runtime {path} has no partition table at {partition_table.OFFSET:#x} ({problem}): name a whole image "
            "of MicroPython, one that is flashed at offset 0 (not an .app-bin, not an .uf2)."
        ) from None
    try:
        made = partition_table.encode(partition_table.with_ours(entries))
    except ValueError as problem:
        raise UsageError(
            f"The runtime {path} leaves no room for our partitions ({problem}): name another build of MicroPython."
        ) from None
    written = data[: partition_table.OFFSET] + made + data[partition_table.OFFSET + partition_table.SIZE :]
    app = min(entry.offset for entry in entries if entry.kind == partition_table.APP)
    version, project, idf = _description(data[app:])
    digest = hashlib.sha256(data).hexdigest()
    known = next((build for build in KNOWN if build.sha256 == digest), None)
    return Runtime(path, digest, project, version, idf, known, written)


def _check_header(path: Path, data: bytes) -> None:
    if len(data) < HEADER_BYTES or data[0] != IMAGE_MAGIC:
        raise UsageError(
            f"{path} is no runtime for an {CHIP} (it does not begin with an image's E9): name MicroPython's .bin file."
        )
    chip = int.from_bytes(data[CHIP_AT : CHIP_AT + 2], "little")
    if CHIPS.get(chip) != CHIP:
        raise UsageError(
            f"The runtime {path} is for an {CHIPS.get(chip, f'unknown chip ({chip})')}, and the module is an {CHIP}: "
            "name the build for it."
        )


def _description(app: bytes) -> tuple[str, str, str]:
    """(version, project, IDF) as the application says; empty where it says nothing."""
    if len(app) < DESCRIPTION_AT + DESCRIPTION.size:
        return "", "", ""
    magic, _, _, version, project, _, _, idf = DESCRIPTION.unpack_from(app, DESCRIPTION_AT)
    if magic != DESCRIPTION_MAGIC:
        return "", "", ""
    found = VERSION.search(_text(version))
    return (found[1] if found else ""), _text(project), _text(idf)


def _text(field: bytes) -> str:
    text = field.partition(b"\0")[0].decode("ascii", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)
