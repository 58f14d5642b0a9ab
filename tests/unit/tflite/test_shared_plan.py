"""The arena's plan: nothing that lives at the same time shares a byte, and little is wasted."""

import packs
from dermis.tflite import BadModel, Model, plan
from dermis.tflite.graph import Block


def block(size, first, last):
    made = Block(size)
    made.first, made.last = first, last
    return made


def live_at_once(blocks):
    """The most bytes that one step needs: no plan can do with less."""
    return max(
        [
            sum([each.bytes for each in blocks if each.first <= step <= each.last])
            for step in range(-1, max([each.last for each in blocks]) + 1)
        ]
    )


def check(blocks):
    size = plan.place(blocks)
    for index, one in enumerate(blocks):
        assert one.offset % plan.ALIGNMENT == 0
        assert one.offset + one.bytes <= size
        for other in blocks[:index]:
            together = one.first <= other.last and other.first <= one.last
            apart = one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
            assert apart or not together
    return size


def test_a_chain_needs_two_neighbours():
    chain = [block(size, step - 1, step) for step, size in enumerate((400, 800, 200, 100, 40, 8))]
    assert check(chain) == live_at_once(chain) == 1200


def test_a_branch_is_kept():
    assert check([block(100, -1, 4), block(100, 0, 1), block(100, 1, 2), block(100, 2, 4)]) == 300


def test_a_chain_that_swells_in_the_middle():
    # Largest first alone would need 8,736: the blocks of 2,688 would not meet without a gap.
    assert (
        check([block(3360, -1, 0), block(2688, 0, 1), block(2688, 1, 2), block(4032, 2, 3), block(1008, 3, 4)]) == 6720
    )


def test_a_gap_is_used():
    blocks = [block(100, 0, 5), block(60, 0, 1), block(50, 0, 5), block(40, 2, 5), block(20, 2, 5)]
    assert check(blocks) == live_at_once(blocks) + 2 == 212  # 210, aligned


def test_many_random_plans_hold():
    state = 7
    for _ in range(30):
        blocks = []
        for _ in range(25):
            state = state * 48271 % 0x7FFFFFFF
            first = state % 12 - 1
            blocks.append(block(state // 12 % 300 + 1, first, first + state // 4000 % 5))
        size = check(blocks)
        assert live_at_once(blocks) <= size <= sum([each.bytes + plan.ALIGNMENT for each in blocks])


def test_the_limit():
    blocks = [block(100, 0, 1), block(100, 1, 2)]
    assert len(plan.allocate(blocks, 200)) == 200
    assert blocks[0].data is not None and len(blocks[0].data) == 100
    for limit in (199, 99):
        try:
            plan.allocate(blocks, limit)
        except BadModel as error:
            assert str(limit) in str(error)
        else:
            raise AssertionError("a plan above the limit was taken")


def test_every_tensor_of_a_step_lives_while_it_runs():
    for name in ("single_ops", "pooled", "residual", "two_inputs"):
        for entry, file, _, _ in packs.read(name):
            for index, step in enumerate(Model(file)._steps):
                for tensor in tuple(step.reads) + tuple(step.outputs):
                    home = tensor.home()
                    assert home.constant is not None or home.first <= index <= home.last, entry
