"""Assembler kernels for Xtensa cores with MAC16, MULSH, CLAMPS and loops: those of the ESP32-S3.

Written by firmware/xtensa/write_kernels.py, which says what they do; do not edit.
"""

# ruff: noqa
# pyright: basic, reportUndefinedVariable=false, reportUnusedExpression=false

import micropython


@micropython.asm_xtensa
def conv(a2, a3, a4, a5):
    # block, x, weights, y. Any window over an image with its padding.
    l32i(a8, a2, 48)
    ssr(a8)
    l32i(a12, a2, 44)
    l32i(a8, a2, 0)
    s32i(a8, a2, 64)
    label(IMAGE)
    s32i(a3, a2, 60)
    l32i(a8, a2, 4)
    s32i(a8, a2, 56)
    label(ROW)
    s32i(a3, a2, 52)
    l32i(a15, a2, 8)
    label(PIXEL)
    addi(a0, a2, 68)
    mov(a10, a3)
    l32i(a6, a2, 32)
    l32i(a7, a2, 28)
    l32i(a8, a2, 36)
    l32i(a9, a2, 40)
    add(a6, a6, a2)
    label(RUN)
    nop_n()
    data(3, 0x1D9876)  # loopnez a8, 30 bytes
    l8ui(a11, a10, 0)
    l8ui(a13, a10, 1)
    s16i(a11, a0, 0)
    l8ui(a11, a10, 2)
    s16i(a13, a0, 2)
    l8ui(a13, a10, 3)
    s16i(a11, a0, 4)
    addi(a10, a10, 4)
    s16i(a13, a0, 6)
    addi(a0, a0, 8)
    data(3, 0x0B9976)  # loopnez a9, 12 bytes
    l8ui(a11, a10, 0)
    addi(a10, a10, 1)
    s16i(a11, a0, 0)
    addi(a0, a0, 2)
    l32i(a14, a6, 0)
    addi(a6, a6, 4)
    add(a10, a10, a14)
    addi(a7, a7, -1)
    bnez(a7, RUN)
    l32i(a14, a2, 12)
    add(a14, a5, a14)
    mov(a13, a4)
    label(CHANNEL)
    l32i(a8, a13, 0)
    addi(a9, a2, 64)
    data(3, 0x131080)  # wsr a8, acclo
    data(3, 0x800904)  # ldinc m0, a9
    data(3, 0x802D04)  # ldinc m2, a13
    nop_n()
    data(3, 0x0B8C76)  # loop a12, 12 bytes
    data(3, 0x081904)  # mula.dd.ll.ldinc m1, a9, m0, m2
    data(3, 0x0B3D04)  # mula.dd.hh.ldinc m3, a13, m0, m2
    data(3, 0x084944)  # mula.dd.ll.ldinc m0, a9, m1, m3
    data(3, 0x0B6D44)  # mula.dd.hh.ldinc m2, a13, m1, m3
    data(3, 0x031080)  # rsr a8, acclo
    data(3, 0x0322A0)  # rsr a10, m2
    l32i(a11, a13, 4)
    data(3, 0xB288A0)  # mulsh a8, a8, a10
    add(a8, a8, a11)
    sra(a8, a8)
    data(3, 0x338800)  # clamps a8, a8, 7
    addi(a8, a8, -128)
    s8i(a8, a5, 0)
    addi(a5, a5, 1)
    addi(a13, a13, 8)
    bne(a5, a14, CHANNEL)
    l32i(a8, a2, 24)
    addi(a15, a15, -1)
    add(a3, a3, a8)
    bnez(a15, PIXEL)
    l32i(a3, a2, 52)
    l32i(a8, a2, 20)
    l32i(a9, a2, 56)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 56)
    bnez(a9, ROW)
    l32i(a3, a2, 60)
    l32i(a8, a2, 16)
    l32i(a9, a2, 64)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 64)
    bnez(a9, IMAGE)


@micropython.asm_xtensa
def conv_signed(a2, a3, a4, a5):
    # block, x, weights, y. Any window over an image with its padding.
    l32i(a12, a2, 44)
    l32i(a8, a2, 0)
    s32i(a8, a2, 64)
    label(IMAGE)
    s32i(a3, a2, 60)
    l32i(a8, a2, 4)
    s32i(a8, a2, 56)
    label(ROW)
    s32i(a3, a2, 52)
    l32i(a15, a2, 8)
    label(PIXEL)
    addi(a0, a2, 68)
    mov(a10, a3)
    l32i(a6, a2, 32)
    l32i(a7, a2, 28)
    l32i(a8, a2, 36)
    l32i(a9, a2, 40)
    add(a6, a6, a2)
    label(RUN)
    data(3, 0x1D9876)  # loopnez a8, 30 bytes
    l8ui(a11, a10, 0)
    l8ui(a13, a10, 1)
    s16i(a11, a0, 0)
    l8ui(a11, a10, 2)
    s16i(a13, a0, 2)
    l8ui(a13, a10, 3)
    s16i(a11, a0, 4)
    addi(a10, a10, 4)
    s16i(a13, a0, 6)
    addi(a0, a0, 8)
    data(3, 0x0B9976)  # loopnez a9, 12 bytes
    l8ui(a11, a10, 0)
    addi(a10, a10, 1)
    s16i(a11, a0, 0)
    addi(a0, a0, 2)
    l32i(a14, a6, 0)
    addi(a6, a6, 4)
    add(a10, a10, a14)
    addi(a7, a7, -1)
    bnez(a7, RUN)
    l32i(a14, a2, 12)
    add(a14, a5, a14)
    mov(a13, a4)
    label(CHANNEL)
    l32i(a8, a13, 0)
    addi(a9, a2, 64)
    data(3, 0x131080)  # wsr a8, acclo
    data(3, 0x800904)  # ldinc m0, a9
    data(3, 0x802D04)  # ldinc m2, a13
    nop_n()
    data(3, 0x0B8C76)  # loop a12, 12 bytes
    data(3, 0x081904)  # mula.dd.ll.ldinc m1, a9, m0, m2
    data(3, 0x0B3D04)  # mula.dd.hh.ldinc m3, a13, m0, m2
    data(3, 0x084944)  # mula.dd.ll.ldinc m0, a9, m1, m3
    data(3, 0x0B6D44)  # mula.dd.hh.ldinc m2, a13, m1, m3
    data(3, 0x031080)  # rsr a8, acclo
    data(3, 0x0322A0)  # rsr a10, m2
    l32i(a11, a13, 4)
    l32i(a9, a13, 8)
    ssr(a9)
    data(3, 0xB288A0)  # mulsh a8, a8, a10
    srai(a9, a8, 31)
    addx2(a8, a9, a8)
    add(a8, a8, a11)
    sra(a8, a8)
    data(3, 0x338800)  # clamps a8, a8, 7
    addi(a8, a8, -128)
    s8i(a8, a5, 0)
    addi(a5, a5, 1)
    addi(a13, a13, 12)
    bne(a5, a14, CHANNEL)
    l32i(a8, a2, 24)
    addi(a15, a15, -1)
    add(a3, a3, a8)
    bnez(a15, PIXEL)
    l32i(a3, a2, 52)
    l32i(a8, a2, 20)
    l32i(a9, a2, 56)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 56)
    bnez(a9, ROW)
    l32i(a3, a2, 60)
    l32i(a8, a2, 16)
    l32i(a9, a2, 64)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 64)
    bnez(a9, IMAGE)


@micropython.asm_xtensa
def direct(a2, a3, a4, a5):
    # block, x, weights, y. A fully connected layer, or single pixels.
    l32i(a8, a2, 12)
    ssr(a8)
    l32i(a15, a2, 0)
    l32i(a12, a2, 8)
    l32i(a7, a2, 4)
    l32i(a6, a2, 16)
    label(PIXEL)
    addi(a8, a2, 20)
    data(3, 0x178C76)  # loop a12, 24 bytes
    l32i(a10, a3, 0)
    addi(a3, a3, 4)
    and_(a9, a10, a6)
    srli(a10, a10, 8)
    s32i(a9, a8, 0)
    and_(a10, a10, a6)
    s32i(a10, a8, 4)
    addi(a8, a8, 8)
    add(a14, a5, a7)
    mov(a13, a4)
    label(CHANNEL)
    l32i(a8, a13, 0)
    addi(a9, a2, 16)
    data(3, 0x131080)  # wsr a8, acclo
    data(3, 0x800904)  # ldinc m0, a9
    data(3, 0x802D04)  # ldinc m2, a13
    data(3, 0x0B8C76)  # loop a12, 12 bytes
    data(3, 0x081904)  # mula.dd.ll.ldinc m1, a9, m0, m2
    data(3, 0x0B3D04)  # mula.dd.hh.ldinc m3, a13, m0, m2
    data(3, 0x084944)  # mula.dd.ll.ldinc m0, a9, m1, m3
    data(3, 0x0B6D44)  # mula.dd.hh.ldinc m2, a13, m1, m3
    data(3, 0x031080)  # rsr a8, acclo
    data(3, 0x0322A0)  # rsr a10, m2
    l32i(a11, a13, 4)
    data(3, 0xB288A0)  # mulsh a8, a8, a10
    add(a8, a8, a11)
    sra(a8, a8)
    data(3, 0x338800)  # clamps a8, a8, 7
    addi(a8, a8, -128)
    s8i(a8, a5, 0)
    addi(a5, a5, 1)
    addi(a13, a13, 8)
    bne(a5, a14, CHANNEL)
    addi(a15, a15, -1)
    bnez(a15, PIXEL)


@micropython.asm_xtensa
def direct_signed(a2, a3, a4, a5):
    # block, x, weights, y. A fully connected layer, or single pixels.
    l32i(a15, a2, 0)
    l32i(a12, a2, 8)
    l32i(a7, a2, 4)
    l32i(a6, a2, 16)
    label(PIXEL)
    addi(a8, a2, 20)
    nop_n()
    data(3, 0x178C76)  # loop a12, 24 bytes
    l32i(a10, a3, 0)
    addi(a3, a3, 4)
    and_(a9, a10, a6)
    srli(a10, a10, 8)
    s32i(a9, a8, 0)
    and_(a10, a10, a6)
    s32i(a10, a8, 4)
    addi(a8, a8, 8)
    add(a14, a5, a7)
    mov(a13, a4)
    label(CHANNEL)
    l32i(a8, a13, 0)
    addi(a9, a2, 16)
    data(3, 0x131080)  # wsr a8, acclo
    data(3, 0x800904)  # ldinc m0, a9
    data(3, 0x802D04)  # ldinc m2, a13
    data(3, 0x0B8C76)  # loop a12, 12 bytes
    data(3, 0x081904)  # mula.dd.ll.ldinc m1, a9, m0, m2
    data(3, 0x0B3D04)  # mula.dd.hh.ldinc m3, a13, m0, m2
    data(3, 0x084944)  # mula.dd.ll.ldinc m0, a9, m1, m3
    data(3, 0x0B6D44)  # mula.dd.hh.ldinc m2, a13, m1, m3
    data(3, 0x031080)  # rsr a8, acclo
    data(3, 0x0322A0)  # rsr a10, m2
    l32i(a11, a13, 4)
    l32i(a9, a13, 8)
    ssr(a9)
    data(3, 0xB288A0)  # mulsh a8, a8, a10
    srai(a9, a8, 31)
    addx2(a8, a9, a8)
    add(a8, a8, a11)
    sra(a8, a8)
    data(3, 0x338800)  # clamps a8, a8, 7
    addi(a8, a8, -128)
    s8i(a8, a5, 0)
    addi(a5, a5, 1)
    addi(a13, a13, 12)
    bne(a5, a14, CHANNEL)
    addi(a15, a15, -1)
    bnez(a15, PIXEL)


@micropython.asm_xtensa
def direct_8(a2, a3, a4, a5):
    # block, x, weights, y. As direct, for pixels of 8 channels.
    s32i(a2, a1, 4)
    l32i(a13, a2, 12)
    l32i(a14, a2, 0)
    ssr(a13)
    label(PIXEL)
    s32i(a14, a1, 8)
    l32i(a15, a2, 16)
    l32i(a2, a3, 0)
    and_(a0, a2, a15)
    srli(a2, a2, 8)
    and_(a2, a2, a15)
    l32i(a7, a3, 4)
    and_(a6, a7, a15)
    srli(a7, a7, 8)
    and_(a7, a7, a15)
    l32i(a15, a1, 4)
    addi(a3, a3, 8)
    l32i(a15, a15, 4)
    addi(a12, a4, -4)
    data(3, 0x801C04)  # ldinc m1, a12
    data(3, 0x800C04)  # ldinc m0, a12
    data(3, 0x3B8F76)  # loop a15, 60 bytes
    data(3, 0x0320D0)  # rsr a13, m0
    data(3, 0x1310D0)  # wsr a13, acclo
    data(3, 0x484C04)  # mula.da.ll.ldinc m0, a12, m1, a0
    data(3, 0x4B5C04)  # mula.da.hh.ldinc m1, a12, m1, a0
    data(3, 0x680024)  # mula.da.ll m0, a2
    data(3, 0x4B0C24)  # mula.da.hh.ldinc m0, a12, m0, a2
    data(3, 0x487C64)  # mula.da.ll.ldinc m3, a12, m1, a6
    data(3, 0x4B6C64)  # mula.da.hh.ldinc m2, a12, m1, a6
    data(3, 0x481C74)  # mula.da.ll.ldinc m1, a12, m0, a7
    data(3, 0x4B0C74)  # mula.da.hh.ldinc m0, a12, m0, a7
    data(3, 0x0310D0)  # rsr a13, acclo
    data(3, 0x0323E0)  # rsr a14, m3
    data(3, 0xB2DDE0)  # mulsh a13, a13, a14
    data(3, 0x0322E0)  # rsr a14, m2
    add(a13, a13, a14)
    sra(a13, a13)
    data(3, 0x33DD00)  # clamps a13, a13, 7
    addi(a13, a13, -128)
    s8i(a13, a5, 0)
    addi(a5, a5, 1)
    l32i(a14, a1, 8)
    l32i(a2, a1, 4)
    addi(a14, a14, -1)
    bnez(a14, PIXEL)


@micropython.asm_xtensa
def direct_12(a2, a3, a4, a5):
    # block, x, weights, y. As direct, for pixels of 12 channels.
    s32i(a2, a1, 4)
    l32i(a13, a2, 12)
    l32i(a14, a2, 0)
    ssr(a13)
    label(PIXEL)
    s32i(a14, a1, 8)
    l32i(a15, a2, 16)
    l32i(a2, a3, 0)
    and_(a0, a2, a15)
    srli(a2, a2, 8)
    and_(a2, a2, a15)
    l32i(a7, a3, 4)
    and_(a6, a7, a15)
    srli(a7, a7, 8)
    and_(a7, a7, a15)
    l32i(a9, a3, 8)
    and_(a8, a9, a15)
    srli(a9, a9, 8)
    and_(a9, a9, a15)
    l32i(a15, a1, 4)
    addi(a3, a3, 12)
    l32i(a15, a15, 4)
    addi(a12, a4, -4)
    data(3, 0x801C04)  # ldinc m1, a12
    data(3, 0x800C04)  # ldinc m0, a12
    data(3, 0x478F76)  # loop a15, 72 bytes
    data(3, 0x0320D0)  # rsr a13, m0
    data(3, 0x1310D0)  # wsr a13, acclo
    data(3, 0x484C04)  # mula.da.ll.ldinc m0, a12, m1, a0
    data(3, 0x4B5C04)  # mula.da.hh.ldinc m1, a12, m1, a0
    data(3, 0x680024)  # mula.da.ll m0, a2
    data(3, 0x4B0C24)  # mula.da.hh.ldinc m0, a12, m0, a2
    data(3, 0x684064)  # mula.da.ll m1, a6
    data(3, 0x4B5C64)  # mula.da.hh.ldinc m1, a12, m1, a6
    data(3, 0x680074)  # mula.da.ll m0, a7
    data(3, 0x4B0C74)  # mula.da.hh.ldinc m0, a12, m0, a7
    data(3, 0x487C84)  # mula.da.ll.ldinc m3, a12, m1, a8
    data(3, 0x4B6C84)  # mula.da.hh.ldinc m2, a12, m1, a8
    data(3, 0x481C94)  # mula.da.ll.ldinc m1, a12, m0, a9
    data(3, 0x4B0C94)  # mula.da.hh.ldinc m0, a12, m0, a9
    data(3, 0x0310D0)  # rsr a13, acclo
    data(3, 0x0323E0)  # rsr a14, m3
    data(3, 0xB2DDE0)  # mulsh a13, a13, a14
    data(3, 0x0322E0)  # rsr a14, m2
    add(a13, a13, a14)
    sra(a13, a13)
    data(3, 0x33DD00)  # clamps a13, a13, 7
    addi(a13, a13, -128)
    s8i(a13, a5, 0)
    addi(a5, a5, 1)
    l32i(a14, a1, 8)
    l32i(a2, a1, 4)
    addi(a14, a14, -1)
    bnez(a14, PIXEL)


@micropython.asm_xtensa
def direct_16(a2, a3, a4, a5):
    # block, x, weights, y. As direct, for pixels of 16 channels.
    s32i(a2, a1, 4)
    l32i(a13, a2, 12)
    l32i(a14, a2, 0)
    ssr(a13)
    label(PIXEL)
    s32i(a14, a1, 8)
    l32i(a15, a2, 16)
    l32i(a2, a3, 0)
    and_(a0, a2, a15)
    srli(a2, a2, 8)
    and_(a2, a2, a15)
    l32i(a7, a3, 4)
    and_(a6, a7, a15)
    srli(a7, a7, 8)
    and_(a7, a7, a15)
    l32i(a9, a3, 8)
    and_(a8, a9, a15)
    srli(a9, a9, 8)
    and_(a9, a9, a15)
    l32i(a11, a3, 12)
    and_(a10, a11, a15)
    srli(a11, a11, 8)
    and_(a11, a11, a15)
    l32i(a15, a1, 4)
    addi(a3, a3, 16)
    l32i(a15, a15, 4)
    addi(a12, a4, -4)
    data(3, 0x801C04)  # ldinc m1, a12
    data(3, 0x800C04)  # ldinc m0, a12
    data(3, 0x538F76)  # loop a15, 84 bytes
    data(3, 0x0320D0)  # rsr a13, m0
    data(3, 0x1310D0)  # wsr a13, acclo
    data(3, 0x484C04)  # mula.da.ll.ldinc m0, a12, m1, a0
    data(3, 0x4B5C04)  # mula.da.hh.ldinc m1, a12, m1, a0
    data(3, 0x680024)  # mula.da.ll m0, a2
    data(3, 0x4B0C24)  # mula.da.hh.ldinc m0, a12, m0, a2
    data(3, 0x684064)  # mula.da.ll m1, a6
    data(3, 0x4B5C64)  # mula.da.hh.ldinc m1, a12, m1, a6
    data(3, 0x680074)  # mula.da.ll m0, a7
    data(3, 0x4B0C74)  # mula.da.hh.ldinc m0, a12, m0, a7
    data(3, 0x684084)  # mula.da.ll m1, a8
    data(3, 0x4B5C84)  # mula.da.hh.ldinc m1, a12, m1, a8
    data(3, 0x680094)  # mula.da.ll m0, a9
    data(3, 0x4B0C94)  # mula.da.hh.ldinc m0, a12, m0, a9
    data(3, 0x487CA4)  # mula.da.ll.ldinc m3, a12, m1, a10
    data(3, 0x4B6CA4)  # mula.da.hh.ldinc m2, a12, m1, a10
    data(3, 0x481CB4)  # mula.da.ll.ldinc m1, a12, m0, a11
    data(3, 0x4B0CB4)  # mula.da.hh.ldinc m0, a12, m0, a11
    data(3, 0x0310D0)  # rsr a13, acclo
    data(3, 0x0323E0)  # rsr a14, m3
    data(3, 0xB2DDE0)  # mulsh a13, a13, a14
    data(3, 0x0322E0)  # rsr a14, m2
    add(a13, a13, a14)
    sra(a13, a13)
    data(3, 0x33DD00)  # clamps a13, a13, 7
    addi(a13, a13, -128)
    s8i(a13, a5, 0)
    addi(a5, a5, 1)
    l32i(a14, a1, 8)
    l32i(a2, a1, 4)
    addi(a14, a14, -1)
    bnez(a14, PIXEL)


@micropython.asm_xtensa
def depthwise(a2, a3, a4, a5):
    # block, x, weights, y. Any depthwise window over an image with its padding.
    l32i(a8, a2, 48)
    ssr(a8)
    l32i(a12, a2, 40)
    l32i(a13, a2, 36)
    l32i(a14, a2, 44)
    l32i(a8, a2, 0)
    s32i(a8, a2, 64)
    label(IMAGE)
    s32i(a3, a2, 60)
    l32i(a8, a2, 4)
    s32i(a8, a2, 56)
    label(ROW)
    s32i(a3, a2, 52)
    l32i(a8, a2, 8)
    s32i(a8, a2, 68)
    label(PIXEL)
    mov(a6, a3)
    mov(a7, a4)
    l32i(a15, a2, 12)
    label(DEPTH)
    l32i(a0, a2, 16)
    label(INDEX)
    l32i(a11, a7, 0)
    mov(a8, a6)
    data(3, 0x1310B0)  # wsr a11, acclo
    data(3, 0x800704)  # ldinc m0, a7
    l32i(a9, a2, 32)
    label(LINE)
    mov(a10, a8)
    data(3, 0x088C76)  # loop a12, 9 bytes
    l8ui(a11, a10, 0)
    add(a10, a10, a14)
    data(3, 0x4807B4)  # mula.da.ll.ldinc m0, a7, m0, a11
    addi(a9, a9, -1)
    add(a8, a8, a13)
    bnez(a9, LINE)
    data(3, 0x0310B0)  # rsr a11, acclo
    data(3, 0x0320A0)  # rsr a10, m0
    l32i(a9, a7, 4)
    data(3, 0xB2BBA0)  # mulsh a11, a11, a10
    add(a11, a11, a9)
    sra(a11, a11)
    data(3, 0x33BB00)  # clamps a11, a11, 7
    addi(a11, a11, -128)
    s8i(a11, a5, 0)
    addi(a5, a5, 1)
    addi(a7, a7, 8)
    addi(a0, a0, -1)
    bnez(a0, INDEX)
    addi(a6, a6, 1)
    addi(a15, a15, -1)
    bnez(a15, DEPTH)
    l32i(a8, a2, 28)
    l32i(a9, a2, 68)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 68)
    bnez(a9, PIXEL)
    l32i(a3, a2, 52)
    l32i(a8, a2, 24)
    l32i(a9, a2, 56)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 56)
    bnez(a9, ROW)
    l32i(a3, a2, 60)
    l32i(a8, a2, 20)
    l32i(a9, a2, 64)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 64)
    bnez(a9, IMAGE)


@micropython.asm_xtensa
def depthwise_signed(a2, a3, a4, a5):
    # block, x, weights, y. Any depthwise window over an image with its padding.
    l32i(a12, a2, 40)
    l32i(a13, a2, 36)
    l32i(a14, a2, 44)
    l32i(a8, a2, 0)
    s32i(a8, a2, 64)
    label(IMAGE)
    s32i(a3, a2, 60)
    l32i(a8, a2, 4)
    s32i(a8, a2, 56)
    label(ROW)
    s32i(a3, a2, 52)
    l32i(a8, a2, 8)
    s32i(a8, a2, 68)
    label(PIXEL)
    mov(a6, a3)
    mov(a7, a4)
    l32i(a15, a2, 12)
    label(DEPTH)
    l32i(a0, a2, 16)
    label(INDEX)
    l32i(a11, a7, 0)
    mov(a8, a6)
    data(3, 0x1310B0)  # wsr a11, acclo
    data(3, 0x800704)  # ldinc m0, a7
    l32i(a9, a2, 32)
    label(LINE)
    mov(a10, a8)
    nop_n()
    data(3, 0x088C76)  # loop a12, 9 bytes
    l8ui(a11, a10, 0)
    add(a10, a10, a14)
    data(3, 0x4807B4)  # mula.da.ll.ldinc m0, a7, m0, a11
    addi(a9, a9, -1)
    add(a8, a8, a13)
    bnez(a9, LINE)
    data(3, 0x0310B0)  # rsr a11, acclo
    data(3, 0x0320A0)  # rsr a10, m0
    l32i(a9, a7, 4)
    l32i(a8, a7, 8)
    ssr(a8)
    data(3, 0xB2BBA0)  # mulsh a11, a11, a10
    srai(a8, a11, 31)
    addx2(a11, a8, a11)
    add(a11, a11, a9)
    sra(a11, a11)
    data(3, 0x33BB00)  # clamps a11, a11, 7
    addi(a11, a11, -128)
    s8i(a11, a5, 0)
    addi(a5, a5, 1)
    addi(a7, a7, 12)
    addi(a0, a0, -1)
    bnez(a0, INDEX)
    addi(a6, a6, 1)
    addi(a15, a15, -1)
    bnez(a15, DEPTH)
    l32i(a8, a2, 28)
    l32i(a9, a2, 68)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 68)
    bnez(a9, PIXEL)
    l32i(a3, a2, 52)
    l32i(a8, a2, 24)
    l32i(a9, a2, 56)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 56)
    bnez(a9, ROW)
    l32i(a3, a2, 60)
    l32i(a8, a2, 20)
    l32i(a9, a2, 64)
    add(a3, a3, a8)
    addi(a9, a9, -1)
    s32i(a9, a2, 64)
    bnez(a9, IMAGE)


@micropython.asm_xtensa
def pad(a2, a3, a4):
    # block, x, y. An image with its padding, as depthwise3 takes it.
    l32i(a6, a2, 16)
    l32i(a7, a2, 32)
    l32i(a8, a2, 8)
    l32i(a10, a2, 0)
    l32i(a11, a2, 24)
    label(GROUP)
    mov(a13, a3)
    l32i(a9, a2, 4)
    l32i(a12, a2, 20)
    nop_n()
    data(3, 0x059C76)  # loopnez a12, 6 bytes
    s32i(a7, a4, 0)
    addi(a4, a4, 4)
    label(ROW)
    mov(a14, a13)
    data(3, 0x0B8876)  # loop a8, 12 bytes
    l32i(a5, a14, 0)
    add(a14, a14, a6)
    s32i(a5, a4, 0)
    addi(a4, a4, 4)
    l32i(a12, a2, 12)
    addi(a9, a9, -1)
    add(a13, a13, a12)
    mov(a12, a11)
    data(3, 0x002956)  # bnez a9, MORE
    l32i(a12, a2, 28)
    label(MORE)
    data(3, 0x059C76)  # loopnez a12, 6 bytes
    s32i(a7, a4, 0)
    addi(a4, a4, 4)
    bnez(a9, ROW)
    addi(a3, a3, 4)
    addi(a10, a10, -1)
    bnez(a10, GROUP)


@micropython.asm_xtensa
def depthwise3_1(a2, a3, a4, a5):
    # block, x, weights, y. A depthwise window of 3x3 over what `pad` makes.
    s32i(a2, a1, 4)
    s32i(a3, a2, 48)
    s32i(a4, a2, 60)
    s32i(a5, a2, 56)
    l32i(a11, a2, 20)
    l32i(a12, a2, 32)
    l32i(a6, a2, 0)
    s32i(a6, a2, 64)
    l32i(a6, a2, 16)
    ssr(a6)
    label(GROUP)
    l32i(a6, a2, 48)
    s32i(a6, a2, 52)
    data(3, 0x04A062)  # movi a6, 4
    s32i(a6, a2, 68)
    label(CHANNEL)
    l32i(a6, a2, 60)
    l32i(a14, a6, 0)
    data(3, 0x800604)  # ldinc m0, a6
    data(3, 0x801604)  # ldinc m1, a6
    data(3, 0x802604)  # ldinc m2, a6
    data(3, 0x803604)  # ldinc m3, a6
    l32i(a13, a6, 4)
    l32i(a15, a6, 8)
    l32i(a0, a6, 12)
    addi(a6, a6, 16)
    s32i(a6, a2, 60)
    l32i(a10, a2, 52)
    l32i(a5, a2, 56)
    l32i(a6, a2, 8)
    label(COLUMN)
    s32i(a6, a2, 72)
    l32i(a2, a2, 40)
    l8ui(a3, a10, 0)
    l8ui(a4, a10, 4)
    l8ui(a6, a10, 8)
    add(a10, a10, a11)
    l8ui(a7, a10, 0)
    l8ui(a8, a10, 4)
    l8ui(a9, a10, 8)
    nop_n()
    data(3, 0x839276)  # loopnez a2, 132 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a3, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a4, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a6, a10, 8)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    data(3, 0x380344)  # mula.ad.ll a3, m3
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680074)  # mula.da.ll m0, a7
    add(a10, a10, a11)
    data(3, 0x690084)  # mula.da.hl m0, a8
    l8ui(a7, a10, 0)
    data(3, 0x684094)  # mula.da.ll m1, a9
    l8ui(a8, a10, 4)
    data(3, 0x694034)  # mula.da.hl m1, a3
    l8ui(a9, a10, 8)
    data(3, 0x380404)  # mula.ad.ll a4, m2
    data(3, 0x3A0604)  # mula.ad.lh a6, m2
    data(3, 0x380744)  # mula.ad.ll a7, m3
    data(3, 0x3A0844)  # mula.ad.lh a8, m3
    data(3, 0x7809D4)  # mula.aa.ll a9, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a2, a2, 44)
    nop_n()
    data(3, 0x419276)  # loopnez a2, 66 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a3, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a4, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a6, a10, 8)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    data(3, 0x380344)  # mula.ad.ll a3, m3
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a6, a2, 28)
    l32i(a7, a2, 36)
    add(a10, a10, a6)
    l32i(a6, a2, 72)
    add(a5, a5, a7)
    addi(a6, a6, -1)
    bnez(a6, COLUMN)
    l32i(a6, a2, 52)
    addi(a6, a6, 1)
    s32i(a6, a2, 52)
    l32i(a6, a2, 56)
    addi(a6, a6, 1)
    s32i(a6, a2, 56)
    l32i(a6, a2, 68)
    addi(a6, a6, -1)
    s32i(a6, a2, 68)
    bnez(a6, CHANNEL)
    l32i(a6, a2, 48)
    l32i(a7, a2, 24)
    l32i(a8, a2, 64)
    add(a6, a6, a7)
    s32i(a6, a2, 48)
    addi(a8, a8, -1)
    s32i(a8, a2, 64)
    bnez(a8, GROUP)


@micropython.asm_xtensa
def depthwise3_1_signed(a2, a3, a4, a5):
    # block, x, weights, y. A depthwise window of 3x3 over what `pad` makes.
    s32i(a2, a1, 4)
    s32i(a3, a2, 48)
    s32i(a4, a2, 60)
    s32i(a5, a2, 56)
    l32i(a11, a2, 20)
    l32i(a12, a2, 32)
    l32i(a6, a2, 0)
    s32i(a6, a2, 64)
    label(GROUP)
    l32i(a6, a2, 48)
    s32i(a6, a2, 52)
    data(3, 0x04A062)  # movi a6, 4
    s32i(a6, a2, 68)
    label(CHANNEL)
    l32i(a6, a2, 60)
    l32i(a14, a6, 0)
    data(3, 0x800604)  # ldinc m0, a6
    data(3, 0x801604)  # ldinc m1, a6
    data(3, 0x802604)  # ldinc m2, a6
    data(3, 0x803604)  # ldinc m3, a6
    l32i(a13, a6, 4)
    l32i(a15, a6, 8)
    l32i(a0, a6, 12)
    s32i(a0, a1, 8)
    l32i(a7, a6, 16)
    ssr(a7)
    addi(a6, a6, 20)
    s32i(a6, a2, 60)
    l32i(a10, a2, 52)
    l32i(a5, a2, 56)
    l32i(a6, a2, 8)
    label(COLUMN)
    s32i(a6, a2, 72)
    l32i(a2, a2, 40)
    l8ui(a3, a10, 0)
    l8ui(a4, a10, 4)
    l8ui(a6, a10, 8)
    add(a10, a10, a11)
    l8ui(a7, a10, 0)
    l8ui(a8, a10, 4)
    l8ui(a9, a10, 8)
    nop_n()
    data(3, 0x959276)  # loopnez a2, 150 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a3, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a4, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a6, a10, 8)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    data(3, 0x380344)  # mula.ad.ll a3, m3
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    srai(a0, a2, 31)
    addx2(a2, a0, a2)
    l32i(a0, a1, 8)
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680074)  # mula.da.ll m0, a7
    add(a10, a10, a11)
    data(3, 0x690084)  # mula.da.hl m0, a8
    l8ui(a7, a10, 0)
    data(3, 0x684094)  # mula.da.ll m1, a9
    l8ui(a8, a10, 4)
    data(3, 0x694034)  # mula.da.hl m1, a3
    l8ui(a9, a10, 8)
    data(3, 0x380404)  # mula.ad.ll a4, m2
    data(3, 0x3A0604)  # mula.ad.lh a6, m2
    data(3, 0x380744)  # mula.ad.ll a7, m3
    data(3, 0x3A0844)  # mula.ad.lh a8, m3
    data(3, 0x7809D4)  # mula.aa.ll a9, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    srai(a0, a2, 31)
    addx2(a2, a0, a2)
    l32i(a0, a1, 8)
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a2, a2, 44)
    nop_n()
    data(3, 0x4A9276)  # loopnez a2, 75 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a3, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a4, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a6, a10, 8)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    data(3, 0x380344)  # mula.ad.ll a3, m3
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    srai(a0, a2, 31)
    addx2(a2, a0, a2)
    l32i(a0, a1, 8)
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a6, a2, 28)
    l32i(a7, a2, 36)
    add(a10, a10, a6)
    l32i(a6, a2, 72)
    add(a5, a5, a7)
    addi(a6, a6, -1)
    bnez(a6, COLUMN)
    l32i(a6, a2, 52)
    addi(a6, a6, 1)
    s32i(a6, a2, 52)
    l32i(a6, a2, 56)
    addi(a6, a6, 1)
    s32i(a6, a2, 56)
    l32i(a6, a2, 68)
    addi(a6, a6, -1)
    s32i(a6, a2, 68)
    bnez(a6, CHANNEL)
    l32i(a6, a2, 48)
    l32i(a7, a2, 24)
    l32i(a8, a2, 64)
    add(a6, a6, a7)
    s32i(a6, a2, 48)
    addi(a8, a8, -1)
    s32i(a8, a2, 64)
    bnez(a8, GROUP)


@micropython.asm_xtensa
def depthwise3_2(a2, a3, a4, a5):
    # block, x, weights, y. A depthwise window of 3x3 over what `pad` makes.
    s32i(a2, a1, 4)
    s32i(a3, a2, 48)
    s32i(a4, a2, 60)
    s32i(a5, a2, 56)
    l32i(a11, a2, 20)
    l32i(a12, a2, 32)
    l32i(a6, a2, 0)
    s32i(a6, a2, 64)
    l32i(a6, a2, 16)
    ssr(a6)
    label(GROUP)
    l32i(a6, a2, 48)
    s32i(a6, a2, 52)
    data(3, 0x04A062)  # movi a6, 4
    s32i(a6, a2, 68)
    label(CHANNEL)
    l32i(a6, a2, 60)
    l32i(a14, a6, 0)
    data(3, 0x800604)  # ldinc m0, a6
    data(3, 0x801604)  # ldinc m1, a6
    data(3, 0x802604)  # ldinc m2, a6
    data(3, 0x803604)  # ldinc m3, a6
    l32i(a13, a6, 4)
    l32i(a15, a6, 8)
    l32i(a0, a6, 12)
    addi(a6, a6, 16)
    s32i(a6, a2, 60)
    l32i(a10, a2, 52)
    l32i(a5, a2, 56)
    l32i(a6, a2, 8)
    label(COLUMN)
    s32i(a6, a2, 72)
    l32i(a2, a2, 40)
    l8ui(a3, a10, 0)
    l8ui(a4, a10, 4)
    l8ui(a6, a10, 8)
    nop_n()
    data(3, 0x4D9276)  # loopnez a2, 78 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a7, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a8, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a9, a10, 8)
    add(a10, a10, a11)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    l8ui(a3, a10, 0)
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    l8ui(a4, a10, 4)
    data(3, 0x380344)  # mula.ad.ll a3, m3
    l8ui(a6, a10, 8)
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a6, a2, 28)
    l32i(a7, a2, 36)
    add(a10, a10, a6)
    l32i(a6, a2, 72)
    add(a5, a5, a7)
    addi(a6, a6, -1)
    bnez(a6, COLUMN)
    l32i(a6, a2, 52)
    addi(a6, a6, 1)
    s32i(a6, a2, 52)
    l32i(a6, a2, 56)
    addi(a6, a6, 1)
    s32i(a6, a2, 56)
    l32i(a6, a2, 68)
    addi(a6, a6, -1)
    s32i(a6, a2, 68)
    bnez(a6, CHANNEL)
    l32i(a6, a2, 48)
    l32i(a7, a2, 24)
    l32i(a8, a2, 64)
    add(a6, a6, a7)
    s32i(a6, a2, 48)
    addi(a8, a8, -1)
    s32i(a8, a2, 64)
    bnez(a8, GROUP)


@micropython.asm_xtensa
def depthwise3_2_signed(a2, a3, a4, a5):
    # block, x, weights, y. A depthwise window of 3x3 over what `pad` makes.
    s32i(a2, a1, 4)
    s32i(a3, a2, 48)
    s32i(a4, a2, 60)
    s32i(a5, a2, 56)
    l32i(a11, a2, 20)
    l32i(a12, a2, 32)
    l32i(a6, a2, 0)
    s32i(a6, a2, 64)
    label(GROUP)
    l32i(a6, a2, 48)
    s32i(a6, a2, 52)
    data(3, 0x04A062)  # movi a6, 4
    s32i(a6, a2, 68)
    label(CHANNEL)
    l32i(a6, a2, 60)
    l32i(a14, a6, 0)
    data(3, 0x800604)  # ldinc m0, a6
    data(3, 0x801604)  # ldinc m1, a6
    data(3, 0x802604)  # ldinc m2, a6
    data(3, 0x803604)  # ldinc m3, a6
    l32i(a13, a6, 4)
    l32i(a15, a6, 8)
    l32i(a0, a6, 12)
    s32i(a0, a1, 8)
    l32i(a7, a6, 16)
    ssr(a7)
    addi(a6, a6, 20)
    s32i(a6, a2, 60)
    l32i(a10, a2, 52)
    l32i(a5, a2, 56)
    l32i(a6, a2, 8)
    label(COLUMN)
    s32i(a6, a2, 72)
    l32i(a2, a2, 40)
    l8ui(a3, a10, 0)
    l8ui(a4, a10, 4)
    l8ui(a6, a10, 8)
    nop_n()
    data(3, 0x569276)  # loopnez a2, 87 bytes
    data(3, 0x1310E0)  # wsr a14, acclo
    data(3, 0x680034)  # mula.da.ll m0, a3
    add(a10, a10, a11)
    data(3, 0x690044)  # mula.da.hl m0, a4
    l8ui(a7, a10, 0)
    data(3, 0x684064)  # mula.da.ll m1, a6
    l8ui(a8, a10, 4)
    data(3, 0x694074)  # mula.da.hl m1, a7
    l8ui(a9, a10, 8)
    add(a10, a10, a11)
    data(3, 0x380804)  # mula.ad.ll a8, m2
    l8ui(a3, a10, 0)
    data(3, 0x3A0904)  # mula.ad.lh a9, m2
    l8ui(a4, a10, 4)
    data(3, 0x380344)  # mula.ad.ll a3, m3
    l8ui(a6, a10, 8)
    data(3, 0x3A0444)  # mula.ad.lh a4, m3
    data(3, 0x7806D4)  # mula.aa.ll a6, a13
    data(3, 0x031020)  # rsr a2, acclo
    data(3, 0xB222F0)  # mulsh a2, a2, a15
    srai(a0, a2, 31)
    addx2(a2, a0, a2)
    l32i(a0, a1, 8)
    add(a2, a2, a0)
    sra(a2, a2)
    data(3, 0x332200)  # clamps a2, a2, 7
    addi(a2, a2, -128)
    s8i(a2, a5, 0)
    add(a5, a5, a12)
    l32i(a2, a1, 4)
    l32i(a6, a2, 28)
    l32i(a7, a2, 36)
    add(a10, a10, a6)
    l32i(a6, a2, 72)
    add(a5, a5, a7)
    addi(a6, a6, -1)
    bnez(a6, COLUMN)
    l32i(a6, a2, 52)
    addi(a6, a6, 1)
    s32i(a6, a2, 52)
    l32i(a6, a2, 56)
    addi(a6, a6, 1)
    s32i(a6, a2, 56)
    l32i(a6, a2, 68)
    addi(a6, a6, -1)
    s32i(a6, a2, 68)
    bnez(a6, CHANNEL)
    l32i(a6, a2, 48)
    l32i(a7, a2, 24)
    l32i(a8, a2, 64)
    add(a6, a6, a7)
    s32i(a6, a2, 48)
    addi(a8, a8, -1)
    s32i(a8, a2, 64)
    bnez(a8, GROUP)


@micropython.asm_xtensa
def flip(a2, a3, a4):
    # source, target, count. As kernels_moves.flip.
    data(3, 0x80A052)  # movi a5, 128
    or_(a7, a2, a3)
    slli(a6, a5, 8)
    or_(a6, a6, a5)
    slli(a8, a6, 15)
    slli(a8, a8, 1)
    or_(a6, a6, a8)
    data(3, 0x148070)  # extui a8, a7, 0, 2
    data(3, 0x032856)  # bnez a8, BYTES
    srli(a8, a4, 4)
    data(3, 0x344040)  # extui a4, a4, 0, 4
    data(3, 0x299876)  # loopnez a8, 42 bytes
    l32i(a9, a2, 0)
    l32i(a10, a2, 4)
    xor(a9, a9, a6)
    s32i(a9, a3, 0)
    xor(a10, a10, a6)
    s32i(a10, a3, 4)
    l32i(a9, a2, 8)
    l32i(a10, a2, 12)
    xor(a9, a9, a6)
    s32i(a9, a3, 8)
    xor(a10, a10, a6)
    s32i(a10, a3, 12)
    addi(a2, a2, 16)
    addi(a3, a3, 16)
    label(BYTES)
    nop_n()
    data(3, 0x0E9476)  # loopnez a4, 15 bytes
    l8ui(a9, a2, 0)
    addi(a2, a2, 1)
    xor(a9, a9, a5)
    s8i(a9, a3, 0)
    addi(a3, a3, 1)


@micropython.asm_xtensa
def copy_bytes(a2, a3, a4):
    # source, target, count. As kernels_moves.copy_bytes.
    or_(a6, a2, a3)
    data(3, 0x145060)  # extui a5, a6, 0, 2
    data(3, 0x028556)  # bnez a5, BYTES
    srli(a5, a4, 4)
    data(3, 0x344040)  # extui a4, a4, 0, 4
    nop_n()
    data(3, 0x1D9576)  # loopnez a5, 30 bytes
    l32i(a6, a2, 0)
    s32i(a6, a3, 0)
    l32i(a6, a2, 4)
    s32i(a6, a3, 4)
    l32i(a6, a2, 8)
    s32i(a6, a3, 8)
    l32i(a6, a2, 12)
    s32i(a6, a3, 12)
    addi(a2, a2, 16)
    addi(a3, a3, 16)
    label(BYTES)
    nop_n()
    data(3, 0x0B9476)  # loopnez a4, 12 bytes
    l8ui(a6, a2, 0)
    addi(a2, a2, 1)
    s8i(a6, a3, 0)
    addi(a3, a3, 1)


@micropython.asm_xtensa
def fill(a2, a3, a4):
    # target, value, count. As kernels_moves.fill.
    data(3, 0x745030)  # extui a5, a3, 0, 8
    slli(a6, a5, 8)
    or_(a5, a5, a6)
    slli(a6, a5, 15)
    slli(a6, a6, 1)
    or_(a5, a5, a6)
    mov(a6, a2)
    data(3, 0x147060)  # extui a7, a6, 0, 2
    data(3, 0x017756)  # bnez a7, BYTES
    srli(a7, a4, 4)
    data(3, 0x344040)  # extui a4, a4, 0, 4
    data(3, 0x0E9776)  # loopnez a7, 15 bytes
    s32i(a5, a2, 0)
    s32i(a5, a2, 4)
    s32i(a5, a2, 8)
    s32i(a5, a2, 12)
    addi(a2, a2, 16)
    label(BYTES)
    nop_n()
    data(3, 0x059476)  # loopnez a4, 6 bytes
    s8i(a5, a2, 0)
    addi(a2, a2, 1)


@micropython.asm_xtensa
def look_up(a2, a3, a4, a5):
    # source, target, table, count. As kernels_moves.look_up.
    srli(a6, a5, 1)
    data(3, 0x045050)  # extui a5, a5, 0, 1
    nop_n()
    data(3, 0x1D9676)  # loopnez a6, 30 bytes
    l8ui(a7, a2, 0)
    l8ui(a8, a2, 1)
    add(a7, a7, a4)
    add(a8, a8, a4)
    l8ui(a7, a7, 0)
    l8ui(a8, a8, 0)
    s8i(a7, a3, 0)
    s8i(a8, a3, 1)
    addi(a2, a2, 2)
    addi(a3, a3, 2)
    data(3, 0x0B9576)  # loopnez a5, 12 bytes
    l8ui(a7, a2, 0)
    add(a7, a7, a4)
    l8ui(a7, a7, 0)
    s8i(a7, a3, 0)


@micropython.asm_xtensa
def copy(a2, a3, a4):
    # source, target, block. As kernels_moves.copy.
    l32i(a7, a4, 48)
    add(a2, a2, a7)
    l32i(a7, a4, 52)
    add(a3, a3, a7)
    l32i(a5, a4, 28)
    l32i(a7, a4, 68)
    sub(a5, a5, a7)
    l32i(a6, a4, 44)
    l32i(a12, a4, 0)
    label(AXIS0)
    mov(a8, a2)
    mov(a9, a3)
    l32i(a13, a4, 4)
    label(AXIS1)
    mov(a10, a8)
    mov(a11, a9)
    l32i(a14, a4, 8)
    label(AXIS2)
    l32i(a7, a4, 12)
    data(3, 0x01A002)  # movi a0, 1
    mov(a15, a10)
    data(3, 0x4C9507)  # bne a5, a0, STRIDES
    data(3, 0x499607)  # bne a6, a0, STRIDES
    mov(a0, a11)
    or_(a6, a15, a0)
    data(3, 0x145060)  # extui a5, a6, 0, 2
    data(3, 0x026556)  # bnez a5, BYTES
    srli(a5, a7, 4)
    data(3, 0x347070)  # extui a7, a7, 0, 4
    data(3, 0x1D9576)  # loopnez a5, 30 bytes
    l32i(a6, a15, 0)
    s32i(a6, a0, 0)
    l32i(a6, a15, 4)
    s32i(a6, a0, 4)
    l32i(a6, a15, 8)
    s32i(a6, a0, 8)
    l32i(a6, a15, 12)
    s32i(a6, a0, 12)
    addi(a15, a15, 16)
    addi(a0, a0, 16)
    label(BYTES)
    data(3, 0x0B9776)  # loopnez a7, 12 bytes
    l8ui(a6, a15, 0)
    addi(a15, a15, 1)
    s8i(a6, a0, 0)
    addi(a0, a0, 1)
    data(3, 0x01A052)  # movi a5, 1
    data(3, 0x01A062)  # movi a6, 1
    data(3, 0x000486)  # j NEXT
    label(STRIDES)
    mov(a0, a11)
    nop_n()
    data(3, 0x0B8776)  # loop a7, 12 bytes
    l8ui(a7, a15, 0)
    add(a15, a15, a5)
    s8i(a7, a0, 0)
    add(a0, a0, a6)
    label(NEXT)
    l32i(a7, a4, 24)
    l32i(a0, a4, 64)
    sub(a7, a7, a0)
    add(a10, a10, a7)
    l32i(a7, a4, 40)
    addi(a14, a14, -1)
    add(a11, a11, a7)
    bnez(a14, AXIS2)
    l32i(a7, a4, 20)
    l32i(a0, a4, 60)
    sub(a7, a7, a0)
    add(a8, a8, a7)
    l32i(a7, a4, 36)
    addi(a13, a13, -1)
    add(a9, a9, a7)
    bnez(a13, AXIS1)
    l32i(a7, a4, 16)
    l32i(a0, a4, 56)
    sub(a7, a7, a0)
    add(a2, a2, a7)
    l32i(a7, a4, 32)
    addi(a12, a12, -1)
    add(a3, a3, a7)
    bnez(a12, AXIS0)


@micropython.asm_xtensa
def mean(a2, a3, a4, a5):
    # x, y, sums, block. As kernels_simple.mean.
    l32i(a13, a5, 32)
    data(3, 0x00A0E2)  # movi a14, 0
    mov(a12, a4)
    data(3, 0x058D76)  # loop a13, 6 bytes
    s32i(a14, a12, 0)
    addi(a12, a12, 4)
    mov(a6, a4)
    l32i(a9, a5, 0)
    label(AXIS0)
    mov(a7, a6)
    l32i(a10, a5, 4)
    label(AXIS1)
    mov(a8, a7)
    l32i(a11, a5, 8)
    label(AXIS2)
    mov(a12, a8)
    l32i(a0, a5, 28)
    l32i(a13, a5, 12)
    slli(a0, a0, 2)
    nop_n()
    data(3, 0x118D76)  # loop a13, 18 bytes
    l8ui(a14, a2, 0)
    l32i(a15, a12, 0)
    addi(a2, a2, 1)
    add(a15, a15, a14)
    s32i(a15, a12, 0)
    add(a12, a12, a0)
    l32i(a0, a5, 24)
    addi(a11, a11, -1)
    slli(a0, a0, 2)
    add(a8, a8, a0)
    bnez(a11, AXIS2)
    l32i(a0, a5, 20)
    addi(a10, a10, -1)
    slli(a0, a0, 2)
    add(a7, a7, a0)
    bnez(a10, AXIS1)
    l32i(a0, a5, 16)
    addi(a9, a9, -1)
    slli(a0, a0, 2)
    add(a6, a6, a0)
    bnez(a9, AXIS0)
    l32i(a2, a5, 36)
    l32i(a6, a5, 40)
    l32i(a7, a5, 52)
    data(3, 0xFFA0C2)  # movi a12, 255
    l32i(a15, a5, 44)
    data(3, 0x01A0D2)  # movi a13, 1
    ssl(a15)
    sll(a15, a13)
    l32i(a0, a5, 48)
    data(3, 0x00A092)  # movi a9, 0
    data(3, 0x00A082)  # movi a8, 0
    data(3, 0x00B016)  # beqz a0, UNSHIFTED
    data(3, 0xFFAF92)  # movi a9, -1
    addi(a8, a0, -1)
    ssl(a8)
    sll(a8, a13)
    label(UNSHIFTED)
    ssr(a0)
    data(3, 0x00A002)  # movi a0, 0
    l32i(a13, a5, 32)
    data(3, 0x3B8D76)  # loop a13, 60 bytes
    l32i(a14, a4, 0)
    addi(a4, a4, 4)
    sub(a14, a14, a2)
    mull(a14, a14, a15)
    mull(a10, a14, a6)
    data(3, 0xB2EE60)  # mulsh a14, a14, a6
    data(3, 0x05BFA0)  # extui a11, a10, 31, 1
    addx2(a14, a14, a11)
    data(3, 0x05BEA0)  # extui a11, a10, 30, 1
    add(a14, a14, a11)
    srai(a11, a14, 31)
    and_(a11, a11, a9)
    add(a14, a14, a8)
    add(a14, a14, a11)
    sra(a14, a14)
    add(a14, a14, a7)
    data(3, 0x53EE00)  # max a14, a14, a0
    data(3, 0x43EEC0)  # min a14, a14, a12
    s8i(a14, a3, 0)
    addi(a3, a3, 1)


@micropython.asm_xtensa
def pool(a2, a3, a4):
    # x, y, block. As kernels_simple.pool.
    l32i(a5, a4, 0)
    s32i(a5, a1, 4)
    label(IMAGE)
    data(3, 0x00A052)  # movi a5, 0
    s32i(a5, a1, 8)
    label(ROW)
    data(3, 0x00A052)  # movi a5, 0
    s32i(a5, a1, 12)
    label(PIXEL)
    l32i(a5, a1, 8)
    l32i(a13, a4, 32)
    mull(a5, a5, a13)
    l32i(a13, a4, 40)
    sub(a5, a5, a13)
    l32i(a6, a4, 24)
    add(a6, a6, a5)
    data(3, 0x00A0D2)  # movi a13, 0
    data(3, 0x5355D0)  # max a5, a5, a13
    l32i(a8, a4, 4)
    data(3, 0x436680)  # min a6, a6, a8
    sub(a6, a6, a5)
    l32i(a11, a1, 12)
    l32i(a13, a4, 36)
    mull(a11, a11, a13)
    l32i(a13, a4, 44)
    sub(a11, a11, a13)
    l32i(a7, a4, 28)
    add(a7, a7, a11)
    data(3, 0x00A0D2)  # movi a13, 0
    data(3, 0x53BBD0)  # max a11, a11, a13
    l32i(a8, a4, 8)
    data(3, 0x437780)  # min a7, a7, a8
    sub(a7, a7, a11)
    mull(a5, a5, a8)
    l32i(a10, a4, 12)
    add(a5, a5, a11)
    mull(a9, a8, a10)
    mull(a5, a5, a10)
    mov(a8, a10)
    add(a5, a5, a2)
    mull(a0, a6, a7)
    label(CHANNEL)
    l32i(a13, a4, 56)
    mov(a11, a5)
    data(3, 0x00A0E2)  # movi a14, 0
    mov(a15, a6)
    data(3, 0x019D16)  # beqz a13, AVERAGE
    label(LARGEST)
    mov(a12, a11)
    data(3, 0x088776)  # loop a7, 9 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a8)
    data(3, 0x53EED0)  # max a14, a14, a13
    addi(a15, a15, -1)
    add(a11, a11, a9)
    bnez(a15, LARGEST)
    data(3, 0x000D86)  # j CLAMP
    label(AVERAGE)
    label(SUM)
    mov(a12, a11)
    nop_n()
    data(3, 0x088776)  # loop a7, 9 bytes
    l8ui(a13, a12, 0)
    add(a12, a12, a8)
    add(a14, a14, a13)
    addi(a15, a15, -1)
    add(a11, a11, a9)
    bnez(a15, SUM)
    slli(a13, a0, 7)
    sub(a14, a14, a13)
    srai(a11, a14, 31)
    srli(a15, a0, 1)
    xor(a15, a15, a11)
    sub(a15, a15, a11)
    add(a14, a14, a15)
    data(3, 0xD2EE00)  # quos a14, a14, a0
    data(3, 0x80A0D2)  # movi a13, 128
    add(a14, a14, a13)
    label(CLAMP)
    l32i(a13, a4, 48)
    data(3, 0x53EED0)  # max a14, a14, a13
    l32i(a13, a4, 52)
    data(3, 0x43EED0)  # min a14, a14, a13
    s8i(a14, a3, 0)
    addi(a3, a3, 1)
    addi(a5, a5, 1)
    addi(a10, a10, -1)
    bnez(a10, CHANNEL)
    l32i(a5, a1, 12)
    addi(a5, a5, 1)
    s32i(a5, a1, 12)
    l32i(a13, a4, 20)
    sub(a13, a13, a5)
    bnez(a13, PIXEL)
    l32i(a5, a1, 8)
    addi(a5, a5, 1)
    s32i(a5, a1, 8)
    l32i(a13, a4, 16)
    sub(a13, a13, a5)
    bnez(a13, ROW)
    l32i(a13, a4, 4)
    mull(a13, a13, a9)
    add(a2, a2, a13)
    l32i(a5, a1, 4)
    addi(a5, a5, -1)
    s32i(a5, a1, 4)
    bnez(a5, IMAGE)


@micropython.asm_xtensa
def add_pair(a2, a3, a4, a5):
    # block, a, b, y. Sums of what two tables say, requantised.
    l32i(a12, a2, 56)
    l32i(a8, a2, 48)
    l32i(a9, a2, 52)
    l32i(a10, a2, 28)
    l32i(a11, a2, 44)
    ssr(a12)
    l32i(a6, a2, 60)
    l32i(a7, a2, 64)
    add(a6, a6, a2)
    add(a7, a7, a2)
    l32i(a14, a2, 0)
    s32i(a14, a2, 68)
    s32i(a3, a2, 80)
    s32i(a4, a2, 92)
    l32i(a14, a2, 4)
    s32i(a14, a2, 72)
    s32i(a3, a2, 84)
    s32i(a4, a2, 96)
    l32i(a14, a2, 8)
    s32i(a14, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    label(AXIS2)
    l32i(a14, a2, 12)
    data(3, 0x358E76)  # loop a14, 54 bytes
    l8ui(a12, a3, 0)
    l8ui(a13, a4, 0)
    addx4(a12, a12, a6)
    addx4(a13, a13, a7)
    l32i(a12, a12, 0)
    l32i(a13, a13, 0)
    add(a12, a12, a13)
    add(a3, a3, a10)
    add(a4, a4, a11)
    data(3, 0xB2CC80)  # mulsh a12, a12, a8
    srai(a15, a12, 31)
    addx2(a12, a15, a12)
    add(a12, a12, a9)
    sra(a12, a12)
    data(3, 0x33CC00)  # clamps a12, a12, 7
    addi(a12, a12, -128)
    s8i(a12, a5, 0)
    addi(a5, a5, 1)
    l32i(a3, a2, 88)
    l32i(a15, a2, 24)
    add(a3, a3, a15)
    s32i(a3, a2, 88)
    l32i(a4, a2, 100)
    l32i(a15, a2, 40)
    add(a4, a4, a15)
    s32i(a4, a2, 100)
    l32i(a14, a2, 76)
    addi(a14, a14, -1)
    s32i(a14, a2, 76)
    bnez(a14, AXIS2)
    l32i(a3, a2, 84)
    l32i(a15, a2, 20)
    add(a3, a3, a15)
    s32i(a3, a2, 84)
    l32i(a4, a2, 96)
    l32i(a15, a2, 36)
    add(a4, a4, a15)
    s32i(a4, a2, 96)
    l32i(a14, a2, 72)
    addi(a14, a14, -1)
    s32i(a14, a2, 72)
    l32i(a15, a2, 8)
    s32i(a15, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    bnez(a14, AXIS2)
    l32i(a3, a2, 80)
    l32i(a15, a2, 16)
    add(a3, a3, a15)
    s32i(a3, a2, 80)
    l32i(a4, a2, 92)
    l32i(a15, a2, 32)
    add(a4, a4, a15)
    s32i(a4, a2, 92)
    l32i(a14, a2, 68)
    addi(a14, a14, -1)
    s32i(a14, a2, 68)
    l32i(a15, a2, 4)
    s32i(a15, a2, 72)
    s32i(a3, a2, 84)
    s32i(a4, a2, 96)
    l32i(a15, a2, 8)
    s32i(a15, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    bnez(a14, AXIS2)


@micropython.asm_xtensa
def mul_pair(a2, a3, a4, a5):
    # block, a, b, y. Products of steps, requantised.
    l32i(a12, a2, 56)
    l32i(a8, a2, 48)
    l32i(a9, a2, 52)
    l32i(a10, a2, 28)
    l32i(a11, a2, 44)
    ssr(a12)
    l32i(a6, a2, 60)
    l32i(a7, a2, 64)
    l32i(a14, a2, 0)
    s32i(a14, a2, 68)
    s32i(a3, a2, 80)
    s32i(a4, a2, 92)
    l32i(a14, a2, 4)
    s32i(a14, a2, 72)
    s32i(a3, a2, 84)
    s32i(a4, a2, 96)
    l32i(a14, a2, 8)
    s32i(a14, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    label(AXIS2)
    l32i(a14, a2, 12)
    nop_n()
    data(3, 0x328E76)  # loop a14, 51 bytes
    l8ui(a12, a3, 0)
    l8ui(a13, a4, 0)
    sub(a12, a12, a6)
    sub(a13, a13, a7)
    slli(a12, a12, 2)
    mull(a12, a12, a13)
    add(a3, a3, a10)
    add(a4, a4, a11)
    data(3, 0xB2CC80)  # mulsh a12, a12, a8
    srai(a15, a12, 31)
    addx2(a12, a15, a12)
    add(a12, a12, a9)
    sra(a12, a12)
    data(3, 0x33CC00)  # clamps a12, a12, 7
    addi(a12, a12, -128)
    s8i(a12, a5, 0)
    addi(a5, a5, 1)
    l32i(a3, a2, 88)
    l32i(a15, a2, 24)
    add(a3, a3, a15)
    s32i(a3, a2, 88)
    l32i(a4, a2, 100)
    l32i(a15, a2, 40)
    add(a4, a4, a15)
    s32i(a4, a2, 100)
    l32i(a14, a2, 76)
    addi(a14, a14, -1)
    s32i(a14, a2, 76)
    bnez(a14, AXIS2)
    l32i(a3, a2, 84)
    l32i(a15, a2, 20)
    add(a3, a3, a15)
    s32i(a3, a2, 84)
    l32i(a4, a2, 96)
    l32i(a15, a2, 36)
    add(a4, a4, a15)
    s32i(a4, a2, 96)
    l32i(a14, a2, 72)
    addi(a14, a14, -1)
    s32i(a14, a2, 72)
    l32i(a15, a2, 8)
    s32i(a15, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    bnez(a14, AXIS2)
    l32i(a3, a2, 80)
    l32i(a15, a2, 16)
    add(a3, a3, a15)
    s32i(a3, a2, 80)
    l32i(a4, a2, 92)
    l32i(a15, a2, 32)
    add(a4, a4, a15)
    s32i(a4, a2, 92)
    l32i(a14, a2, 68)
    addi(a14, a14, -1)
    s32i(a14, a2, 68)
    l32i(a15, a2, 4)
    s32i(a15, a2, 72)
    s32i(a3, a2, 84)
    s32i(a4, a2, 96)
    l32i(a15, a2, 8)
    s32i(a15, a2, 76)
    s32i(a3, a2, 88)
    s32i(a4, a2, 100)
    bnez(a14, AXIS2)
