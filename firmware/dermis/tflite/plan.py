"""One arena for all tensors: two blocks may share bytes where no step needs both."""

from .errors import BadModel
from .native import octets

ALIGNMENT = 4  # scratch of int32 lies in the arena too


def place(blocks):
    """Gives every block its `offset`; the arena's size in bytes.

    Largest first, each at the lowest offset where nothing that lives at the same time lies: the usual greedy
    plan, within a few percent of the lower bound for chains and short branches.
    """
    placed = []
    size = 0
    for block in sorted(blocks, key=lambda block: -block.bytes):
        offset = 0
        for other in placed:  # in order of offset
            if other.first <= block.last and block.first <= other.last:
                if other.offset >= offset + block.bytes:
                    break
                offset = max(offset, aligned(other.offset + other.bytes))
        block.offset = offset
        size = max(size, aligned(offset + block.bytes))
        index = 0
        while index < len(placed) and placed[index].offset <= offset:
            index += 1
        placed.insert(index, block)
    return size


def aligned(offset):
    return (offset + ALIGNMENT - 1) & -ALIGNMENT


def allocate(blocks, limit):
    """Places `blocks` in one new buffer and sets their `data`. Raises BadModel above `limit` bytes."""
    for block in blocks:
        if block.bytes > limit:
            raise BadModel("A tensor of %d bytes exceeds the limit of %d for the arena." % (block.bytes, limit))
    size = place(blocks)
    if size > limit:
        raise BadModel("The model needs an arena of %d bytes, more than the limit of %d." % (size, limit))
    try:
        arena = octets(bytearray(size))
    except MemoryError:
        raise BadModel("The model needs an arena of %d bytes, which is not free; give a larger heap." % size)
    for block in blocks:
        block.data = arena[block.offset : block.offset + block.bytes]
    return arena
