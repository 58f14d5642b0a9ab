"""Convolutions for machines of 64-bit words: three outputs to a multiplication.

A register holds the same tap of three neighbouring patches, 21 bits apart, so that one product with a weight is
three products. Taken over 16 taps a sum lies within (-2**20, 2**20) of the field's middle and never reaches the
next one. Requantisation is one product of 64 bits here.

See `kernels` for how values lie in the arena; `ops.wide` checks what these loops presume (accumulators within
2**30, right shifts of at least 1) and lays out weights and image for them.
"""

from .native import micropython, ptr8, ptr32


@micropython.viper
def conv(w: ptr8, x: ptr8, y: ptr8, taps: ptr32, sums: ptr32, table: ptr32, p: ptr32):
    """Convolution of any geometry over an image that contains its padding.

    w: raised weights as blocks of 16 taps, (blocks, channels, 16); after the last tap the raised zero point.
    taps: where each tap lies in x, from the window's first; 16 a block.
    sums: scratch, three int32 a channel.
    table: (2**30 + bias less what zero points bring, factor, raised output zero point and a half before the right
    shift, right shift) a channel.
    p: images, rows, columns, channels of the output; bytes from an image, row, column to the next; blocks; raised
    weight zero point, lowest, highest (raised).
    """
    columns = p[2]
    channels = p[3]
    column_step = p[6]
    blocks = p[7]
    weight_zero = p[8]
    lowest = p[9]
    highest = p[10]
    mask = (1 << 21) - 1
    middle = 1 << 20
    middles = middle | (middle << 21) | (middle << 42)
    bias = 1 << 30
    o = 0
    image = 0
    n = 0
    while n < p[0]:
        row = image
        oy = 0
        while oy < p[1]:
            left = row
            ox = 0
            while ox < columns:
                lanes = columns - ox
                if lanes > 3:
                    lanes = 3
                # Where there are fewer than three patches left, the last lanes repeat the first and are dropped.
                i = left
                i1 = left + column_step if lanes > 1 else i
                i2 = left + column_step + column_step if lanes > 2 else i
                j = 0
                t = 0
                block = 0
                while block < blocks:
                    k = 0 + taps[t]
                    x0 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 1]
                    x1 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 2]
                    x2 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 3]
                    x3 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 4]
                    x4 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 5]
                    x5 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 6]
                    x6 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 7]
                    x7 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 8]
                    x8 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 9]
                    x9 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 10]
                    x10 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 11]
                    x11 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 12]
                    x12 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 13]
                    x13 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 14]
                    x14 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    k = 0 + taps[t + 15]
                    x15 = x[i + k] | (x[i1 + k] << 21) | (x[i2 + k] << 42)
                    t += 16
                    base = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13 + x14 + x15
                    base = middles - base * weight_zero
                    block += 1
                    q = 0
                    a = 0
                    c = 0
                    while c < channels:
                        acc = (
                            x0 * w[j]
                            + x1 * w[j + 1]
                            + x2 * w[j + 2]
                            + x3 * w[j + 3]
                            + x4 * w[j + 4]
                            + x5 * w[j + 5]
                            + x6 * w[j + 6]
                            + x7 * w[j + 7]
                            + x8 * w[j + 8]
                            + x9 * w[j + 9]
                            + x10 * w[j + 10]
                            + x11 * w[j + 11]
                            + x12 * w[j + 12]
                            + x13 * w[j + 13]
                            + x14 * w[j + 14]
                            + x15 * w[j + 15]
                            + base
                        )
                        j += 16
                        b = o + c
                        lane = 0
                        while lane < lanes:
                            v = acc & mask
                            acc = acc >> 21
                            if block > 1:
                                v += sums[a]
                            if block < blocks:
                                sums[a] = v
                            else:
                                r = ((v + table[q] - bias) * table[q + 1] + bias) >> 31
                                if r < 0:
                                    r -= 1
                                r = (r + table[q + 2]) >> table[q + 3]
                                if r < lowest:
                                    r = lowest
                                if r > highest:
                                    r = highest
                                y[b] = r
                                b += channels
                            a += 1
                            lane += 1
                        q += 4
                        c += 1
                o += lanes * channels
                left += column_step + column_step + column_step
                ox += 3
            row += p[5]
            oy += 1
        image += p[4]
        n += 1


@micropython.viper
def depthwise(x: ptr8, y: ptr8, w: ptr8, taps: ptr32, table: ptr32, p: ptr32):
    """Depthwise convolution with a window of up to nine taps over an image that contains its padding.

    w: nine raised weights a channel of the output, 128 where there is no tap.
    taps: where each of the nine lies in x, from the window's first.
    table: as for `conv`.
    p: images, rows, columns, channels of the output; bytes from an image, row, column to the next; output channels
    an input channel, lowest, highest (raised).
    """
    columns = p[2]
    channels = p[3]
    column_step = p[6]
    lowest = p[8]
    highest = p[9]
    t0 = 0 + taps[0]
    t1 = 0 + taps[1]
    t2 = 0 + taps[2]
    t3 = 0 + taps[3]
    t4 = 0 + taps[4]
    t5 = 0 + taps[5]
    t6 = 0 + taps[6]
    t7 = 0 + taps[7]
    t8 = 0 + taps[8]
    bias = 1 << 30
    j = 0
    q = 0
    channel = 0
    index = 0
    c = 0
    while c < channels:
        w0 = w[j] - 128
        w1 = w[j + 1] - 128
        w2 = w[j + 2] - 128
        w3 = w[j + 3] - 128
        w4 = w[j + 4] - 128
        w5 = w[j + 5] - 128
        w6 = w[j + 6] - 128
        w7 = w[j + 7] - 128
        w8 = w[j + 8] - 128
        base = table[q] - bias
        factor = 0 + table[q + 1]
        half = 0 + table[q + 2]
        shift = 0 + table[q + 3]
        o = c
        image = channel
        n = 0
        while n < p[0]:
            row = image
            oy = 0
            while oy < p[1]:
                i = row
                ox = 0
                while ox < columns:
                    acc = (
                        x[i + t0] * w0
                        + x[i + t1] * w1
                        + x[i + t2] * w2
                        + x[i + t3] * w3
                        + x[i + t4] * w4
                        + x[i + t5] * w5
                        + x[i + t6] * w6
                        + x[i + t7] * w7
                        + x[i + t8] * w8
                        + base
                    )
                    r = (acc * factor + bias) >> 31
                    if r < 0:
                        r -= 1
                    r = (r + half) >> shift
                    if r < lowest:
                        r = lowest
                    if r > highest:
                        r = highest
                    y[o] = r
                    o += channels
                    i += column_step
                    ox += 1
                row += p[5]
                oy += 1
            image += p[4]
            n += 1
        j += 9
        q += 4
        c += 1
        index += 1
        if index == p[7]:
            index = 0
            channel += 1
