"""What is to be written where, checked before anything is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from dermis.core import manifest, mcuboot, partitions
from dermis.core.mcuboot import Image

from dermis_host import image_file
from dermis_host.building import littlefs_image
from dermis_host.errors import HostError, UsageError, sentence
from dermis_host.flashing.runtime import NAME, Runtime

BLANK = b"\xff" * partitions.BLOCK_SIZE
HARDWARE_FILE = PurePosixPath("hardware.json")
MAP_FILES = "*-flash.json"  # of a folder that `dermis build` made
CORAL = "coral"
KEPT = "calibration, keys, settings, audit log"


@dataclass(frozen=True)
class Write:
    """Bytes that go to a partition's beginning."""

    partition: str
    offset: int
    data: bytes
    what: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Plan:
    """All writes, lowest offset first. image: what shall run; runtime: None leaves the module's; erase_data: the data
    partition is erased too."""

    writes: tuple[Write, ...]
    image: Image
    manifest: manifest.Manifest
    runtime: Runtime | None
    erase_data: bool

    @property
    def total(self) -> int:
        return sum(len(write.data) for write in self.writes)

    @contextmanager
    def files(self) -> Iterator[list[tuple[int, Path]]]:
        """The writes as files for the time of the block: (offset, path)."""
        with TemporaryDirectory(prefix="dermis-flash-") as folder:
            made = []
            for write in self.writes:
                path = Path(folder) / f"{write.partition}.bin"
                try:
                    path.write_bytes(write.data)
                except OSError as problem:
                    raise HostError(f"{path} cannot be written: {problem.strerror or problem}.") from None
                made.append((write.offset, path))
            yield made

    def rows(self) -> list[dict[str, Any]]:
        """For people and for --json."""
        rows: list[dict[str, Any]] = [
            {
                "partition": write.partition,
                "offset": write.offset,
                "bytes": len(write.data),
                "sha256": write.sha256,
                "what": write.what,
            }
            for write in self.writes
        ]
        data = partitions.partition("data")
        erased = {"partition": data.name, "offset": data.offset, "bytes": data.size, "sha256": ""}
        if self.erase_data:
            rows.append({**erased, "what": f"ERASED: {KEPT} are lost"})
        else:
            rows.append({**erased, "what": f"left as it is ({KEPT})"})
        if self.runtime is None:
            part = partitions.partition("runtime")
            kept = {"partition": part.name, "offset": part.offset, "bytes": part.size, "sha256": ""}
            rows.append({**kept, "what": "left as it is (the runtime)"})
        return sorted(rows, key=lambda row: row["offset"])


def files_of(folder: Path) -> tuple[Path, Path]:
    """(image, boot) of a folder that `dermis build` made. Raises UsageError when it is none, or holds several."""
    found = sorted(folder.glob(MAP_FILES))
    if len(found) > 1:
        raise UsageError(
            f"{folder} holds several builds ({', '.join(path.name for path in found)}): build each into a folder of "
            "its own, or name the files of one with --image and --boot."
        )
    if not found:
        raise UsageError(
            f"{folder} holds no {MAP_FILES}: name a folder that `dermis build` made, "
            "or the files with --image and --boot."
        )
    try:
        flash_map = json.loads(found[0].read_bytes())
        named = {part["partition"]: (folder / Path(part["file"]).name, part["sha256"]) for part in flash_map["parts"]}
        image, boot = named["slot0"], named["boot"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise UsageError(f"{found[0]} is not as `dermis build` writes it ({problem}): build again.") from None
    for path, sha256 in (image, boot):
        if hashlib.sha256(_read(path, "part")).hexdigest() != sha256:
            raise UsageError(f"{path} is not the file that {found[0].name} tells of: build again.")
    return image[0], boot[0]


def make(image: Path, boot: Path, runtime: Runtime | None, erase_data: bool) -> Plan:
    """Raises UsageError with one sentence when the files do not fit together or not on a module."""
    read = image_file.load(image)
    wanted = read.manifest
    hardware = _hardware(boot)
    has = f"{NAME} {runtime.version}" if runtime and runtime.version else " ".join(wanted.runtime)
    facts = manifest.Facts(wanted.version, hardware["board"], hardware["revision"], has, wanted.mpy_abi, {}, 0)
    if wanted.board == CORAL:
        raise UsageError(
            f"{image} is for the Coral, which is no {NAME} board: it is not flashed, and these tools do not update it "
            "yet; take the image for this module."
        )
    try:
        read.sound()
        manifest.acceptable(read, facts)
    except mcuboot.BadImage as problem:
        raise UsageError(f"{image}: {sentence(problem)}") from None
    writes = [
        _write("boot", _read(boot, "first stage"), f"first stage for {hardware['board']}, {boot.name}"),
        _write("slot0", _read(image, "image"), f"firmware {wanted.version}, {image.name}"),
        # What lay there before must not win over what is flashed now.
        _write("slot1", BLANK, "emptied"),
    ]
    if runtime is not None:
        writes.insert(0, _write("runtime", runtime.written, f"{runtime.text}, with our partition table"))
    return Plan(tuple(writes), read, wanted, runtime, erase_data)


def _write(partition: str, data: bytes, what: str) -> Write:
    part = partitions.partition(partition)
    if len(data) > part.size:
        raise UsageError(f"The {what} has {len(data)} bytes, and {partition} only {part.size}: build it smaller.")
    return Write(partition, part.offset, data, what)


def _hardware(boot: Path) -> dict[str, Any]:
    """What a first stage says of the hardware it is for: board and revision."""
    data = _read(boot, "first stage")
    try:
        told = json.loads(littlefs_image.contents(data)[HARDWARE_FILE])
        return {"board": str(told["board"]), "revision": int(told["revision"])}
    except (HostError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{boot} is no first stage that says which hardware it is for: name the ...-boot.bin that `dermis build` "
            "made."
        ) from None


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"The {what} {path} cannot be read: {problem.strerror or problem}.") from None
