"""What moves bytes: drop-in replacements of the viper kernels of the same names, with the same arguments."""

from __future__ import annotations

from .assembly import Kernel, a0, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15

RAISED = 128
BOX = ("count", "source_step", "target_step")  # four words each in the block of `copy`
COPY_OFFSETS, COPY_BACK = 4 * 12, 4 * 14


def kernels() -> list[Kernel]:
    return [flip(), copy_bytes(), fill(), look_up(), copy()]


def words_and_rest(k: Kernel, count: int, both: int, spare: int) -> None:
    """To BYTES unless `both` (addresses, or-ed) is aligned; else spare = sixteens in `count`, and count = the rest."""
    k.bits(spare, both, 0, 2)
    k.bnez(spare, "BYTES")
    k.srli(spare, count, 4)
    k.bits(count, count, 0, 4)


def flip() -> Kernel:
    k = Kernel("flip", "source, target, count", "As kernels_moves.flip.")
    k.movi(a5, RAISED)
    k.or_(a7, a2, a3)
    k.slli(a6, a5, 8)
    k.or_(a6, a6, a5)
    k.slli(a8, a6, 15)
    k.slli(a8, a8, 1)
    k.or_(a6, a6, a8)
    words_and_rest(k, a4, a7, a8)
    with k.loop(a8, may_be_none=True):
        for place in range(0, 16, 8):
            k.l32i(a9, a2, place)
            k.l32i(a10, a2, place + 4)
            k.xor(a9, a9, a6)
            k.s32i(a9, a3, place)
            k.xor(a10, a10, a6)
            k.s32i(a10, a3, place + 4)
        k.addi(a2, a2, 16)
        k.addi(a3, a3, 16)
    k.label("BYTES")
    with k.loop(a4, may_be_none=True):
        k.l8ui(a9, a2, 0)
        k.addi(a2, a2, 1)
        k.xor(a9, a9, a5)
        k.s8i(a9, a3, 0)
        k.addi(a3, a3, 1)
    return k


def copy_run(k: Kernel, source: int, target: int, count: int, spare: int, other: int) -> None:
    """Copies `count` bytes that lie together; all five registers are lost."""
    k.or_(other, source, target)
    words_and_rest(k, count, other, spare)
    with k.loop(spare, may_be_none=True):
        for place in range(0, 16, 4):
            k.l32i(other, source, place)
            k.s32i(other, target, place)
        k.addi(source, source, 16)
        k.addi(target, target, 16)
    k.label("BYTES")
    with k.loop(count, may_be_none=True):
        k.l8ui(other, source, 0)
        k.addi(source, source, 1)
        k.s8i(other, target, 0)
        k.addi(target, target, 1)


def copy_bytes() -> Kernel:
    k = Kernel("copy_bytes", "source, target, count", "As kernels_moves.copy_bytes.")
    copy_run(k, a2, a3, a4, a5, a6)
    return k


def fill() -> Kernel:
    k = Kernel("fill", "target, value, count", "As kernels_moves.fill.")
    k.bits(a5, a3, 0, 8)
    k.slli(a6, a5, 8)
    k.or_(a5, a5, a6)
    k.slli(a6, a5, 15)
    k.slli(a6, a6, 1)
    k.or_(a5, a5, a6)
    k.mov(a6, a2)
    words_and_rest(k, a4, a6, a7)
    with k.loop(a7, may_be_none=True):
        for place in range(0, 16, 4):
            k.s32i(a5, a2, place)
        k.addi(a2, a2, 16)
    k.label("BYTES")
    with k.loop(a4, may_be_none=True):
        k.s8i(a5, a2, 0)
        k.addi(a2, a2, 1)
    return k


def look_up() -> Kernel:
    k = Kernel("look_up", "source, target, table, count", "As kernels_moves.look_up.")
    k.srli(a6, a5, 1)
    k.bits(a5, a5, 0, 1)
    with k.loop(a6, may_be_none=True):
        k.l8ui(a7, a2, 0)
        k.l8ui(a8, a2, 1)
        k.add(a7, a7, a4)
        k.add(a8, a8, a4)
        k.l8ui(a7, a7, 0)
        k.l8ui(a8, a8, 0)
        k.s8i(a7, a3, 0)
        k.s8i(a8, a3, 1)
        k.addi(a2, a2, 2)
        k.addi(a3, a3, 2)
    with k.loop(a5, may_be_none=True):
        k.l8ui(a7, a2, 0)
        k.add(a7, a7, a4)
        k.l8ui(a7, a7, 0)
        k.s8i(a7, a3, 0)
    return k


def copy() -> Kernel:
    k = Kernel("copy", "source, target, block", "As kernels_moves.copy.")
    block, step, stride = a4, a5, a6
    s, t = (a2, a8, a10), (a3, a9, a11)  # where the three outer loops stand
    left = (a12, a13, a14)  # and how many turns each has left

    def steps(axis: int, register: int, spare: int) -> None:
        """register = the source's step along an axis, forward less backward."""
        k.l32i(register, block, 4 * (4 + axis))
        k.l32i(spare, block, COPY_BACK + 4 * axis)
        k.sub(register, register, spare)

    k.l32i(a7, block, COPY_OFFSETS)
    k.add(a2, a2, a7)
    k.l32i(a7, block, COPY_OFFSETS + 4)
    k.add(a3, a3, a7)
    steps(3, step, a7)
    k.l32i(stride, block, 4 * 11)
    k.l32i(left[0], block, 0)
    for axis in range(2):
        k.label(f"AXIS{axis}")
        k.mov(s[axis + 1], s[axis])
        k.mov(t[axis + 1], t[axis])
        k.l32i(left[axis + 1], block, 4 * (axis + 1))
    k.label("AXIS2")
    k.l32i(a7, block, 12)
    k.movi(a0, 1)
    k.mov(a15, s[2])
    k.bne(step, a0, "STRIDES")
    k.bne(stride, a0, "STRIDES")
    k.mov(a0, t[2])
    # Bytes that lie together. One register is missing: the target's place is found again afterwards.
    copy_run(k, a15, a0, a7, step, stride)
    k.movi(step, 1)
    k.movi(stride, 1)
    k.j("NEXT")
    k.label("STRIDES")
    k.mov(a0, t[2])
    with k.loop(a7):
        k.l8ui(a7, a15, 0)
        k.add(a15, a15, step)
        k.s8i(a7, a0, 0)
        k.add(a0, a0, stride)
    k.label("NEXT")
    for axis in (2, 1, 0):
        steps(axis, a7, a0)
        k.add(s[axis], s[axis], a7)
        k.l32i(a7, block, 4 * (8 + axis))
        k.addi(left[axis], left[axis], -1)
        k.add(t[axis], t[axis], a7)
        k.bnez(left[axis], f"AXIS{axis}")
    return k
