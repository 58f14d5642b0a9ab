"""What an image and a boot partition hold, board by board: all that their modules import there, no other board's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from dermis_host.building import sources
from dermis_host.building.targets import TARGETS
from dermis_host.device_code import FIRMWARE

# The runtime's own, on both boards (`machine` of the Unix port has no pins).
BUILT_IN = {
    "_thread",
    "array",
    "asyncio",
    "binascii",
    "collections",
    "cryptolib",
    "gc",
    "hashlib",
    "io",
    "json",
    "machine",
    "micropython",
    "os",
    "re",
    "select",
    "struct",
    "sys",
    "time",
    "uctypes",
    "vfs",
}
OF_THE_BOARD = {"twin": set(), "esp32s3": {"camera", "esp32"}}
# What the first stage starts, and what it leaves to the firmware: it only asks whether an image is whole.
OF_THE_IMAGE = {"dermis.main", "dermis.core.manifest", "dermis.core.p256"}
# Imports that only CPython comes to, or that are caught where they fail.
OF_CPYTHON = {"traceback", "cryptography", "cryptography.hazmat.primitives.ciphers", "collections.abc"}


def imports(place: PurePosixPath, text: str) -> Iterator[str]:
    """What a module imports when it runs, inside functions too."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(place.parts[: len(place.parts) - node.level]) if node.level else ""
            base = ".".join(each for each in (above, node.module) if each)
            yield base
            yield from (f"{base}.{each.name}" for each in node.names if is_module(f"{base}.{each.name}"))
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from walk(ast.parse(text))


def path_of(module: str) -> PurePosixPath:
    return PurePosixPath(*module.split("."))


def is_module(module: str) -> bool:
    path = FIRMWARE / path_of(module)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("board", sorted(TARGETS))
@pytest.mark.parametrize("part", ["image", "boot partition"])
def test_it_holds_every_module_that_it_imports(board, part):
    target = TARGETS[board]
    files = sources.body(target, {}) if part == "image" else {**sources.boot(target), **sources.started_first()}
    missing = set()
    for place, data in files.items():
        for module in imports(place, data.decode()):
            path = path_of(module)
            if path.with_suffix(".py") in files or path / "__init__.py" in files:
                continue
            if module.split(".")[0] == "dermis":
                # What the target does not take is chosen by the board's name: another board's is never asked for.
                if target.takes(path) and not (part == "boot partition" and module in OF_THE_IMAGE):
                    missing.add((str(place), module))
            elif module not in BUILT_IN | OF_THE_BOARD[board] | OF_CPYTHON:
                missing.add((str(place), module))
    assert not missing


@pytest.mark.parametrize("board", sorted(TARGETS))
def test_it_holds_no_other_boards_drivers(board):
    target = TARGETS[board]
    others = {"twin", "esp32s3", "coral"} - {board}
    for files in (sources.body(target, {}), sources.boot(target)):
        named = {place.stem.partition("_")[0] for place in files}
        assert board in named and not named & others
        assert ("dm1" in named) <= (board != "twin")
