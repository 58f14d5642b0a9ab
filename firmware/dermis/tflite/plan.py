"""One arena for all tensors: two blocks may share bytes where no step needs both."""

from .errors import BadModel
from .native import octets

ALIGNMENT = 4  # scratch of int32 lies in the arena too


def _largest_first(block):
    return -block.bytes


def _earliest_first(block):
    return block.first


def _latest_first(block):
    return -block.last


ORDERS = (_largest_first, _earliest_first, _latest_first)


def place(blocks):
    """Gives every block its `offset`; the arena's size in bytes.

    Greedy in three orders, of which the best counts: the largest first suits branches, going along the model
    suits chains. The same under every interpreter: ties go by the block's place in the list.
    """
    sizes = [_place(blocks, order) for order in ORDERS]
    best = sizes.index(min(sizes))
    return _place(blocks, ORDERS[best])


def _place(blocks, order):
    """Each block in turn at the lowest offset where nothing that lives at the same time lies."""
    placed = []
    size = 0
    turns = [(order(block), index) for index, block in enumerate(blocks)]
    turns.sort()
    for _, turn in turns:
        block = blocks[turn]
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


def new_arena(size):
    """The bytes that tensors and scratch lie in (of its own, so that tests can put guards around them)."""
    return octets(bytearray(size))


def allocate(blocks, limit):
    """Places `blocks` in one new buffer and sets their `data`. Raises BadModel above `limit` bytes."""
    for block in blocks:
        if block.bytes > limit:
            raise BadModel("A tensor of %d bytes exceeds the limit of %d for the arena." % (block.bytes, limit))
    size = place(blocks)
    if size > limit:
        raise BadModel("The model needs an arena of %d bytes, more than the limit of %d." % (size, limit))
    try:
        arena = new_arena(size)
    except MemoryError:
        raise BadModel("The model needs an arena of %d bytes, which is not free; give a larger heap." % size)
    for block in blocks:
        block.data = arena[block.offset : block.offset + block.bytes]
    return arena
