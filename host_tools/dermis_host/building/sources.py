"""Which files of the firmware go where: the body of an image, and the boot partition."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dermis_host.building.targets import Target
from dermis_host.device_code import FIRMWARE
from dermis_host.errors import HostError

PACKAGE = "dermis"
RELEASE = PurePosixPath("dermis/core/release.py")
FIRST_STAGE = PurePosixPath("dermis/first_stage")
# What MicroPython runs at start, in this order.
STARTED = ("boot.py", "main.py")
NOT_ON_A_DEVICE = ("dermis/tools", "dermis/first_stage")  # jobs of the host; what the boot partition holds
STUBS = ("typing.py", "__future__.py")  # the device's own, beside the package

Files = dict[PurePosixPath, bytes]


def body(target: Target, overrides: Mapping[str, Any]) -> Files:
    """The sources of an image's body, by their path in it. overrides: values of `core/release.py` for this build."""
    files = {PurePosixPath(name): (FIRMWARE / "lib" / name).read_bytes() for name in STUBS}
    for path in sorted((FIRMWARE / PACKAGE).rglob("*.py")):
        place = PurePosixPath(path.relative_to(FIRMWARE).as_posix())
        if target.takes(place) and not any(place.is_relative_to(folder) for folder in NOT_ON_A_DEVICE):
            files[place] = path.read_bytes()
    files[RELEASE] = with_values(files[RELEASE].decode(), overrides).encode()
    return files


def boot(target: Target) -> Files:
    """The sources of the boot partition: the two files that MicroPython runs, and all that they import of ours.

    Raises HostError when the first stage is not there.
    """
    files: Files = {}
    for name in STARTED:
        path = FIRMWARE / FIRST_STAGE / name
        if not path.is_file():
            continue  # XXX until the first stage is committed
        files[PurePosixPath(name)] = path.read_bytes()
    waiting = list(files.values())
    while waiting:
        for place in _imported(waiting.pop()):
            if place in files or not target.takes(place):
                continue
            files[place] = (FIRMWARE / place).read_bytes()
            waiting.append(files[place])
    files |= {PurePosixPath(name): (FIRMWARE / "lib" / name).read_bytes() for name in STUBS}
    return files


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


def _imported(source: bytes) -> set[PurePosixPath]:
    """Modules of ours that a source names in its imports, with the packages that they lie in."""
    names: set[str] = set()
    for node in _run(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    found: set[PurePosixPath] = set()
    for name in names:
        parts = name.split(".")
        if parts[0] != PACKAGE:
            continue
        for count in range(1, len(parts) + 1):
            found.update(_file(parts[:count]))
    return found


def _run(node: ast.AST) -> list[ast.AST]:
    """All nodes below, but for those that only a type checker reads."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return []
    return [node, *(below for child in ast.iter_child_nodes(node) for below in _run(child))]


def _file(parts: list[str]) -> list[PurePosixPath]:
    """The file of a module, if it is one."""
    place = PurePosixPath(*parts)
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return [candidate for candidate in candidates if Path(FIRMWARE / candidate).is_file()]
