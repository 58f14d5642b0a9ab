"""`build`: sources to a signed image, the boot partition, and the files that say what they are."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dermis.core import manifest as manifests
from dermis.core import mcuboot, partitions, release
from dermis_hw import boards

from dermis_host import files as file_room
from dermis_host.building import compiling, littlefs_image, sbom, signing, sources
from dermis_host.building.signing import SigningKey
from dermis_host.building.targets import Target, target
from dermis_host.errors import HostError, UsageError
from dermis_host.released import released_model

FLASH_FORMAT = 1
MODEL, MODEL_DESCRIPTION, BOARD_FILE = (PurePosixPath(name) for name in ("spoof.tflite", "spoof.json", "board.json"))
HARDWARE_FILE = PurePosixPath("hardware.json")
MODEL_HASH_DIGITS = 16  # as `identity` shows it
# What MCUboot's header holds: two bytes, and a number of 16 and one of 32 bits.
VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})(?:\+(\d{1,9}))?")
VERSION_LIMITS = (255, 255, 65535, 999_999_999)
COUNTER_LIMIT = 0xFFFFFFFF


@dataclass(frozen=True)
class Built:
    """Files of one build.

    image: the signed image. boot: the boot partition. flash_map: JSON, what goes where. manifest: JSON, what the
    image says of itself and a hash of every file in it. sbom: CycloneDX. image_hash: SHA-256 of everything that the
    signature covers (the same for every key). key: who signed.
    """

    board: str
    version: str
    image: Path
    boot: Path
    flash_map: Path
    manifest: Path
    sbom: Path
    image_hash: bytes
    key: SigningKey


def build(
    board: str,
    key: SigningKey | Path | None,
    folder: Path,
    *,
    version: str | None = None,
    released: str | None = None,
    security_counter: int | None = None,
    hardware: tuple[int, int] | None = None,
    revision: int | None = None,
    model: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Built:
    """Builds for `board` into `folder`.

    key: None for the development key, which everybody has. version, released, security_counter, hardware: other
    values than those of `core/release.py`. revision: of the board that the boot partition is for. model: a .tflite
    with its .json beside it (default: the released one). tell: hears what is being done.

    Raises UsageError for arguments that cannot be, HostError for what is missing or does not compile or fit.
    """
    wanted = target(board)
    signer = _signer(key)
    overrides = _overrides(version, released, security_counter, hardware)
    stated = {name.lower(): overrides.get(name, getattr(release, name)) for name in _OVERRIDABLE}
    tell("compiling")
    source = sources.body(wanted, overrides)
    data = _data(board, model or released_model())
    modules = compiling.compiled(source, wanted)
    body = modules | data
    fields = _manifest(board, stated, compiling.abi(modules), source | data, data[MODEL], len(body))
    tell("signing")
    room = mcuboot.LARGEST - mcuboot.BODY_OFFSET - partitions.BLOCK_SIZE  # a block is far more than the trailer needs
    image = signing.signed(
        littlefs_image.smallest(body, room),
        manifests.encode(fields),
        stated["security_counter"],
        _mcuboot_version(stated["version"]),
        signer,
    )
    read_back = signing.file_image(image)
    read_back.check({signer.hash: signer.public})
    tell("writing")
    boot = _boot(wanted, revision)
    return _write(folder, board, stated, fields, image, read_back.hash, boot, body, signer)


_OVERRIDABLE = ("VERSION", "RELEASED", "SECURITY_COUNTER", "HARDWARE")


def _signer(key: SigningKey | Path | None) -> SigningKey:
    if key is None:
        return signing.development_key()
    return signing.load_key(key) if isinstance(key, Path) else key


def _overrides(
    version: str | None, released: str | None, security_counter: int | None, hardware: tuple[int, int] | None
) -> dict[str, Any]:
    """Values of `core/release.py` that this build has otherwise. Raises UsageError for those that cannot be."""
    if version is not None:
        parts = VERSION.fullmatch(version)
        if not parts or any(int(part or 0) > most for part, most in zip(parts.groups(), VERSION_LIMITS, strict=True)):
            raise UsageError(f"--version {version} is no version: write it as 1.2.3, or 1.2.3+4 for a trial.")
    if security_counter is not None and not 0 <= security_counter <= COUNTER_LIMIT:
        raise UsageError(f"--security-counter {security_counter} is out of reach: give 0 to {COUNTER_LIMIT}.")
    given = {
        "VERSION": version,
        "RELEASED": released,
        "SECURITY_COUNTER": security_counter,
        "HARDWARE": hardware,
    }
    return {name: value for name, value in given.items() if value is not None}


def _mcuboot_version(version: str) -> str:
    return version if "+" in version else version + "+0"


def _data(board: str, model: Path) -> dict[PurePosixPath, bytes]:
    """The files of the body that are not compiled."""
    description = model.with_suffix(".json")
    try:
        return {
            BOARD_FILE: boards.board_json(board),
            MODEL: model.read_bytes(),
            MODEL_DESCRIPTION: description.read_bytes(),
        }
    except OSError as problem:
        raise UsageError(f"The model {problem.filename} cannot be read: {problem.strerror}.") from None


def _manifest(
    board: str,
    stated: Mapping[str, Any],
    abi: int,
    source: Mapping[PurePosixPath, bytes],
    model: bytes,
    count: int,
) -> dict[str, Any]:
    return {
        "version": stated["version"],
        "released": stated["released"],
        "board": board,
        "hardware": list(stated["hardware"]),
        "runtime": list(release.RUNTIME),
        "mpy_abi": abi,
        "schemas": {kind: list(bounds) for kind, bounds in release.SCHEMAS.items()},
        "model_hash": hashlib.sha256(model).hexdigest()[:MODEL_HASH_DIGITS],
        "source_hash": sources.digest(source),
        "files": count,
    }


def _boot(wanted: Target, revision: int | None) -> bytes:
    files = compiling.compiled(sources.boot(wanted), wanted) | sources.started_first()
    files[HARDWARE_FILE] = boards.hardware_json(wanted.board, revision)
    return littlefs_image.of_size(files, partitions.partition("boot").size)


def _write(
    folder: Path,
    board: str,
    stated: Mapping[str, Any],
    fields: Mapping[str, Any],
    image: bytes,
    image_hash: bytes,
    boot: bytes,
    body: Mapping[PurePosixPath, bytes],
    signer: SigningKey,
) -> Built:
    version = stated["version"]
    stem = f"dermis-{board}-{version}"
    made = Built(
        board=board,
        version=version,
        image=folder / f"{stem}.img",
        boot=folder / f"{stem}-boot.bin",
        flash_map=folder / f"{stem}-flash.json",
        manifest=folder / "manifest.json",
        sbom=folder / "sbom.cdx.json",
        image_hash=image_hash,
        key=signer,
    )
    described = dict(fields) | {
        "source_hash": fields["source_hash"].hex(),
        "security_counter": stated["security_counter"],
        "image_hash": image_hash.hex(),
        "key_hash": signer.hash.hex(),
        "development_key": signer.is_development,
        "compiler": compiling.version(),
        "contents": {str(place): hashlib.sha256(data).hexdigest() for place, data in sorted(body.items())},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise HostError(f"{folder} cannot be made: {problem.strerror}.") from None
    for path, data in (
        (made.image, image),
        (made.boot, boot),
        (made.flash_map, _json(_flash_map(made, {"boot": (made.boot, boot), "slot0": (made.image, image)}))),
        (made.manifest, _json(described)),
        (made.sbom, sbom.bill(board, version, stated["released"], image_hash, body).encode()),
    ):
        with file_room.whole(path) as file:
            file.write(data)
    return made


def _flash_map(made: Built, parts: Mapping[str, tuple[Path, bytes]]) -> dict[str, Any]:
    """What goes where; the runtime is the user's file and goes to its partition's start."""
    return {
        "format": FLASH_FORMAT,
        "board": made.board,
        "version": made.version,
        "flash_size": partitions.FLASH_SIZE,
        "parts": [
            {
                "partition": name,
                "offset": partitions.partition(name).offset,
                "file": path.name,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for name, (path, data) in parts.items()
        ],
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
