"""The words behind the arguments of `follow`, and which registers hold a window's sums."""

from __future__ import annotations

from .assembly import Kernel, a2, a8, a9, a10, a11, a12
from .blocks import offsets

WORDS = offsets(
    *("q", "f", "frame", "reference", "mean", "root", "roots", "sums", "bases"),
    *("guess", "disparity", "confidence", "block"),  # the arguments; what follows is scratch
    *("width", "step", "columns", "rows", "bias", "lowest", "highest", "pixels", "least", "floor"),
    *("backwards", "weight"),  # as in the block, but lowest and highest without the bias
    *("behind", "above", "size", "skip", "fives", "rest", "lines"),
    *("row", "column", "cell", "place", "window"),  # window: of its centre, in `mean` and `root` at no disparity
    *("summed_cell", "summed_shift", "shift", "before", "candidate", "tries"),
    *("at", "left", "slot", "slots_left"),  # of a column of blocks: its first, where in the frame, where its sums go
    "slots",  # five sums of each of the three columns
)
BLOCK = tuple(name for name, place in WORDS.items() if WORDS["width"] <= place <= WORDS["weight"])
SUMS = 5  # of a column: total, squares, farther, middle, nearer
SLOT, BLOCK_BYTES = 4 * SUMS, 28
NONE = -2048  # no disparity
ARGUMENTS = WORDS["width"] // 4
W = a2
SUMMED = (a8, a9, a10, a11, a12)  # a window's sums


def load(k: Kernel, *pairs: tuple[int, str]) -> None:
    for register, name in pairs:
        k.l32i(register, W, WORDS[name])


def store(k: Kernel, *pairs: tuple[int, str]) -> None:
    for register, name in pairs:
        k.s32i(register, W, WORDS[name])
