"""The loops. Each is one viper function; under CPython the same lines run as plain Python.

Inside the arena an int8 value lies raised by 128, as an unsigned byte, so that a load needs no sign extension.
Weights are read as they stand in the model file, two's complement: `(w ^ 128)` is the weight raised by 128, and
what raising adds to a dot product, 128 times the sum of the patch, is taken off once a patch.

Accumulators wrap modulo 2**32 as C's do. The requantisation (in `conv`, `depthwise`, `mean`, `add`, `multiply`)
takes the low 32 bits apart into halves of 16 bits, so that no intermediate exceeds a signed 32-bit word; it equals
gemmlowp's SaturatingRoundingDoublingHighMul followed by RoundingDivideByPOT for every factor in [0, 2**31): the
latter's halves go away from zero, so a negative number is lowered by 1 before half of the divisor is added. It is
written out in each kernel because a call costs more than the arithmetic.

Parameters come as one block of int32, all of them >= 0; the first argument names are the hot ones.
"""

from .native import micropython, ptr8, ptr32


@micropython.viper
def conv(patch: ptr8, w: ptr8, x: ptr8, y: ptr8, table: ptr32, p: ptr32):
    """Convolution of any geometry; a fully connected layer is one with 1x1 windows.

    p: batches, H, W, C, OH, OW, OC, KH, KW, stride h, stride w, dilation h, dilation w, pad top, pad left,
    raised input zero point, 128 + weight zero point, raised output zero point, lowest, highest (raised), direct.
    table: (bias less zero point times weight sum, factor, left shift, right shift) a channel.
    patch: scratch of KH*KW*C bytes; where `direct` is 1 (1x1, stride 1, no padding) it is x itself.
    """
    height = p[1]
    width = p[2]
    depth = p[3]
    out_channels = p[6]
    kernel_h = p[7]
    kernel_w = p[8]
    dilation_h = p[11]
    dilation_w = p[12]
    zero = p[15]
    weight_zero = p[16]
    out_zero = p[17]
    lowest = p[18]
    highest = p[19]
    direct = p[20]
    length = kernel_h * kernel_w * depth
    unrolled = length & -4
    image = 0
    o = 0
    n = 0
    while n < p[0]:
        oy = 0
        while oy < p[4]:
            ox = 0
            while ox < p[5]:
                # The patch and its sum.
                total = 0
                start = 0
                j = 0
                if direct:
                    start = image + (oy * width + ox) * depth
                    j = start
                    end = start + length
                    while j < end:
                        total += x[j]
                        j += 1
                else:
                    iy = oy * p[9] - p[13]
                    ky = 0
                    while ky < kernel_h:
                        ix = ox * p[10] - p[14]
                        kx = 0
                        while kx < kernel_w:
                            end = j + depth
                            if 0 <= iy < height and 0 <= ix < width:
                                i = image + (iy * width + ix) * depth
                                while j < end:
                                    v = x[i]
                                    patch[j] = v
                                    total += v
                                    i += 1
                                    j += 1
                            else:
                                total += zero * depth
                                while j < end:
                                    patch[j] = zero
                                    j += 1
                            ix += dilation_w
                            kx += 1
                        iy += dilation_h
                        ky += 1
                base = 0 - total * weight_zero
                j = 0
                q = 0
                channel = 0
                while channel < out_channels:
                    acc = base + table[q]
                    i = start
                    end = start + unrolled
                    while i < end:
                        acc += (
                            patch[i] * (w[j] ^ 128)
                            + patch[i + 1] * (w[j + 1] ^ 128)
                            + patch[i + 2] * (w[j + 2] ^ 128)
                            + patch[i + 3] * (w[j + 3] ^ 128)
                        )
                        i += 4
                        j += 4
                    end = start + length
                    while i < end:
                        acc += patch[i] * (w[j] ^ 128)
                        i += 1
                        j += 1
                    # Requantise.
                    acc = acc << table[q + 2]
                    m = table[q + 1]
                    ah = (((acc >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
                    al = acc & 0xFFFF
                    mh = m >> 16
                    ml = m & 0xFFFF
                    s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
                    t = al * mh
                    r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
                    shift = table[q + 3]
                    if shift:
                        if r < 0:
                            r -= 1
                        r = ((r >> (shift - 1)) + 1) >> 1
                    r += out_zero
                    if r < lowest:
                        r = lowest
                    if r > highest:
                        r = highest
                    y[o] = r
                    o += 1
                    q += 4
                    channel += 1
                ox += 1
            oy += 1
        image += height * width * depth
        n += 1


@micropython.viper
def depthwise(x: ptr8, w: ptr8, y: ptr8, table: ptr32, p: ptr32):
    """Depthwise convolution; output channel = input channel * multiplier + index.

    p: batches, H, W, C, OH, OW, multiplier, KH, KW, stride h, stride w, dilation h, dilation w, pad top, pad left,
    raised input zero point, raised output zero point, lowest, highest (raised).
    table: (bias, factor, left shift, right shift) an output channel.
    """
    height = p[1]
    width = p[2]
    depth = p[3]
    multiplier = p[6]
    kernel_h = p[7]
    kernel_w = p[8]
    dilation_h = p[11]
    dilation_w = p[12]
    zero = p[15]
    out_zero = p[16]
    lowest = p[17]
    highest = p[18]
    out_channels = depth * multiplier
    step = dilation_w * depth
    row_step = dilation_h * width * depth
    image = 0
    o = 0
    n = 0
    while n < p[0]:
        oy = 0
        while oy < p[4]:
            # The part of the window that lies on the image: padding adds nothing to (x - zero) * w.
            iy = oy * p[9] - p[13]
            top = 0
            while top < kernel_h and iy < 0:
                top += 1
                iy += dilation_h
            bottom = top
            v = iy
            while bottom < kernel_h and v < height:
                bottom += 1
                v += dilation_h
            ox = 0
            while ox < p[5]:
                ix = ox * p[10] - p[14]
                left = 0
                while left < kernel_w and ix < 0:
                    left += 1
                    ix += dilation_w
                right = left
                v = ix
                while right < kernel_w and v < width:
                    right += 1
                    v += dilation_w
                corner = image + (iy * width + ix) * depth
                channel = 0
                index = 0
                q = 0
                oc = 0
                while oc < out_channels:
                    acc = 0 + table[q]
                    row = corner + channel
                    weight_row = (top * kernel_w + left) * out_channels + oc
                    ky = top
                    while ky < bottom:
                        i = row
                        j = weight_row
                        kx = left
                        while kx < right:
                            acc += (x[i] - zero) * ((w[j] ^ 128) - 128)
                            i += step
                            j += out_channels
                            kx += 1
                        row += row_step
                        weight_row += kernel_w * out_channels
                        ky += 1
                    # Requantise.
                    acc = acc << table[q + 2]
                    m = table[q + 1]
                    ah = (((acc >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
                    al = acc & 0xFFFF
                    mh = m >> 16
                    ml = m & 0xFFFF
                    s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
                    t = al * mh
                    r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
                    shift = table[q + 3]
                    if shift:
                        if r < 0:
                            r -= 1
                        r = ((r >> (shift - 1)) + 1) >> 1
                    r += out_zero
                    if r < lowest:
                        r = lowest
                    if r > highest:
                        r = highest
                    y[o] = r
                    o += 1
                    q += 4
                    oc += 1
                    index += 1
                    if index == multiplier:
                        index = 0
                        channel += 1
                ox += 1
            oy += 1
        image += height * width * depth
        n += 1


@micropython.viper
def weight_sums(w: ptr8, sums: ptr32, channels: int, length: int):
    """sums[c] = the sum of the `length` int8 weights of channel c, which lie together."""
    j = 0
    c = 0
    while c < channels:
        total = 0
        end = j + length
        while j < end:
            total += (w[j] ^ 128) - 128
            j += 1
        sums[c] = total
        c += 1
