"""Which files of the firmware go where: the body of an image, and the boot partition."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from dermis.first_stage import contents

from dermis_host.building.targets import Target
from dermis_host.device_code import FIRMWARE
from dermis_host.errors import HostError

PACKAGE = "dermis"
RELEASE = PurePosixPath("dermis/core/release.py")
NOT_ON_A_DEVICE = ("dermis/tools", "dermis/first_stage")  # jobs of the host; what the boot partition holds
STUBS = ("typing", "__future__")  # the device's own, beside the package

Files = dict[PurePosixPath, bytes]


def body(target: Target, overrides: Mapping[str, Any]) -> Files:
    """The sources of an image's body, by their path in it. overrides: values of `core/release.py` for this build."""
    files = {_place(module): _source(module) for module in STUBS}
    for path in sorted((FIRMWARE / PACKAGE).rglob("*.py")):
        place = PurePosixPath(path.relative_to(FIRMWARE).as_posix())
        if target.takes(place) and not any(place.is_relative_to(folder) for folder in NOT_ON_A_DEVICE):
            files[place] = path.read_bytes()
    files[RELEASE] = with_values(files[RELEASE].decode(), overrides).encode()
    return files


def boot(target: Target) -> Files:
    """The sources of the boot partition's modules (`dermis.first_stage.contents`), by their path in it.

    Raises HostError when one is not there.
    """
    files = {}
    for module in contents.MODULES + contents.BY_BOARD.get(target.board, ()):
        place = _place(module)
        files[place] = _source(module)
    return files


def started_first() -> Files:
    """`boot.py` and `main.py` of the boot partition, which stay sources: MicroPython starts no others by itself
    (micropython/micropython issue 18642)."""
    return {PurePosixPath(f"{name}.py"): _source(module) for name, module in contents.AT_ROOT.items()}


def with_values(text: str, overrides: Mapping[str, Any]) -> str:
    """The text of `core/release.py` with other values. Raises KeyError for a name that it has not."""
    for name, value in overrides.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", lambda _, line=f"{name} = {value!r}": line, text)
        if count != 1:
            raise KeyError(name)
    return text


def digest(files: Mapping[PurePosixPath, bytes]) -> bytes:
    """One SHA-256 of names and contents."""
    total = hashlib.sha256()
    for place in sorted(files):
        total.update(str(place).encode() + b"\0" + hashlib.sha256(files[place]).digest())
    return total.digest()


def _place(module: str) -> PurePosixPath:
    """Where a module lies on a device."""
    place = PurePosixPath(*module.split("."))
    return place / "__init__.py" if (FIRMWARE / place).is_dir() else place.with_suffix(".py")


def _source(module: str) -> bytes:
    place = _place(module)
    for folder in (FIRMWARE, FIRMWARE / "lib"):
        if (folder / place).is_file():
            return (folder / place).read_bytes()
    raise HostError(f"The firmware has no {place}: take the sources whole.")
