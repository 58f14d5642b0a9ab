"""Assembler kernels of the depth stage for Xtensa cores with MAC16, MIN, MAX, NSAU and loops: the ESP32-S3's.

Written by firmware/xtensa/write_core_kernels.py, which says what they do; do not edit.
"""

# ruff: noqa
# pyright: basic, reportUndefinedVariable=false, reportUnusedExpression=false

import micropython


@micropython.asm_xtensa
def follow(a2):
    # words. As depth_kernels.follow; its arguments and room behind them.
    l32i(a3, a2, 48)
    l32i(a9, a3, 0)
    s32i(a9, a2, 52)
    l32i(a9, a3, 4)
    s32i(a9, a2, 56)
    l32i(a9, a3, 8)
    s32i(a9, a2, 60)
    l32i(a9, a3, 12)
    s32i(a9, a2, 64)
    l32i(a9, a3, 16)
    s32i(a9, a2, 68)
    l32i(a9, a3, 20)
    s32i(a9, a2, 72)
    l32i(a9, a3, 24)
    s32i(a9, a2, 76)
    l32i(a9, a3, 28)
    s32i(a9, a2, 80)
    l32i(a9, a3, 32)
    s32i(a9, a2, 84)
    l32i(a9, a3, 36)
    s32i(a9, a2, 88)
    l32i(a9, a3, 40)
    s32i(a9, a2, 92)
    l32i(a9, a3, 44)
    s32i(a9, a2, 96)
    l32i(a4, a2, 52)
    l32i(a5, a2, 56)
    l32i(a6, a2, 60)
    l32i(a7, a2, 64)
    l32i(a8, a2, 68)
    l32i(a9, a2, 72)
    sub(a9, a9, a8)
    s32i(a9, a2, 72)
    l32i(a9, a2, 76)
    sub(a9, a9, a8)
    s32i(a9, a2, 76)
    mull(a9, a5, a4)
    s32i(a9, a2, 108)
    add(a9, a4, a4)
    sub(a9, a9, a5)
    s32i(a9, a2, 112)
    addi(a9, a5, 1)
    srli(a9, a9, 1)
    s32i(a9, a2, 124)
    data(3, 0x05A0A2)  # movi a10, 5
    data(3, 0xD295A0)  # quos a9, a5, a10
    s32i(a9, a2, 116)
    mull(a9, a9, a10)
    sub(a9, a5, a9)
    s32i(a9, a2, 120)
    data(3, 0x00A092)  # movi a9, 0
    s32i(a9, a2, 148)
    s32i(a9, a2, 152)
    addi(a11, a6, 1)
    data(3, 0x01A0C2)  # movi a12, 1
    data(3, 0xFFAFD2)  # movi a13, -1
    l32i(a9, a2, 92)
    data(3, 0x00E916)  # beqz a9, DIRECTION
    addi(a12, a7, -1)
    mull(a11, a6, a12)
    addi(a11, a11, -2)
    addi(a12, a12, -1)
    data(3, 0x01A0D2)  # movi a13, 1
    label(DIRECTION)
    mull(a14, a13, a6)
    s32i(a11, a2, 136)
    s32i(a12, a2, 128)
    s32i(a13, a2, 100)
    s32i(a14, a2, 104)
    l32i(a3, a2, 136)
    label(ROW)
    l32i(a12, a2, 128)
    l32i(a11, a2, 64)
    addi(a11, a11, -1)
    sub(a11, a12, a11)
    data(3, 0x00A042)  # movi a4, 0
    data(3, 0x002BD6)  # bgez a11, RETURN
    data(3, 0x002C56)  # bnez a12, BEGIN_ROW
    label(RETURN)
    data(3, 0x01B106)  # j END
    label(BEGIN_ROW)
    label(NEXT)
    l32i(a5, a2, 44)
    l32i(a6, a2, 36)
    l32i(a7, a2, 100)
    l32i(a8, a2, 104)
    l32i(a9, a2, 60)
    addi(a9, a9, -1)
    label(LOOK)
    addi(a4, a4, 1)
    data(3, 0x29A497)  # bge a4, a9, ROW_END
    add(a10, a5, a3)
    l8ui(a11, a10, 0)
    data(3, 0x01AB56)  # bnez a11, PASS
    add(a11, a6, a3)
    l8ui(a11, a11, 0)
    data(3, 0x029B56)  # bnez a11, WORK
    add(a11, a10, a7)
    l8ui(a11, a11, 0)
    data(3, 0x020B56)  # bnez a11, WORK
    add(a11, a10, a8)
    l8ui(a11, a11, 0)
    data(3, 0x017B56)  # bnez a11, WORK
    label(PASS)
    sub(a3, a3, a7)
    j(LOOK)
    label(ROW_END)
    sub(a3, a3, a7)
    sub(a3, a3, a7)
    l32i(a12, a2, 128)
    sub(a12, a12, a7)
    s32i(a12, a2, 128)
    j(ROW)
    label(WORK)
    s32i(a3, a2, 136)
    s32i(a4, a2, 132)
    l32i(a14, a2, 128)
    l32i(a15, a2, 52)
    l32i(a12, a2, 56)
    data(3, 0x008796)  # bltz a7, PLACED
    l32i(a13, a2, 60)
    addi(a13, a13, -1)
    sub(a4, a13, a4)
    label(PLACED)
    s32i(a4, a2, 140)
    mull(a14, a14, a15)
    mull(a15, a4, a12)
    srli(a12, a12, 1)
    add(a14, a14, a15)
    add(a14, a14, a12)
    s32i(a14, a2, 144)
    data(3, 0x00A8C2)  # movi a12, -2048
    s32i(a12, a2, 160)
    data(3, 0x00A0A2)  # movi a10, 0
    s32i(a10, a2, 164)
    add(a12, a6, a3)
    l8ui(a12, a12, 0)
    data(3, 0x00BC16)  # beqz a12, CANDIDATE
    l32i(a9, a2, 72)
    addi(a12, a12, -1)
    add(a9, a9, a12)
    data(3, 0x002886)  # j SHIFT
    label(CANDIDATE)
    l32i(a10, a2, 164)
    l32i(a3, a2, 136)
    l32i(a7, a2, 100)
    l32i(a8, a2, 104)
    l32i(a5, a2, 44)
    addi(a10, a10, 1)
    s32i(a10, a2, 164)
    add(a5, a5, a3)
    addi(a12, a10, -1)
    mov(a11, a7)
    data(3, 0x016C16)  # beqz a12, NEIGHBOUR
    addi(a12, a10, -2)
    mov(a11, a8)
    data(3, 0x00EC16)  # beqz a12, NEIGHBOUR
    label(DONE)
    l32i(a3, a2, 136)
    l32i(a4, a2, 132)
    l32i(a7, a2, 100)
    sub(a3, a3, a7)
    j(NEXT)
    label(NEIGHBOUR)
    add(a12, a5, a11)
    l8ui(a13, a12, 0)
    beqz(a13, CANDIDATE)
    l32i(a14, a2, 40)
    addx2(a14, a3, a14)
    addx2(a15, a11, a14)
    l16ui(a6, a15, 0)
    slli(a6, a6, 15)
    slli(a6, a6, 1)
    srai(a6, a6, 16)
    addi(a13, a10, -2)
    data(3, 0x041D16)  # beqz a13, ROUND
    add(a13, a5, a8)
    l8ui(a13, a13, 0)
    add(a12, a12, a8)
    data(3, 0x035D16)  # beqz a13, ROUND
    l8ui(a12, a12, 0)
    data(3, 0x02FC16)  # beqz a12, ROUND
    addx2(a14, a8, a14)
    addx2(a15, a8, a15)
    l16ui(a12, a14, 0)
    slli(a12, a12, 15)
    slli(a12, a12, 1)
    srai(a12, a12, 16)
    l16ui(a13, a15, 0)
    slli(a13, a13, 15)
    slli(a13, a13, 1)
    srai(a13, a13, 16)
    sub(a12, a12, a13)
    addi(a13, a12, -24)
    data(3, 0x008DD6)  # bgez a13, ROUND
    addi(a13, a12, 23)
    data(3, 0x002D96)  # bltz a13, ROUND
    add(a6, a6, a12)
    label(ROUND)
    addi(a6, a6, 8)
    srai(a9, a6, 4)
    label(SHIFT)
    l32i(a12, a2, 160)
    l32i(a13, a2, 72)
    l32i(a14, a2, 76)
    data(3, 0x0519C7)  # beq a9, a12, REFUSED
    data(3, 0x0229D7)  # blt a9, a13, REFUSED
    data(3, 0x02AE97)  # bge a14, a9, TAKEN
    label(REFUSED)
    j(CANDIDATE)
    label(TAKEN)
    s32i(a9, a2, 160)
    data(3, 0x03A0C2)  # movi a12, 3
    s32i(a12, a2, 168)
    label(TRY)
    l32i(a3, a2, 168)
    l32i(a5, a2, 136)
    l32i(a6, a2, 100)
    l32i(a12, a2, 152)
    l32i(a13, a2, 148)
    l32i(a10, a2, 140)
    l32i(a15, a2, 56)
    l32i(a11, a2, 60)
    addi(a3, a3, -1)
    s32i(a3, a2, 168)
    s32i(a9, a2, 152)
    s32i(a5, a2, 148)
    s32i(a9, a2, 156)
    add(a3, a5, a6)
    data(3, 0xBCA072)  # movi a7, 188
    add(a7, a7, a2)
    data(3, 0x4D99C7)  # bne a9, a12, ALL
    data(3, 0x4A93D7)  # bne a3, a13, ALL
    l32i(a4, a7, 20)
    s32i(a4, a7, 0)
    l32i(a4, a7, 24)
    s32i(a4, a7, 4)
    l32i(a4, a7, 28)
    s32i(a4, a7, 8)
    l32i(a4, a7, 32)
    s32i(a4, a7, 12)
    l32i(a4, a7, 36)
    s32i(a4, a7, 16)
    l32i(a4, a7, 40)
    s32i(a4, a7, 20)
    l32i(a4, a7, 44)
    s32i(a4, a7, 24)
    l32i(a4, a7, 48)
    s32i(a4, a7, 28)
    l32i(a4, a7, 52)
    s32i(a4, a7, 32)
    l32i(a4, a7, 56)
    s32i(a4, a7, 36)
    addi(a7, a7, 40)
    data(3, 0x01A0C2)  # movi a12, 1
    sub(a8, a5, a6)
    sub(a10, a10, a6)
    data(3, 0x0001C6)  # j COLUMNS
    label(ALL)
    data(3, 0x03A0C2)  # movi a12, 3
    mov(a8, a3)
    add(a10, a10, a6)
    label(COLUMNS)
    sub(a8, a8, a11)
    mull(a10, a10, a15)
    s32i(a10, a2, 176)
    s32i(a7, a2, 180)
    s32i(a12, a2, 184)
    s32i(a8, a2, 172)
    label(COLUMN)
    l32i(a8, a2, 172)
    l32i(a4, a2, 32)
    l32i(a11, a2, 60)
    l32i(a3, a2, 68)
    l32i(a9, a2, 156)
    addx2(a4, a8, a4)
    add(a3, a3, a9)
    data(3, 0x03A062)  # movi a6, 3
    addi(a3, a3, -1)
    l16ui(a13, a4, 0)
    sub(a13, a3, a13)
    data(3, 0x00A0C2)  # movi a12, 0
    data(3, 0x20BD67)  # bgeu a13, a6, MISSING
    addx2(a4, a11, a4)
    l16ui(a14, a4, 0)
    sub(a14, a3, a14)
    data(3, 0x01A0C2)  # movi a12, 1
    data(3, 0x11BE67)  # bgeu a14, a6, MISSING
    addx2(a4, a11, a4)
    l16ui(a15, a4, 0)
    sub(a15, a3, a15)
    data(3, 0x02A0C2)  # movi a12, 2
    data(3, 0x02BF67)  # bgeu a15, a6, MISSING
    data(3, 0x000086)  # j KNOWN
    label(MISSING)
    data(3, 0x009F06)  # j CORRELATE
    label(KNOWN)
    data(3, 0x1CA0C2)  # movi a12, 28
    l32i(a5, a2, 28)
    l32i(a7, a2, 96)
    mull(a8, a8, a12)
    mull(a3, a11, a12)
    add(a5, a5, a8)
    addx4(a13, a13, a5)
    l32i(a8, a5, 0)
    l32i(a9, a5, 4)
    l32i(a10, a13, 8)
    l32i(a11, a13, 12)
    l32i(a12, a13, 16)
    add(a5, a5, a3)
    addx4(a14, a14, a5)
    l32i(a6, a5, 0)
    mull(a6, a6, a7)
    add(a8, a8, a6)
    l32i(a6, a5, 4)
    mull(a6, a6, a7)
    add(a9, a9, a6)
    l32i(a6, a14, 8)
    mull(a6, a6, a7)
    add(a10, a10, a6)
    l32i(a6, a14, 12)
    mull(a6, a6, a7)
    add(a11, a11, a6)
    l32i(a6, a14, 16)
    mull(a6, a6, a7)
    add(a12, a12, a6)
    add(a5, a5, a3)
    addx4(a15, a15, a5)
    l32i(a6, a5, 0)
    add(a8, a8, a6)
    l32i(a6, a5, 4)
    add(a9, a9, a6)
    l32i(a6, a15, 8)
    add(a10, a10, a6)
    l32i(a6, a15, 12)
    add(a11, a11, a6)
    l32i(a6, a15, 16)
    add(a12, a12, a6)
    l32i(a13, a2, 184)
    l32i(a14, a2, 180)
    s32i(a8, a14, 0)
    s32i(a9, a14, 4)
    s32i(a10, a14, 8)
    s32i(a11, a14, 12)
    s32i(a12, a14, 16)
    addi(a13, a13, -1)
    data(3, 0x026D16)  # beqz a13, COMPARE
    addi(a14, a14, 20)
    l32i(a3, a2, 172)
    l32i(a4, a2, 100)
    l32i(a5, a2, 176)
    l32i(a6, a2, 56)
    s32i(a13, a2, 184)
    s32i(a14, a2, 180)
    sub(a3, a3, a4)
    mull(a6, a6, a4)
    s32i(a3, a2, 172)
    sub(a5, a5, a6)
    s32i(a5, a2, 176)
    j(COLUMN)
    label(COMPARE)
    l32i(a13, a2, 96)
    l32i(a3, a2, 188)
    l32i(a4, a2, 208)
    add(a8, a8, a3)
    mull(a4, a4, a13)
    add(a8, a8, a4)
    l32i(a3, a2, 192)
    l32i(a4, a2, 212)
    add(a9, a9, a3)
    mull(a4, a4, a13)
    add(a9, a9, a4)
    l32i(a3, a2, 196)
    l32i(a4, a2, 216)
    add(a10, a10, a3)
    mull(a4, a4, a13)
    add(a10, a10, a4)
    l32i(a3, a2, 200)
    l32i(a4, a2, 220)
    add(a11, a11, a3)
    mull(a4, a4, a13)
    add(a11, a11, a4)
    l32i(a3, a2, 204)
    l32i(a4, a2, 224)
    add(a12, a12, a3)
    mull(a4, a4, a13)
    add(a12, a12, a4)
    l32i(a5, a2, 144)
    l32i(a0, a2, 156)
    l32i(a6, a2, 16)
    l32i(a7, a2, 20)
    l32i(a13, a2, 80)
    l32i(a14, a2, 88)
    sub(a5, a5, a0)
    addi(a5, a5, -1)
    addx2(a6, a5, a6)
    addx2(a7, a5, a7)
    slli(a3, a8, 5)
    data(3, 0xD233D0)  # quos a3, a3, a13
    mull(a3, a3, a8)
    srai(a3, a3, 5)
    sub(a9, a9, a3)
    data(3, 0x2929E7)  # blt a9, a14, POOR
    l16ui(a3, a6, 2)
    mull(a3, a3, a8)
    srai(a3, a3, 5)
    sub(a11, a11, a3)
    l16ui(a3, a6, 4)
    mull(a3, a3, a8)
    srai(a3, a3, 5)
    sub(a10, a10, a3)
    l16ui(a3, a6, 0)
    mull(a3, a3, a8)
    srai(a3, a3, 5)
    sub(a12, a12, a3)
    data(3, 0x002B16)  # beqz a11, POOR
    data(3, 0x002BD6)  # bgez a11, RICH
    label(POOR)
    j(CANDIDATE)
    label(RICH)
    l16ui(a3, a7, 4)
    slli(a10, a10, 6)
    srai(a4, a10, 31)
    sub(a10, a10, a4)
    and_(a4, a4, a3)
    sub(a10, a10, a4)
    data(3, 0xD2AA30)  # quos a10, a10, a3
    l16ui(a3, a7, 0)
    slli(a12, a12, 6)
    srai(a4, a12, 31)
    sub(a12, a12, a4)
    and_(a4, a4, a3)
    sub(a12, a12, a4)
    data(3, 0xD2CC30)  # quos a12, a12, a3
    l16ui(a3, a7, 2)
    slli(a11, a11, 6)
    data(3, 0xD2BB30)  # quos a11, a11, a3
    data(3, 0x022BA7)  # blt a11, a10, CLIMB
    data(3, 0x24ABC7)  # bge a11, a12, PEAK
    label(CLIMB)
    addi(a3, a0, 1)
    addi(a0, a0, -1)
    data(3, 0x01AAC7)  # bge a10, a12, CLIMBED
    mov(a0, a3)
    label(CLIMBED)
    l32i(a3, a2, 72)
    l32i(a4, a2, 76)
    l32i(a13, a2, 168)
    data(3, 0x0A2037)  # blt a0, a3, LOST
    data(3, 0x072407)  # blt a4, a0, LOST
    data(3, 0x004D16)  # beqz a13, LOST
    mov(a9, a0)
    j(TRY)
    label(LOST)
    j(CANDIDATE)
    label(PEAK)
    add(a13, a11, a11)
    sub(a13, a13, a12)
    sub(a13, a13, a10)
    beqz(a13, LOST)
    bltz(a13, LOST)
    data(3, 0x40F930)  # nsau a3, a9
    data(3, 0x17A0E2)  # movi a14, 23
    sub(a14, a14, a3)
    data(3, 0x00A032)  # movi a3, 0
    data(3, 0x53EE30)  # max a14, a14, a3
    srli(a14, a14, 1)
    add(a3, a14, a14)
    ssr(a3)
    sra(a9, a9)
    l32i(a4, a2, 24)
    l32i(a7, a2, 84)
    addx2(a4, a9, a4)
    l16ui(a4, a4, 0)
    ssl(a14)
    sll(a4, a4)
    slli(a3, a11, 14)
    data(3, 0xD23340)  # quos a3, a3, a4
    blt(a3, a7, LOST)
    sub(a15, a12, a10)
    slli(a15, a15, 8)
    add(a15, a15, a13)
    add(a13, a13, a13)
    srai(a4, a15, 31)
    sub(a15, a15, a4)
    and_(a4, a4, a13)
    sub(a15, a15, a4)
    data(3, 0xD2FFD0)  # quos a15, a15, a13
    neg(a4, a15)
    data(3, 0x5344F0)  # max a4, a4, a15
    data(3, 0x80A072)  # movi a7, 128
    sub(a4, a7, a4)
    mull(a4, a4, a15)
    data(3, 0x64A072)  # movi a7, 100
    mull(a4, a4, a7)
    data(3, 0x01A072)  # movi a7, 1
    slli(a7, a7, 15)
    add(a4, a4, a7)
    srai(a4, a4, 16)
    add(a15, a15, a4)
    addi(a15, a15, 8)
    srai(a15, a15, 4)
    slli(a0, a0, 4)
    add(a15, a15, a0)
    srli(a7, a7, 1)
    data(3, 0x433370)  # min a3, a3, a7
    slli(a4, a3, 8)
    sub(a4, a4, a3)
    srai(a4, a4, 14)
    l32i(a5, a2, 136)
    l32i(a6, a2, 40)
    l32i(a7, a2, 44)
    addx2(a6, a5, a6)
    s16i(a15, a6, 0)
    add(a7, a7, a5)
    s8i(a4, a7, 0)
    j(DONE)
    label(CORRELATE)
    l32i(a4, a2, 176)
    l32i(a5, a2, 156)
    l32i(a6, a2, 52)
    l32i(a7, a2, 56)
    l32i(a9, a2, 128)
    l32i(a10, a2, 108)
    l32i(a11, a2, 60)
    sub(a4, a4, a5)
    addi(a4, a4, -2)
    data(3, 0x008496)  # bltz a4, OUTSIDE
    add(a7, a7, a4)
    addi(a7, a7, 4)
    data(3, 0x08A677)  # bge a6, a7, INSIDE
    label(OUTSIDE)
    data(3, 0x00A042)  # movi a4, 0
    s32i(a4, a2, 148)
    j(CANDIDATE)
    label(INSIDE)
    mull(a11, a11, a12)
    add(a8, a8, a11)
    l32i(a13, a2, 32)
    l32i(a14, a2, 28)
    addx2(a13, a8, a13)
    addi(a3, a3, -1)
    s16i(a3, a13, 0)
    data(3, 0x1CA0F2)  # movi a15, 28
    mull(a8, a8, a15)
    add(a14, a14, a8)
    s32i(a14, a1, 12)
    add(a9, a9, a12)
    addi(a9, a9, -1)
    mull(a9, a9, a10)
    add(a4, a4, a9)
    l32i(a13, a2, 12)
    l32i(a14, a2, 8)
    l32i(a15, a2, 124)
    s32i(a15, a1, 8)
    s32i(a2, a1, 4)
    add(a0, a14, a4)
    add(a0, a0, a5)
    addi(a0, a0, 2)
    add(a2, a13, a4)
    data(3, 0x00A052)  # movi a5, 0
    data(3, 0x131050)  # wsr a5, acclo
    data(3, 0x00A062)  # movi a6, 0
    data(3, 0x00A072)  # movi a7, 0
    data(3, 0x00A082)  # movi a8, 0
    data(3, 0x00A092)  # movi a9, 0
    data(3, 0x00A0A2)  # movi a10, 0
    label(LINE)
    l8ui(a11, a2, 0)
    l8ui(a12, a2, 1)
    l8ui(a13, a2, 2)
    l8ui(a14, a2, 3)
    l32i(a4, a1, 4)
    l32i(a4, a4, 116)
    nop_n()
    data(3, 0xD79476)  # loopnez a4, 216 bytes
    l8ui(a3, a0, 0)
    l8ui(a15, a2, 4)
    mull(a4, a11, a3)
    add(a10, a10, a4)
    mull(a4, a12, a3)
    add(a9, a9, a4)
    mull(a4, a13, a3)
    add(a8, a8, a4)
    mull(a4, a14, a3)
    add(a7, a7, a4)
    mull(a4, a15, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    l8ui(a3, a0, 1)
    l8ui(a11, a2, 5)
    mull(a4, a12, a3)
    add(a10, a10, a4)
    mull(a4, a13, a3)
    add(a9, a9, a4)
    mull(a4, a14, a3)
    add(a8, a8, a4)
    mull(a4, a15, a3)
    add(a7, a7, a4)
    mull(a4, a11, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    l8ui(a3, a0, 2)
    l8ui(a12, a2, 6)
    mull(a4, a13, a3)
    add(a10, a10, a4)
    mull(a4, a14, a3)
    add(a9, a9, a4)
    mull(a4, a15, a3)
    add(a8, a8, a4)
    mull(a4, a11, a3)
    add(a7, a7, a4)
    mull(a4, a12, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    l8ui(a3, a0, 3)
    l8ui(a13, a2, 7)
    mull(a4, a14, a3)
    add(a10, a10, a4)
    mull(a4, a15, a3)
    add(a9, a9, a4)
    mull(a4, a11, a3)
    add(a8, a8, a4)
    mull(a4, a12, a3)
    add(a7, a7, a4)
    mull(a4, a13, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    l8ui(a3, a0, 4)
    l8ui(a14, a2, 8)
    mull(a4, a15, a3)
    add(a10, a10, a4)
    mull(a4, a11, a3)
    add(a9, a9, a4)
    mull(a4, a12, a3)
    add(a8, a8, a4)
    mull(a4, a13, a3)
    add(a7, a7, a4)
    mull(a4, a14, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    addi(a0, a0, 5)
    addi(a2, a2, 5)
    l32i(a4, a1, 4)
    l32i(a4, a4, 120)
    nop_n()
    data(3, 0x3B9476)  # loopnez a4, 60 bytes
    l8ui(a3, a0, 0)
    addi(a0, a0, 1)
    l8ui(a11, a2, 0)
    mull(a4, a11, a3)
    add(a10, a10, a4)
    l8ui(a11, a2, 1)
    mull(a4, a11, a3)
    add(a9, a9, a4)
    l8ui(a11, a2, 2)
    mull(a4, a11, a3)
    add(a8, a8, a4)
    l8ui(a11, a2, 3)
    mull(a4, a11, a3)
    add(a7, a7, a4)
    l8ui(a11, a2, 4)
    mull(a4, a11, a3)
    add(a6, a6, a4)
    add(a5, a5, a3)
    data(3, 0x780334)  # mula.aa.ll a3, a3
    addi(a2, a2, 1)
    l32i(a4, a1, 4)
    l32i(a4, a4, 112)
    l32i(a3, a1, 8)
    add(a0, a0, a4)
    add(a2, a2, a4)
    addi(a3, a3, -1)
    s32i(a3, a1, 8)
    bnez(a3, LINE)
    l32i(a2, a1, 4)
    l32i(a3, a1, 12)
    data(3, 0x031040)  # rsr a4, acclo
    s32i(a5, a3, 0)
    s32i(a4, a3, 4)
    s32i(a6, a3, 8)
    s32i(a7, a3, 12)
    s32i(a8, a3, 16)
    s32i(a9, a3, 20)
    s32i(a10, a3, 24)
    j(COLUMN)
    label(END)


@micropython.asm_xtensa
def seed(a2):
    # words. As depth_kernels.seed; its arguments and room behind them.
    l32i(a3, a2, 28)
    l32i(a4, a3, 0)
    s32i(a4, a2, 32)
    l32i(a4, a3, 4)
    s32i(a4, a2, 36)
    l32i(a4, a3, 8)
    s32i(a4, a2, 40)
    l32i(a4, a3, 12)
    s32i(a4, a2, 44)
    l32i(a4, a3, 16)
    s32i(a4, a2, 48)
    l32i(a4, a3, 20)
    s32i(a4, a2, 52)
    l32i(a4, a3, 24)
    s32i(a4, a2, 56)
    l32i(a4, a3, 28)
    s32i(a4, a2, 60)
    l32i(a4, a3, 32)
    s32i(a4, a2, 64)
    l32i(a4, a3, 36)
    s32i(a4, a2, 68)
    l32i(a4, a3, 40)
    s32i(a4, a2, 72)
    l32i(a4, a3, 44)
    s32i(a4, a2, 76)
    l32i(a4, a3, 48)
    s32i(a4, a2, 80)
    l32i(a4, a3, 52)
    s32i(a4, a2, 84)
    l32i(a4, a2, 56)
    l32i(a5, a2, 52)
    l32i(a6, a2, 68)
    sub(a4, a4, a5)
    addi(a6, a6, -16)
    data(3, 0x00A072)  # movi a7, 0
    s32i(a4, a2, 56)
    s32i(a6, a2, 88)
    s32i(a7, a2, 92)
    label(ROW)
    l32i(a3, a2, 80)
    l32i(a4, a2, 84)
    l32i(a5, a2, 36)
    l32i(a6, a2, 32)
    data(3, 0x022347)  # blt a3, a4, BEGIN_ROW
    data(3, 0x00DA06)  # j END
    label(BEGIN_ROW)
    mull(a3, a3, a5)
    srli(a5, a5, 1)
    add(a3, a3, a5)
    addi(a3, a3, -7)
    mull(a3, a3, a6)
    data(3, 0x01A042)  # movi a4, 1
    data(3, 0x00A052)  # movi a5, 0
    s32i(a3, a2, 96)
    s32i(a4, a2, 100)
    s32i(a5, a2, 104)
    label(COLUMN)
    l32i(a3, a2, 100)
    l32i(a4, a2, 40)
    addi(a4, a4, -1)
    data(3, 0x142347)  # blt a3, a4, BEGIN_COLUMN
    l32i(a3, a2, 92)
    l32i(a4, a2, 80)
    addi(a3, a3, 1)
    addi(a4, a4, 3)
    s32i(a3, a2, 92)
    s32i(a4, a2, 80)
    j(ROW)
    label(BEGIN_COLUMN)
    l32i(a5, a2, 36)
    l32i(a9, a2, 32)
    l32i(a11, a2, 96)
    l32i(a6, a2, 8)
    mull(a8, a3, a5)
    srli(a5, a5, 1)
    add(a8, a8, a5)
    addi(a8, a8, -7)
    data(3, 0x07A896)  # bltz a8, DARK
    addi(a7, a8, 14)
    data(3, 0x74A797)  # bge a7, a9, DARK
    add(a11, a11, a8)
    add(a11, a11, a6)
    data(3, 0x00A0A2)  # movi a10, 0
    data(3, 0x1310A0)  # wsr a10, acclo
    add(a12, a11, a9)
    slli(a7, a9, 2)
    data(3, 0x04A0E2)  # movi a14, 4
    data(3, 0x4A8E76)  # loop a14, 75 bytes
    l8ui(a13, a12, 0)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 2)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 4)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 6)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 8)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 10)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 12)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    l8ui(a13, a12, 14)
    data(3, 0x780DD4)  # mula.aa.ll a13, a13
    add(a10, a10, a13)
    add(a12, a12, a7)
    data(3, 0x031030)  # rsr a3, acclo
    l32i(a4, a2, 76)
    slli(a3, a3, 5)
    mull(a5, a10, a10)
    sub(a3, a3, a5)
    data(3, 0x02A347)  # bge a3, a4, DOTS
    label(DARK)
    data(3, 0x00A106)  # j NEXT
    label(DOTS)
    srli(a10, a10, 5)
    data(3, 0x1FA032)  # movi a3, 31
    ssr(a3)
    data(3, 0x0FA0E2)  # movi a14, 15
    data(3, 0x00A042)  # movi a4, 0
    addi(a12, a11, 0)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8144D0)  # src a4, a4, a13
    addi(a12, a11, 2)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8144D0)  # src a4, a4, a13
    data(3, 0x00A052)  # movi a5, 0
    addi(a12, a11, 4)
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8155D0)  # src a5, a5, a13
    addi(a12, a11, 6)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8155D0)  # src a5, a5, a13
    data(3, 0x00A062)  # movi a6, 0
    addi(a12, a11, 8)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8166D0)  # src a6, a6, a13
    addi(a12, a11, 10)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8166D0)  # src a6, a6, a13
    data(3, 0x00A072)  # movi a7, 0
    addi(a12, a11, 12)
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8177D0)  # src a7, a7, a13
    addi(a12, a11, 14)
    nop_n()
    data(3, 0x0B8E76)  # loop a14, 12 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a9)
    sub(a13, a10, a13)
    data(3, 0x8177D0)  # src a7, a7, a13
    l32i(a9, a2, 56)
    l32i(a10, a2, 32)
    l32i(a11, a2, 48)
    l32i(a12, a2, 104)
    l32i(a13, a2, 92)
    sub(a8, a8, a9)
    addi(a9, a8, 15)
    sub(a9, a9, a10)
    data(3, 0x00A0E2)  # movi a14, 0
    data(3, 0x5399E0)  # max a9, a9, a14
    mull(a13, a13, a10)
    addi(a10, a8, 1)
    data(3, 0x43AAB0)  # min a10, a10, a11
    add(a8, a8, a13)
    s32i(a9, a2, 108)
    s32i(a10, a2, 112)
    s32i(a8, a2, 116)
    data(3, 0x00BC16)  # beqz a12, EVERYWHERE
    addi(a13, a12, -4)
    data(3, 0x5399D0)  # max a9, a9, a13
    addi(a13, a12, 3)
    data(3, 0x43AAD0)  # min a10, a10, a13
    label(EVERYWHERE)
    data(3, 0xFFA0E2)  # movi a14, 255
    l32i(a3, a2, 16)
    label(AGAIN)
    l32i(a0, a2, 20)
    l32i(a8, a2, 116)
    l32i(a13, a2, 12)
    data(3, 0x65A9A7)  # bge a9, a10, SEARCHED_
    add(a0, a0, a9)
    sub(a8, a8, a9)
    addx4(a8, a8, a13)
    label(DISPARITY)
    l32i(a12, a8, 0)
    xor(a12, a12, a4)
    data(3, 0xA4D0C0)  # extui a13, a12, 0, 11
    add(a13, a13, a3)
    l8ui(a11, a13, 0)
    data(3, 0xA4DBC0)  # extui a13, a12, 11, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0x95D6C0)  # extui a13, a12, 22, 10
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    l32i(a12, a8, 32)
    xor(a12, a12, a6)
    data(3, 0xA4D0C0)  # extui a13, a12, 0, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0xA4DBC0)  # extui a13, a12, 11, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0x95D6C0)  # extui a13, a12, 22, 10
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    l32i(a13, a2, 88)
    data(3, 0x08ADB7)  # bge a13, a11, WHOLE
    data(3, 0xFFA0B2)  # movi a11, 255
    data(3, 0x001586)  # j COUNTED
    label(SEARCHED_)
    data(3, 0x002406)  # j SEARCHED
    label(WHOLE)
    l32i(a12, a8, 16)
    xor(a12, a12, a5)
    data(3, 0xA4D0C0)  # extui a13, a12, 0, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0xA4DBC0)  # extui a13, a12, 11, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0x95D6C0)  # extui a13, a12, 22, 10
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    l32i(a12, a8, 48)
    xor(a12, a12, a7)
    data(3, 0xA4D0C0)  # extui a13, a12, 0, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0xA4DBC0)  # extui a13, a12, 11, 11
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    data(3, 0x95D6C0)  # extui a13, a12, 22, 10
    add(a13, a13, a3)
    l8ui(a13, a13, 0)
    add(a11, a11, a13)
    label(COUNTED)
    s8i(a11, a0, 0)
    data(3, 0x03ABE7)  # bge a11, a14, WORSE
    mov(a14, a11)
    mov(a15, a9)
    label(WORSE)
    addi(a9, a9, 1)
    addi(a0, a0, 1)
    addi(a8, a8, -4)
    data(3, 0x0219A7)  # beq a9, a10, LAST
    j(DISPARITY)
    label(LAST)
    l32i(a13, a2, 104)
    l32i(a11, a2, 72)
    data(3, 0x01AD16)  # beqz a13, SEARCHED
    data(3, 0x01A0D2)  # movi a13, 1
    data(3, 0x11ABE7)  # bge a11, a14, SETTLED
    data(3, 0x00A0D2)  # movi a13, 0
    s32i(a13, a2, 104)
    data(3, 0xFFA0E2)  # movi a14, 255
    l32i(a9, a2, 108)
    l32i(a10, a2, 112)
    j(AGAIN)
    label(SETTLED)
    s32i(a13, a2, 104)
    label(SEARCHED)
    l32i(a7, a2, 68)
    l32i(a11, a2, 104)
    l32i(a3, a2, 20)
    l32i(a8, a2, 108)
    l32i(a9, a2, 60)
    data(3, 0x02A7E7)  # bge a7, a14, MATCHED
    data(3, 0x001B46)  # j NEXT
    label(MATCHED)
    data(3, 0x04CB56)  # bnez a11, ALONE
    data(3, 0x00A0A2)  # movi a10, 0
    data(3, 0xFFA042)  # movi a4, 255
    sub(a5, a15, a9)
    sub(a5, a5, a8)
    data(3, 0x5355A0)  # max a5, a5, a10
    add(a6, a3, a8)
    data(3, 0x089576)  # loopnez a5, 9 bytes
    l8ui(a7, a6, 0)
    addi(a6, a6, 1)
    data(3, 0x434470)  # min a4, a4, a7
    l32i(a5, a2, 112)
    add(a6, a15, a9)
    addi(a6, a6, 1)
    sub(a5, a5, a6)
    data(3, 0x5355A0)  # max a5, a5, a10
    add(a6, a6, a3)
    nop_n()
    data(3, 0x089576)  # loopnez a5, 9 bytes
    l8ui(a7, a6, 0)
    addi(a6, a6, 1)
    data(3, 0x434470)  # min a4, a4, a7
    l32i(a7, a2, 64)
    add(a7, a7, a14)
    data(3, 0x05A477)  # bge a4, a7, ALONE
    s32i(a10, a2, 104)
    data(3, 0x000746)  # j NEXT
    label(ALONE)
    l32i(a3, a2, 80)
    l32i(a4, a2, 40)
    l32i(a5, a2, 100)
    l32i(a6, a2, 24)
    mull(a3, a3, a4)
    addi(a15, a15, 1)
    add(a3, a3, a5)
    s32i(a15, a2, 104)
    add(a3, a3, a6)
    s8i(a15, a3, 0)
    label(NEXT)
    l32i(a3, a2, 100)
    addi(a3, a3, 3)
    s32i(a3, a2, 100)
    j(COLUMN)
    label(END)


@micropython.asm_xtensa
def agree(a2, a3, a4, a5):
    # disparity, confidence, kept, block. As depth_kernels.agree.
    l32i(a6, a5, 4)
    l32i(a7, a5, 8)
    l32i(a8, a5, 12)
    l32i(a5, a5, 0)
    mull(a5, a5, a6)
    data(3, 0x124516)  # beqz a5, END
    add(a12, a7, a7)
    mov(a9, a5)
    addi(a6, a6, 1)
    label(CELL)
    l8ui(a10, a3, 0)
    data(3, 0x0D7A16)  # beqz a10, NO_ANSWER
    data(3, 0x0092B2)  # l16si a11, a2, 0
    data(3, 0xFFAFD2)  # movi a13, -1
    sub(a11, a11, a7)
    sub(a0, a3, a6)
    sub(a14, a2, a6)
    sub(a14, a14, a6)
    l8ui(a10, a0, 0)
    data(3, 0x00BA16)  # beqz a10, STRANGER00
    data(3, 0x009EF2)  # l16si a15, a14, 0
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER00
    addi(a13, a13, 1)
    label(STRANGER00)
    l8ui(a10, a0, 1)
    data(3, 0x00BA16)  # beqz a10, STRANGER01
    data(3, 0x019EF2)  # l16si a15, a14, 2
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER01
    addi(a13, a13, 1)
    label(STRANGER01)
    l8ui(a10, a0, 2)
    data(3, 0x00BA16)  # beqz a10, STRANGER02
    data(3, 0x029EF2)  # l16si a15, a14, 4
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER02
    addi(a13, a13, 1)
    label(STRANGER02)
    add(a0, a0, a6)
    addx2(a14, a6, a14)
    addi(a0, a0, -1)
    addi(a14, a14, -2)
    l8ui(a10, a0, 0)
    data(3, 0x00BA16)  # beqz a10, STRANGER10
    data(3, 0x009EF2)  # l16si a15, a14, 0
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER10
    addi(a13, a13, 1)
    label(STRANGER10)
    l8ui(a10, a0, 1)
    data(3, 0x00BA16)  # beqz a10, STRANGER11
    data(3, 0x019EF2)  # l16si a15, a14, 2
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER11
    addi(a13, a13, 1)
    label(STRANGER11)
    l8ui(a10, a0, 2)
    data(3, 0x00BA16)  # beqz a10, STRANGER12
    data(3, 0x029EF2)  # l16si a15, a14, 4
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER12
    addi(a13, a13, 1)
    label(STRANGER12)
    add(a0, a0, a6)
    addx2(a14, a6, a14)
    addi(a0, a0, -1)
    addi(a14, a14, -2)
    l8ui(a10, a0, 0)
    data(3, 0x00BA16)  # beqz a10, STRANGER20
    data(3, 0x009EF2)  # l16si a15, a14, 0
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER20
    addi(a13, a13, 1)
    label(STRANGER20)
    l8ui(a10, a0, 1)
    data(3, 0x00BA16)  # beqz a10, STRANGER21
    data(3, 0x019EF2)  # l16si a15, a14, 2
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER21
    addi(a13, a13, 1)
    label(STRANGER21)
    l8ui(a10, a0, 2)
    data(3, 0x00BA16)  # beqz a10, STRANGER22
    data(3, 0x029EF2)  # l16si a15, a14, 4
    sub(a15, a15, a11)
    data(3, 0x023CF7)  # bltu a12, a15, STRANGER22
    addi(a13, a13, 1)
    label(STRANGER22)
    data(3, 0x01A0F2)  # movi a15, 1
    data(3, 0x02AD87)  # bge a13, a8, KEPT
    data(3, 0x00A0F2)  # movi a15, 0
    label(KEPT)
    s8i(a15, a4, 0)
    label(NO_ANSWER)
    addi(a3, a3, 1)
    addi(a2, a2, 2)
    addi(a4, a4, 1)
    addi(a9, a9, -1)
    bnez(a9, CELL)
    sub(a3, a3, a5)
    sub(a2, a2, a5)
    sub(a2, a2, a5)
    sub(a4, a4, a5)
    data(3, 0x00A0F2)  # movi a15, 0
    label(DROP)
    l8ui(a10, a3, 0)
    data(3, 0x00BA16)  # beqz a10, STAYS
    l8ui(a10, a4, 0)
    data(3, 0x005A56)  # bnez a10, STAYS
    s8i(a15, a3, 0)
    s16i(a15, a2, 0)
    label(STAYS)
    addi(a3, a3, 1)
    addi(a2, a2, 2)
    addi(a4, a4, 1)
    addi(a5, a5, -1)
    bnez(a5, DROP)
    label(END)


@micropython.asm_xtensa
def clear(a2):
    # words. As depth_kernels.clear; its arguments.
    l32i(a3, a2, 0)
    l32i(a4, a2, 4)
    l32i(a5, a2, 8)
    l32i(a6, a2, 12)
    l32i(a7, a2, 16)
    data(3, 0x00A092)  # movi a9, 0
    srli(a8, a7, 3)
    data(3, 0x247070)  # extui a7, a7, 0, 3
    data(3, 0x6B9876)  # loopnez a8, 108 bytes
    s8i(a9, a4, 0)
    s8i(a9, a5, 0)
    s16i(a9, a3, 0)
    s16i(a9, a6, 0)
    s8i(a9, a4, 1)
    s8i(a9, a5, 1)
    s16i(a9, a3, 2)
    s16i(a9, a6, 2)
    s8i(a9, a4, 2)
    s8i(a9, a5, 2)
    s16i(a9, a3, 4)
    s16i(a9, a6, 4)
    s8i(a9, a4, 3)
    s8i(a9, a5, 3)
    s16i(a9, a3, 6)
    s16i(a9, a6, 6)
    s8i(a9, a4, 4)
    s8i(a9, a5, 4)
    s16i(a9, a3, 8)
    s16i(a9, a6, 8)
    s8i(a9, a4, 5)
    s8i(a9, a5, 5)
    s16i(a9, a3, 10)
    s16i(a9, a6, 10)
    s8i(a9, a4, 6)
    s8i(a9, a5, 6)
    s16i(a9, a3, 12)
    s16i(a9, a6, 12)
    s8i(a9, a4, 7)
    s8i(a9, a5, 7)
    s16i(a9, a3, 14)
    s16i(a9, a6, 14)
    addi(a4, a4, 8)
    addi(a5, a5, 8)
    addi(a3, a3, 16)
    addi(a6, a6, 16)
    nop_n()
    data(3, 0x179776)  # loopnez a7, 24 bytes
    s8i(a9, a4, 0)
    s8i(a9, a5, 0)
    s16i(a9, a3, 0)
    s16i(a9, a6, 0)
    addi(a4, a4, 1)
    addi(a5, a5, 1)
    addi(a3, a3, 2)
    addi(a6, a6, 2)


@micropython.asm_xtensa
def extent(a2, a3, a4):
    # disparity, confidence, block. As depth_kernels.extent.
    l32i(a5, a4, 0)
    data(3, 0x01A0C2)  # movi a12, 1
    slli(a12, a12, 15)
    add(a11, a12, a12)
    data(3, 0x00A0D2)  # movi a13, 0
    mov(a6, a11)
    data(3, 0x00A072)  # movi a7, 0
    data(3, 0x1C9576)  # loopnez a5, 29 bytes
    data(3, 0x009282)  # l16si a8, a2, 0
    l8ui(a10, a3, 0)
    add(a8, a8, a12)
    mov(a9, a8)
    data(3, 0x838BA0)  # moveqz a8, a11, a10
    data(3, 0x839DA0)  # moveqz a9, a13, a10
    data(3, 0x436680)  # min a6, a6, a8
    data(3, 0x537790)  # max a7, a7, a9
    addi(a2, a2, 2)
    addi(a3, a3, 1)
    s32i(a6, a4, 4)
    s32i(a7, a4, 8)


@micropython.asm_xtensa
def look_up(a2):
    # words. As depth_kernels.look_up; its arguments.
    l32i(a3, a2, 0)
    l32i(a4, a2, 4)
    l32i(a5, a2, 8)
    l32i(a6, a2, 12)
    l32i(a7, a2, 16)
    l32i(a8, a7, 0)
    l32i(a10, a7, 4)
    data(3, 0x02F816)  # beqz a8, END
    data(3, 0x01A092)  # movi a9, 1
    slli(a9, a9, 15)
    sub(a10, a9, a10)
    addx2(a5, a10, a5)
    label(CELL)
    l8ui(a9, a4, 0)
    data(3, 0x00A0A2)  # movi a10, 0
    data(3, 0x008916)  # beqz a9, NO_ANSWER
    data(3, 0x0093A2)  # l16si a10, a3, 0
    addx2(a10, a10, a5)
    l16ui(a10, a10, 0)
    label(NO_ANSWER)
    s16i(a10, a6, 0)
    addi(a4, a4, 1)
    addi(a3, a3, 2)
    addi(a6, a6, 2)
    addi(a8, a8, -1)
    bnez(a8, CELL)
    label(END)


@micropython.asm_xtensa
def count_depths(a2, a3, a4, a5):
    # at, depth, bins, first_column. As face_kernels.count_depths.
    data(3, 0x00A082)  # movi a8, 0
    data(3, 0x40A062)  # movi a6, 64
    mov(a9, a4)
    data(3, 0x1A8676)  # loop a6, 27 bytes
    s32i(a8, a9, 0)
    s32i(a8, a9, 4)
    s32i(a8, a9, 8)
    s32i(a8, a9, 12)
    s32i(a8, a9, 16)
    s32i(a8, a9, 20)
    s32i(a8, a9, 24)
    s32i(a8, a9, 28)
    addi(a9, a9, 32)
    data(3, 0x30A072)  # movi a7, 48
    data(3, 0x40A062)  # movi a6, 64
    sub(a6, a6, a5)
    label(ROW)
    addx2(a3, a5, a3)
    nop_n()
    data(3, 0x149676)  # loopnez a6, 21 bytes
    l16ui(a8, a3, 0)
    addi(a3, a3, 2)
    srli(a8, a8, 7)
    addx4(a9, a8, a4)
    l32i(a10, a9, 0)
    addi(a10, a10, 1)
    s32i(a10, a9, 0)
    addi(a7, a7, -1)
    bnez(a7, ROW)


@micropython.asm_xtensa
def count_columns(a2, a3, a4, a5):
    # cells, count, columns, rows. As face_kernels.count_columns.
    data(3, 0x00A062)  # movi a6, 0
    mov(a7, a4)
    data(3, 0x10A092)  # movi a9, 16
    data(3, 0x0E8976)  # loop a9, 15 bytes
    s32i(a6, a7, 0)
    s32i(a6, a7, 4)
    s32i(a6, a7, 8)
    s32i(a6, a7, 12)
    addi(a7, a7, 16)
    mov(a7, a5)
    data(3, 0x0CA092)  # movi a9, 12
    nop_n()
    data(3, 0x0E8976)  # loop a9, 15 bytes
    s32i(a6, a7, 0)
    s32i(a6, a7, 4)
    s32i(a6, a7, 8)
    s32i(a6, a7, 12)
    addi(a7, a7, 16)
    nop_n()
    data(3, 0x239376)  # loopnez a3, 36 bytes
    l16ui(a6, a2, 0)
    addi(a2, a2, 2)
    data(3, 0x547060)  # extui a7, a6, 0, 6
    srli(a6, a6, 6)
    addx4(a7, a7, a4)
    addx4(a6, a6, a5)
    l32i(a8, a7, 0)
    addi(a8, a8, 1)
    s32i(a8, a7, 0)
    l32i(a8, a6, 0)
    addi(a8, a8, 1)
    s32i(a8, a6, 0)


@micropython.asm_xtensa
def largest_body(a2):
    # words. As face_kernels.largest_body; its arguments and room behind them.
    l32i(a3, a2, 8)
    l32i(a4, a2, 12)
    l32i(a13, a2, 24)
    data(3, 0x01A0C2)  # movi a12, 1
    l32i(a5, a13, 0)
    l32i(a6, a13, 4)
    l32i(a7, a13, 16)
    data(3, 0x5355C0)  # max a5, a5, a12
    sub(a6, a6, a5)
    data(3, 0x0086D6)  # bgez a6, ANY
    slli(a5, a12, 15)
    add(a5, a5, a5)
    data(3, 0x00A062)  # movi a6, 0
    label(ANY)
    data(3, 0x40A082)  # movi a8, 64
    sub(a8, a8, a7)
    data(3, 0x30A092)  # movi a9, 48
    label(MARK)
    data(3, 0x00A0A2)  # movi a10, 0
    nop_n()
    data(3, 0x059776)  # loopnez a7, 6 bytes
    s8i(a10, a4, 0)
    addi(a4, a4, 1)
    addx2(a3, a7, a3)
    data(3, 0x1A9876)  # loopnez a8, 27 bytes
    l16ui(a10, a3, 0)
    addi(a3, a3, 2)
    sub(a10, a10, a5)
    sub(a11, a6, a10)
    or_(a10, a10, a11)
    data(3, 0x05AFA0)  # extui a10, a10, 31, 1
    xor(a10, a10, a12)
    s8i(a10, a4, 0)
    addi(a4, a4, 1)
    addi(a9, a9, -1)
    bnez(a9, MARK)
    l32i(a14, a2, 24)
    l32i(a11, a14, 8)
    l32i(a14, a14, 12)
    s32i(a14, a2, 28)
    add(a12, a11, a11)
    data(3, 0x01A0D2)  # movi a13, 1
    data(3, 0x00A0E2)  # movi a14, 0
    s32i(a14, a2, 32)
    data(3, 0x00A092)  # movi a9, 0
    label(SEED)
    l32i(a4, a2, 12)
    data(3, 0x00A6F2)  # movi a15, 1536
    add(a15, a15, a15)
    label(LOOK)
    data(3, 0x26A9F7)  # bge a9, a15, FINISHED
    add(a14, a4, a9)
    l8ui(a14, a14, 0)
    addi(a9, a9, 1)
    bne(a14, a13, LOOK)
    s32i(a9, a2, 36)
    addi(a7, a9, -1)
    add(a15, a4, a7)
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a15, 0)
    l32i(a5, a2, 16)
    s16i(a7, a5, 0)
    addi(a6, a5, 2)
    data(3, 0x000146)  # j CELL
    label(FINISHED)
    l32i(a2, a2, 32)
    data(3, 0x005F06)  # j END
    label(CELL)
    l32i(a3, a2, 8)
    l32i(a4, a2, 12)
    l16ui(a7, a5, 0)
    addi(a5, a5, 2)
    srli(a9, a7, 6)
    data(3, 0x54A070)  # extui a10, a7, 0, 6
    addx2(a3, a7, a3)
    l16ui(a8, a3, 0)
    add(a4, a4, a7)
    addi(a4, a4, -65)
    addi(a3, a3, -65)
    addi(a3, a3, -65)
    data(3, 0x00A002)  # movi a0, 0
    data(3, 0x026A16)  # beqz a10, LEFT
    l8ui(a15, a4, 64)
    data(3, 0x020F16)  # beqz a15, LEFT
    l16ui(a14, a3, 128)
    sub(a14, a14, a8)
    add(a14, a14, a11)
    data(3, 0x143CE7)  # bltu a12, a14, LEFT
    addi(a0, a0, 1)
    data(3, 0x0E9FD7)  # bne a15, a13, LEFT
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a4, 64)
    addi(a14, a7, -1)
    s16i(a14, a6, 0)
    addi(a6, a6, 2)
    label(LEFT)
    addi(a14, a10, -63)
    data(3, 0x026E16)  # beqz a14, RIGHT
    l8ui(a15, a4, 66)
    data(3, 0x020F16)  # beqz a15, RIGHT
    l16ui(a14, a3, 132)
    sub(a14, a14, a8)
    add(a14, a14, a11)
    data(3, 0x143CE7)  # bltu a12, a14, RIGHT
    addi(a0, a0, 1)
    data(3, 0x0E9FD7)  # bne a15, a13, RIGHT
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a4, 66)
    addi(a14, a7, 1)
    s16i(a14, a6, 0)
    addi(a6, a6, 2)
    label(RIGHT)
    data(3, 0x026916)  # beqz a9, UP
    l8ui(a15, a4, 1)
    data(3, 0x020F16)  # beqz a15, UP
    l16ui(a14, a3, 2)
    sub(a14, a14, a8)
    add(a14, a14, a11)
    data(3, 0x143CE7)  # bltu a12, a14, UP
    addi(a0, a0, 1)
    data(3, 0x0E9FD7)  # bne a15, a13, UP
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a4, 1)
    addi(a14, a7, -64)
    s16i(a14, a6, 0)
    addi(a6, a6, 2)
    label(UP)
    addi(a14, a9, -47)
    data(3, 0x026E16)  # beqz a14, DOWN
    l8ui(a15, a4, 129)
    data(3, 0x020F16)  # beqz a15, DOWN
    l16ui(a14, a3, 258)
    sub(a14, a14, a8)
    add(a14, a14, a11)
    data(3, 0x143CE7)  # bltu a12, a14, DOWN
    addi(a0, a0, 1)
    data(3, 0x0E9FD7)  # bne a15, a13, DOWN
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a4, 129)
    addi(a14, a7, 64)
    s16i(a14, a6, 0)
    addi(a6, a6, 2)
    label(DOWN)
    addi(a0, a0, -4)
    data(3, 0x06E016)  # beqz a0, POPPED
    l32i(a14, a2, 28)
    data(3, 0x00A0F2)  # movi a15, 0
    add(a0, a9, a14)
    sub(a9, a9, a14)
    data(3, 0x5399F0)  # max a9, a9, a15
    sub(a7, a10, a14)
    data(3, 0x5377F0)  # max a7, a7, a15
    add(a10, a10, a14)
    data(3, 0x3FA0F2)  # movi a15, 63
    data(3, 0x43AAF0)  # min a10, a10, a15
    data(3, 0x2FA0F2)  # movi a15, 47
    data(3, 0x4300F0)  # min a0, a0, a15
    label(ROW)
    l32i(a3, a2, 12)
    slli(a14, a9, 6)
    add(a3, a3, a14)
    add(a4, a3, a10)
    add(a3, a3, a7)
    label(NEAR)
    l8ui(a14, a3, 0)
    data(3, 0x299ED7)  # bne a14, a13, FAR
    l32i(a14, a2, 12)
    l32i(a15, a2, 8)
    sub(a14, a3, a14)
    addx2(a15, a14, a15)
    l16ui(a14, a15, 0)
    sub(a14, a14, a8)
    add(a14, a14, a11)
    data(3, 0x113CE7)  # bltu a12, a14, FAR
    data(3, 0x02A0E2)  # movi a14, 2
    s8i(a14, a3, 0)
    l32i(a14, a2, 12)
    sub(a14, a3, a14)
    s16i(a14, a6, 0)
    addi(a6, a6, 2)
    label(FAR)
    addi(a3, a3, 1)
    bgeu(a4, a3, NEAR)
    addi(a9, a9, 1)
    bge(a0, a9, ROW)
    label(POPPED)
    data(3, 0x023567)  # bltu a5, a6, MORE
    data(3, 0x000086)  # j BODY
    label(MORE)
    j(CELL)
    label(BODY)
    l32i(a5, a2, 16)
    l32i(a14, a2, 32)
    sub(a6, a6, a5)
    srli(a6, a6, 1)
    data(3, 0x14AE67)  # bge a14, a6, SMALLER
    s32i(a6, a2, 32)
    l32i(a15, a2, 20)
    data(3, 0x0B8676)  # loop a6, 12 bytes
    l16ui(a14, a5, 0)
    addi(a5, a5, 2)
    s16i(a14, a15, 0)
    addi(a15, a15, 2)
    label(SMALLER)
    l32i(a9, a2, 36)
    j(SEED)
    label(END)


@micropython.asm_xtensa
def fill_gaps(a2):
    # words. As face_kernels.fill_gaps; its arguments and room behind them.
    l32i(a6, a2, 28)
    l32i(a5, a6, 0)
    l32i(a14, a6, 28)
    s32i(a14, a2, 32)
    label(ROW)
    l32i(a6, a2, 28)
    l32i(a14, a6, 4)
    data(3, 0x0525E7)  # blt a5, a14, BEGIN
    l32i(a2, a2, 32)
    data(3, 0x003A46)  # j END
    label(BEGIN)
    l32i(a3, a6, 8)
    l32i(a4, a6, 12)
    label(CELL)
    data(3, 0x29A347)  # bge a3, a4, ROW_END
    l32i(a8, a2, 12)
    slli(a14, a5, 6)
    add(a14, a14, a3)
    add(a8, a8, a14)
    l8ui(a15, a8, 0)
    data(3, 0x011F56)  # bnez a15, PASS
    l32i(a6, a2, 28)
    l32i(a7, a2, 8)
    l32i(a15, a6, 16)
    addx4(a7, a14, a7)
    l32i(a7, a7, 0)
    data(3, 0x0BA7F7)  # bge a7, a15, LIT
    label(PASS)
    addi(a3, a3, 1)
    j(CELL)
    label(ROW_END)
    addi(a5, a5, 1)
    j(ROW)
    label(LIT)
    data(3, 0x00A0D2)  # movi a13, 0
    data(3, 0x00A002)  # movi a0, 0
    data(3, 0x01A072)  # movi a7, 1
    addi(a9, a3, -2)
    data(3, 0x5399D0)  # max a9, a9, a13
    addi(a11, a5, -2)
    data(3, 0x53BBD0)  # max a11, a11, a13
    addi(a10, a3, 2)
    data(3, 0x3FA0E2)  # movi a14, 63
    data(3, 0x43AAE0)  # min a10, a10, a14
    addi(a12, a5, 2)
    data(3, 0x2FA0E2)  # movi a14, 47
    data(3, 0x43CCE0)  # min a12, a12, a14
    label(LINE)
    slli(a14, a11, 6)
    l32i(a8, a2, 12)
    l32i(a6, a2, 16)
    add(a14, a14, a9)
    add(a8, a8, a14)
    addx2(a6, a14, a6)
    sub(a14, a10, a9)
    add(a14, a14, a8)
    label(NEIGHBOUR)
    l8ui(a15, a8, 0)
    addi(a8, a8, 1)
    data(3, 0x089F77)  # bne a15, a7, OTHER
    l16ui(a15, a6, 0)
    addi(a13, a13, 1)
    add(a0, a0, a15)
    label(OTHER)
    addi(a6, a6, 2)
    bgeu(a14, a8, NEIGHBOUR)
    addi(a11, a11, 1)
    bge(a12, a11, LINE)
    l32i(a6, a2, 28)
    l32i(a14, a6, 20)
    data(3, 0x1D2DE7)  # blt a13, a14, NO_GAP
    data(3, 0xD200D0)  # quos a0, a0, a13
    slli(a11, a5, 6)
    add(a11, a11, a3)
    l32i(a15, a2, 16)
    l32i(a14, a6, 24)
    addx2(a15, a11, a15)
    l16ui(a15, a15, 0)
    sub(a14, a0, a14)
    data(3, 0x005F16)  # beqz a15, GAP
    data(3, 0x022FE7)  # blt a15, a14, GAP
    label(NO_GAP)
    j(PASS)
    label(GAP)
    l32i(a8, a2, 12)
    l32i(a15, a2, 20)
    data(3, 0x02A0E2)  # movi a14, 2
    add(a8, a8, a11)
    s8i(a14, a8, 0)
    addx2(a15, a11, a15)
    s16i(a0, a15, 0)
    l32i(a14, a2, 32)
    l32i(a15, a2, 24)
    addx2(a15, a14, a15)
    s16i(a11, a15, 0)
    addi(a14, a14, 1)
    s32i(a14, a2, 32)
    j(PASS)
    label(END)


@micropython.asm_xtensa
def put(a2):
    # words. As face_kernels.put; its arguments.
    l32i(a3, a2, 0)
    l32i(a4, a2, 4)
    l32i(a5, a2, 8)
    l32i(a6, a2, 12)
    l32i(a7, a2, 16)
    l32i(a8, a2, 20)
    data(3, 0x00A0A2)  # movi a10, 0
    data(3, 0x80A1C2)  # movi a12, 384
    data(3, 0x358C76)  # loop a12, 54 bytes
    s8i(a10, a7, 0)
    s16i(a8, a6, 0)
    s8i(a10, a7, 1)
    s16i(a8, a6, 2)
    s8i(a10, a7, 2)
    s16i(a8, a6, 4)
    s8i(a10, a7, 3)
    s16i(a8, a6, 6)
    s8i(a10, a7, 4)
    s16i(a8, a6, 8)
    s8i(a10, a7, 5)
    s16i(a8, a6, 10)
    s8i(a10, a7, 6)
    s16i(a8, a6, 12)
    s8i(a10, a7, 7)
    s16i(a8, a6, 14)
    addi(a7, a7, 8)
    addi(a6, a6, 16)
    l32i(a6, a2, 12)
    l32i(a7, a2, 16)
    data(3, 0x01A0B2)  # movi a11, 1
    nop_n()
    data(3, 0x179476)  # loopnez a4, 24 bytes
    l16ui(a9, a3, 0)
    addi(a3, a3, 2)
    addx2(a10, a9, a5)
    l16ui(a10, a10, 0)
    add(a13, a7, a9)
    s8i(a11, a13, 0)
    addx2(a9, a9, a6)
    s16i(a10, a9, 0)


@micropython.asm_xtensa
def count_blind(a2):
    # words. As face_kernels.count_blind; its arguments.
    l32i(a3, a2, 4)
    l32i(a4, a2, 8)
    l32i(a5, a2, 12)
    l32i(a6, a2, 16)
    data(3, 0x00A082)  # movi a8, 0
    data(3, 0x00A672)  # movi a7, 1536
    add(a7, a7, a7)
    label(CELL)
    l8ui(a9, a5, 0)
    data(3, 0x00E956)  # bnez a9, PASS
    l16ui(a9, a3, 0)
    data(3, 0x008956)  # bnez a9, PASS
    l32i(a9, a4, 0)
    data(3, 0x022967)  # blt a9, a6, PASS
    addi(a8, a8, 1)
    label(PASS)
    addi(a5, a5, 1)
    addi(a3, a3, 2)
    addi(a4, a4, 4)
    addi(a7, a7, -1)
    bnez(a7, CELL)
    mov(a2, a8)


@micropython.asm_xtensa
def _sum_products(a2):
    # words. As shape._sum_products; its arguments.
    l32i(a3, a2, 8)
    l32i(a4, a2, 12)
    l32i(a6, a2, 20)
    l32i(a14, a2, 16)
    s32i(a14, a1, 4)
    l32i(a2, a2, 24)
    data(3, 0x00A0E2)  # movi a14, 0
    data(3, 0x54A072)  # movi a7, 84
    data(3, 0x058776)  # loop a7, 6 bytes
    s32i(a14, a6, 0)
    addi(a6, a6, 4)
    data(3, 0x90AF72)  # movi a7, -112
    add(a6, a6, a7)
    data(3, 0x00A072)  # movi a7, 0
    data(3, 0x00A4E2)  # movi a14, 1024
    s32i(a14, a2, 4)
    l32i(a5, a2, 0)
    data(3, 0x00A202)  # movi a0, 512
    data(3, 0x011516)  # beqz a5, FAR_END
    label(POINT)
    l8ui(a14, a4, 0)
    l32i(a15, a1, 4)
    addi(a4, a4, 1)
    addi(a5, a5, -1)
    data(3, 0x051EF7)  # beq a14, a15, TAKEN
    data(3, 0x006686)  # j PASSED
    label(FAR_END)
    data(3, 0x007946)  # j END
    label(TAKEN)
    data(3, 0x00A8E2)  # movi a14, -2048
    l16ui(a8, a3, 0)
    add(a8, a8, a14)
    l16ui(a9, a3, 2)
    add(a9, a9, a14)
    l16ui(a13, a3, 4)
    add(a13, a13, a14)
    mull(a10, a8, a8)
    add(a10, a10, a0)
    srai(a10, a10, 10)
    mull(a11, a8, a9)
    add(a11, a11, a0)
    srai(a11, a11, 10)
    mull(a12, a9, a9)
    add(a12, a12, a0)
    srai(a12, a12, 10)
    data(3, 0x00A4E2)  # movi a14, 1024
    slli(a14, a14, 10)
    l32i(a15, a6, 0)
    add(a15, a15, a14)
    s32i(a15, a6, 0)
    s32i(a8, a2, 8)
    slli(a14, a8, 10)
    l32i(a15, a6, 4)
    add(a15, a15, a14)
    s32i(a15, a6, 4)
    mull(a14, a8, a8)
    l32i(a15, a6, 8)
    add(a15, a15, a14)
    s32i(a15, a6, 8)
    s32i(a9, a2, 12)
    slli(a14, a9, 10)
    l32i(a15, a6, 12)
    add(a15, a15, a14)
    s32i(a15, a6, 12)
    mull(a14, a9, a8)
    l32i(a15, a6, 16)
    add(a15, a15, a14)
    s32i(a15, a6, 16)
    mull(a14, a9, a9)
    l32i(a15, a6, 20)
    add(a15, a15, a14)
    s32i(a15, a6, 20)
    s32i(a10, a2, 16)
    slli(a14, a10, 10)
    l32i(a15, a6, 24)
    add(a15, a15, a14)
    s32i(a15, a6, 24)
    mull(a14, a10, a8)
    l32i(a15, a6, 28)
    add(a15, a15, a14)
    s32i(a15, a6, 28)
    mull(a14, a10, a9)
    l32i(a15, a6, 32)
    add(a15, a15, a14)
    s32i(a15, a6, 32)
    mull(a14, a10, a10)
    l32i(a15, a6, 36)
    add(a15, a15, a14)
    s32i(a15, a6, 36)
    s32i(a11, a2, 20)
    slli(a14, a11, 10)
    l32i(a15, a6, 40)
    add(a15, a15, a14)
    s32i(a15, a6, 40)
    mull(a14, a11, a8)
    l32i(a15, a6, 44)
    add(a15, a15, a14)
    s32i(a15, a6, 44)
    mull(a14, a11, a9)
    l32i(a15, a6, 48)
    add(a15, a15, a14)
    s32i(a15, a6, 48)
    mull(a14, a11, a10)
    l32i(a15, a6, 52)
    add(a15, a15, a14)
    s32i(a15, a6, 52)
    mull(a14, a11, a11)
    l32i(a15, a6, 56)
    add(a15, a15, a14)
    s32i(a15, a6, 56)
    s32i(a12, a2, 24)
    slli(a14, a12, 10)
    l32i(a15, a6, 60)
    add(a15, a15, a14)
    s32i(a15, a6, 60)
    mull(a14, a12, a8)
    l32i(a15, a6, 64)
    add(a15, a15, a14)
    s32i(a15, a6, 64)
    mull(a14, a12, a9)
    l32i(a15, a6, 68)
    add(a15, a15, a14)
    s32i(a15, a6, 68)
    mull(a14, a12, a10)
    l32i(a15, a6, 72)
    add(a15, a15, a14)
    s32i(a15, a6, 72)
    mull(a14, a12, a11)
    l32i(a15, a6, 76)
    add(a15, a15, a14)
    s32i(a15, a6, 76)
    mull(a14, a12, a12)
    l32i(a15, a6, 80)
    add(a15, a15, a14)
    s32i(a15, a6, 80)
    s32i(a13, a2, 28)
    slli(a14, a13, 10)
    l32i(a15, a6, 84)
    add(a15, a15, a14)
    s32i(a15, a6, 84)
    mull(a14, a13, a8)
    l32i(a15, a6, 88)
    add(a15, a15, a14)
    s32i(a15, a6, 88)
    mull(a14, a13, a9)
    l32i(a15, a6, 92)
    add(a15, a15, a14)
    s32i(a15, a6, 92)
    mull(a14, a13, a10)
    l32i(a15, a6, 96)
    add(a15, a15, a14)
    s32i(a15, a6, 96)
    mull(a14, a13, a11)
    l32i(a15, a6, 100)
    add(a15, a15, a14)
    s32i(a15, a6, 100)
    mull(a14, a13, a12)
    l32i(a15, a6, 104)
    add(a15, a15, a14)
    s32i(a15, a6, 104)
    mull(a14, a13, a13)
    l32i(a15, a6, 108)
    add(a15, a15, a14)
    s32i(a15, a6, 108)
    addi(a7, a7, 1)
    label(PASSED)
    addi(a3, a3, 6)
    data(3, 0x008516)  # beqz a5, FLUSH
    srli(a14, a7, 9)
    data(3, 0x002E56)  # bnez a14, FLUSH
    j(POINT)
    label(FLUSH)
    addi(a6, a6, -112)
    addi(a6, a6, -112)
    data(3, 0x1CA072)  # movi a7, 28
    data(3, 0x00A082)  # movi a8, 0
    data(3, 0x208776)  # loop a7, 33 bytes
    l32i(a14, a6, 224)
    l32i(a9, a6, 0)
    s32i(a8, a6, 224)
    srai(a13, a14, 10)
    add(a9, a9, a13)
    l32i(a13, a6, 112)
    s32i(a9, a6, 0)
    data(3, 0x94E0E0)  # extui a14, a14, 0, 10
    add(a13, a13, a14)
    s32i(a13, a6, 112)
    addi(a6, a6, 4)
    addi(a6, a6, 56)
    addi(a6, a6, 56)
    data(3, 0x00A072)  # movi a7, 0
    data(3, 0x002516)  # beqz a5, END
    j(POINT)
    label(END)


@micropython.asm_xtensa
def _residuals(a2, a3, a4, a5):
    # points, residuals, block, sign_shift. As shape._residuals.
    l32i(a14, a4, 0)
    l32i(a5, a4, 4)
    l32i(a6, a4, 8)
    l32i(a7, a4, 12)
    l32i(a8, a4, 16)
    l32i(a9, a4, 20)
    l32i(a10, a4, 24)
    slli(a5, a5, 10)
    data(3, 0x00A242)  # movi a4, 512
    slli(a11, a4, 2)
    add(a5, a5, a11)
    data(3, 0x659E76)  # loopnez a14, 102 bytes
    l16ui(a12, a2, 0)
    l16ui(a13, a2, 2)
    sub(a12, a12, a11)
    sub(a13, a13, a11)
    mull(a15, a6, a12)
    mull(a0, a7, a13)
    add(a15, a15, a5)
    add(a15, a15, a0)
    mull(a0, a12, a12)
    add(a0, a0, a4)
    srai(a0, a0, 10)
    mull(a0, a0, a8)
    add(a15, a15, a0)
    mull(a0, a12, a13)
    add(a0, a0, a4)
    srai(a0, a0, 10)
    mull(a0, a0, a9)
    add(a15, a15, a0)
    mull(a0, a13, a13)
    add(a0, a0, a4)
    srai(a0, a0, 10)
    mull(a0, a0, a10)
    add(a15, a15, a0)
    l16ui(a12, a2, 4)
    srai(a15, a15, 12)
    sub(a12, a12, a11)
    sub(a12, a12, a15)
    data(3, 0x33CC40)  # clamps a12, a12, 11
    add(a12, a12, a11)
    data(3, 0x01A0D2)  # movi a13, 1
    data(3, 0x53CCD0)  # max a12, a12, a13
    s16i(a12, a3, 0)
    addi(a2, a2, 6)
    addi(a3, a3, 2)


@micropython.asm_xtensa
def _count(a2, a3, a4, a5):
    # residuals, dropped, histogram, block. As shape._count.
    l32i(a6, a5, 4)
    l32i(a5, a5, 0)
    mov(a7, a4)
    data(3, 0x00A082)  # movi a8, 0
    srli(a9, a6, 3)
    data(3, 0x246060)  # extui a6, a6, 0, 3
    data(3, 0x1A9976)  # loopnez a9, 27 bytes
    s16i(a8, a7, 0)
    s16i(a8, a7, 2)
    s16i(a8, a7, 4)
    s16i(a8, a7, 6)
    s16i(a8, a7, 8)
    s16i(a8, a7, 10)
    s16i(a8, a7, 12)
    s16i(a8, a7, 14)
    addi(a7, a7, 16)
    nop_n()
    data(3, 0x059676)  # loopnez a6, 6 bytes
    s16i(a8, a7, 0)
    addi(a7, a7, 2)
    data(3, 0x020516)  # beqz a5, END
    label(POINT)
    l8ui(a8, a3, 0)
    data(3, 0x00E856)  # bnez a8, DROPPED
    l16ui(a7, a2, 0)
    addx2(a7, a7, a4)
    l16ui(a8, a7, 0)
    addi(a8, a8, 1)
    s16i(a8, a7, 0)
    label(DROPPED)
    addi(a3, a3, 1)
    addi(a2, a2, 2)
    addi(a5, a5, -1)
    bnez(a5, POINT)
    label(END)


@micropython.asm_xtensa
def _farthest(a2, a3, a4):
    # histogram, middle, allowed. As shape._farthest.
    add(a5, a3, a3)
    addi(a5, a5, -1)
    addx2(a5, a5, a2)
    addi(a2, a2, 2)
    addi(a3, a3, -1)
    data(3, 0xFFAF62)  # movi a6, -1
    sub(a6, a6, a4)
    label(LIMIT)
    data(3, 0x020316)  # beqz a3, FOUND
    data(3, 0x01A396)  # bltz a3, NONE
    l16ui(a7, a5, 0)
    l16ui(a8, a2, 0)
    addi(a5, a5, -2)
    add(a6, a6, a7)
    add(a6, a6, a8)
    data(3, 0x00B6D6)  # bgez a6, FOUND
    addi(a2, a2, 2)
    addi(a3, a3, -1)
    j(LIMIT)
    label(NONE)
    data(3, 0x00A032)  # movi a3, 0
    label(FOUND)
    mov(a2, a3)


@micropython.asm_xtensa
def _range(a2, a3, a4):
    # histogram, bins, tail. As shape._range.
    addx2(a3, a3, a2)
    data(3, 0x00A052)  # movi a5, 0
    addi(a2, a2, -2)
    label(LOW)
    addi(a2, a2, 2)
    l16ui(a6, a2, 0)
    add(a5, a5, a6)
    bge(a4, a5, LOW)
    data(3, 0x00A052)  # movi a5, 0
    addi(a3, a3, 0)
    label(HIGH)
    addi(a3, a3, -2)
    l16ui(a6, a3, 0)
    add(a5, a5, a6)
    bge(a4, a5, HIGH)
    sub(a3, a3, a2)
    srai(a2, a3, 1)
