"""What differs between the boards that an image can be built for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dermis_host.errors import UsageError

# Boards that drivers are named after: `twin.py` and `twin_*.py` are the twin's alone. What `dm1_*.py` drives is on all
# boards but the twin.
BOARDS = ("twin", "esp32s3", "coral")
MADE, MADE_BOARDS = "dm1", ("esp32s3", "coral")
ONLY_ON = {"litert": "coral"}
WIDE = {"wide", "kernels_wide"}  # loops for machines of 64-bit words
XTENSA = {"kernels_xtensa"}  # assembler, which only that core takes

CORAL = (
    "The Coral takes no image: it runs the sources under CPython, which hw/coral/install.sh puts there "
    "(docs/coral.md); build for {boards}."
)


@dataclass(frozen=True)
class Target:
    """A board. arch, small_int_bits: as mpy-cross names them. left_out: modules that its machine does not run."""

    board: str
    arch: str
    small_int_bits: int
    left_out: frozenset[str]

    def takes(self, path: PurePosixPath) -> bool:
        """Whether a module of that path belongs on this board."""
        if path.stem in self.left_out:
            return False
        named = path.stem.partition("_")[0]
        if named == MADE:
            return self.board in MADE_BOARDS
        owner = ONLY_ON.get(path.stem, named if named in BOARDS else self.board)
        return owner == self.board


# The twin's MicroPython has words of 64 bits and, where it has native code at all, x86-64's.
TARGETS = {
    target.board: target
    for target in (
        Target("twin", "x64", 63, frozenset(XTENSA)),
        Target("esp32s3", "xtensawin", 31, frozenset(WIDE)),
    )
}


def target(board: str) -> Target:
    """The target of that name. Raises UsageError with those there are."""
    boards = ", ".join(TARGETS)
    if board == "coral":
        raise UsageError(CORAL.format(boards=boards))
    if board not in TARGETS:
        raise UsageError(f"There is no board {board} to build for: name one of {boards}.")
    return TARGETS[board]
