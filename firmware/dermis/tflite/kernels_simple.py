"""The loops without weights; see `kernels` for how values lie in the arena and how requantisation is written."""

from .native import micropython, ptr8, ptr32


@micropython.viper
def add(a: ptr8, b: ptr8, y: ptr8, table_a: ptr32, table_b: ptr32, p: ptr32):
    """y = requantised table_a[a] + table_b[b]; the tables bring both to one scale (and negate b for SUB).

    p: four counts, four strides of a, four strides of b (0 where it is broadcast), factor, right shift,
    raised output zero point, lowest, highest (raised).
    """
    m = p[12]
    shift = p[13]
    out_zero = p[14]
    lowest = p[15]
    highest = p[16]
    mh = m >> 16
    ml = m & 0xFFFF
    o = 0
    a0 = 0
    b0 = 0
    c0 = 0
    while c0 < p[0]:
        a1 = a0
        b1 = b0
        c1 = 0
        while c1 < p[1]:
            a2 = a1
            b2 = b1
            c2 = 0
            while c2 < p[2]:
                i = a2
                j = b2
                c3 = 0
                while c3 < p[3]:
                    acc = table_a[a[i]] + table_b[b[j]]
                    ah = (((acc >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
                    al = acc & 0xFFFF
                    s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
                    t = al * mh
                    r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
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
                    i += p[7]
                    j += p[11]
                    c3 += 1
                a2 += p[6]
                b2 += p[10]
                c2 += 1
            a1 += p[5]
            b1 += p[9]
            c1 += 1
        a0 += p[4]
        b0 += p[8]
        c0 += 1


@micropython.viper
def multiply(a: ptr8, b: ptr8, y: ptr8, p: ptr32):
    """y = requantised (a - zero of a) * (b - zero of b).

    p: as for `add` up to the strides, then factor, left shift, right shift, raised zero points of a, b and y,
    lowest, highest (raised).
    """
    m = p[12]
    left = p[13]
    shift = p[14]
    zero_a = p[15]
    zero_b = p[16]
    out_zero = p[17]
    lowest = p[18]
    highest = p[19]
    mh = m >> 16
    ml = m & 0xFFFF
    o = 0
    a0 = 0
    b0 = 0
    c0 = 0
    while c0 < p[0]:
        a1 = a0
        b1 = b0
        c1 = 0
        while c1 < p[1]:
            a2 = a1
            b2 = b1
            c2 = 0
            while c2 < p[2]:
                i = a2
                j = b2
                c3 = 0
                while c3 < p[3]:
                    acc = ((a[i] - zero_a) * (b[j] - zero_b)) << left
                    ah = (((acc >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
                    al = acc & 0xFFFF
                    s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
                    t = al * mh
                    r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
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
                    i += p[7]
                    j += p[11]
                    c3 += 1
                a2 += p[6]
                b2 += p[10]
                c2 += 1
            a1 += p[5]
            b1 += p[9]
            c1 += 1
        a0 += p[4]
        b0 += p[8]
        c0 += 1


@micropython.viper
def mean(x: ptr8, y: ptr8, sums: ptr32, p: ptr32):
    """Mean over some axes.

    p: four counts, four strides of the output (0 along an axis that is averaged away), output size, raised input
    zero point times the number averaged, factor, left shift, right shift, raised output zero point.
    sums: scratch, one int32 an output.
    """
    outputs = p[8]
    i = 0
    while i < outputs:
        sums[i] = 0
        i += 1
    i = 0
    o0 = 0
    c0 = 0
    while c0 < p[0]:
        o1 = o0
        c1 = 0
        while c1 < p[1]:
            o2 = o1
            c2 = 0
            while c2 < p[2]:
                o = o2
                c3 = 0
                while c3 < p[3]:
                    sums[o] = sums[o] + x[i]
                    i += 1
                    o += p[7]
                    c3 += 1
                o2 += p[6]
                c2 += 1
            o1 += p[5]
            c1 += 1
        o0 += p[4]
        c0 += 1
    m = p[10]
    shift = p[12]
    mh = m >> 16
    ml = m & 0xFFFF
    i = 0
    while i < outputs:
        acc = (sums[i] - p[9]) << p[11]
        ah = (((acc >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
        al = acc & 0xFFFF
        s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
        t = al * mh
        r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
        if shift:
            if r < 0:
                r -= 1
            r = ((r >> (shift - 1)) + 1) >> 1
        r += p[13]
        if r < 0:
            r = 0
        if r > 255:
            r = 255
        y[i] = r
        i += 1


@micropython.viper
def pool(x: ptr8, y: ptr8, p: ptr32):
    """Largest value (p[14] = 1) or average (0) of each window; what lies outside the image does not count.

    p: batches, H, W, C, OH, OW, KH, KW, stride h, stride w, pad top, pad left, lowest, highest (raised), largest.
    """
    height = p[1]
    width = p[2]
    depth = p[3]
    largest = p[14]
    image = 0
    o = 0
    n = 0
    while n < p[0]:
        oy = 0
        while oy < p[4]:
            top = oy * p[8] - p[10]
            bottom = top + p[6]
            if top < 0:
                top = 0
            if bottom > height:
                bottom = height
            ox = 0
            while ox < p[5]:
                left = ox * p[9] - p[11]
                right = left + p[7]
                if left < 0:
                    left = 0
                if right > width:
                    right = width
                count = (bottom - top) * (right - left)
                c = 0
                while c < depth:
                    r = 0
                    iy = top
                    while iy < bottom:
                        i = image + (iy * width + left) * depth + c
                        end = i + (right - left) * depth
                        if largest:
                            while i < end:
                                if x[i] > r:
                                    r = 0 + x[i]
                                i += depth
                        else:
                            while i < end:
                                r += x[i] - 128
                                i += depth
                        iy += 1
                    if not largest:
                        # Halves away from zero, then raised. Both quotients are of positive numbers.
                        half = count >> 1
                        r = 128 + (r + half) // count if r > 0 else 128 - (half - r) // count
                    if r < p[12]:
                        r = 0 + p[12]
                    if r > p[13]:
                        r = 0 + p[13]
                    y[o] = r
                    o += 1
                    c += 1
                ox += 1
            oy += 1
        image += height * width * depth
        n += 1


@micropython.viper
def softmax(x: ptr8, y: ptr8, exps: ptr32, p: ptr32):
    """Softmax of each row: its exponentials times the reciprocal of their sum.

    exps[d]: exp(-d steps), 31 fractional bits. Their sum keeps 19, so that 4,095 of them fit.
    p: rows, values a row, then 48/17 and -32/17 with 29 fractional bits, for the first guess of Newton's division.
    Ref: Softmax in reference/softmax.h, GetReciprocal in internal/common.h, one_over_one_plus_x_for_x_in_0_1.
    """
    depth = p[1]
    unit = 1
    unit = unit << 30  # no word of a 32-bit MicroPython's source holds it
    start = 0
    row = 0
    while row < p[0]:
        end = start + depth
        top = 0
        i = start
        while i < end:
            if x[i] > top:
                top = 0 + x[i]
            i += 1
        total = 0
        i = start
        while i < end:
            e = exps[top - x[i]]
            total += (e >> 12) + ((e >> 11) & 1)
            i += 1
        # The sum as a fraction of [1/2, 1), and the final shift to 8 fractional bits.
        shift = 34
        while total < unit:
            total += total
            shift -= 1
        # 2 / total by three rounds of Newton's division. Each takes two products, seven with the first guess; `a`
        # may be negative and is known modulo 2**32, m is positive.
        a = 0 + p[3]
        m = total
        reciprocal = 0
        product = 0
        while product < 7:
            ah = (((a >> 16) & 0xFFFF) ^ 0x8000) - 0x8000
            al = a & 0xFFFF
            mh = m >> 16
            ml = m & 0xFFFF
            s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
            t = al * mh
            r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
            if product & 1:
                a = (unit >> 1) - r
                m = reciprocal
            else:
                reciprocal = reciprocal + (r << 2) if product else p[2] + r
                a = reciprocal
                m = total
            product += 1
        if shift > 31:  # so many equal classes that each rounds to 0
            shift = 31
            m = 0
        elif reciprocal < unit:
            m = reciprocal + reciprocal
        else:
            m = unit + (unit - 1)
        mh = m >> 16
        ml = m & 0xFFFF
        i = start
        while i < end:
            e = exps[top - x[i]]
            ah = e >> 16
            al = e & 0xFFFF
            s = ah * ml + (((al * ml) >> 16) & 0xFFFF)
            t = al * mh
            r = ((ah * mh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + 0x4000) >> 15)
            r = ((r >> (shift - 1)) + 1) >> 1
            if r > 255:
                r = 255
            y[i] = r
            i += 1
        start = end
        row += 1


@micropython.viper
def quantise_floats(x: ptr8, y: ptr8, count: int, p: ptr32):
    """y = raised zero point + round(float32(x / scale)), halves away from zero, clamped; x: float32, low byte first.

    p: the scale's mantissa, 24 bits with the highest set; 512 + its exponent; raised zero point.
    What is no number counts as 0, as in `quantise.scale_from_bits`.
    """
    divisor = 0 + p[0]
    zero = 0 + p[2]
    i = 0
    n = 0
    while n < count:
        fraction = x[i] | (x[i + 1] << 8) | ((x[i + 2] & 127) << 16)
        exponent = (x[i + 2] >> 7) | ((x[i + 3] & 127) << 1)
        negative = x[i + 3] >> 7
        steps = 0
        if exponent == 255:
            if fraction == 0:
                steps = 1 << 20
        elif exponent or fraction:
            if exponent:
                fraction += 1 << 23
            else:
                exponent = 1
                while fraction < 1 << 23:
                    fraction += fraction
                    exponent -= 1
            # The quotient's 24 bits, one by one, rounded to even as a float32 would be.
            exponent -= 150 + p[1] - 512 + 23
            if fraction < divisor:
                fraction += fraction
                exponent -= 1
            quotient = 1
            rest = fraction - divisor
            bit = 0
            while bit < 23:
                quotient += quotient
                rest += rest
                if rest >= divisor:
                    rest -= divisor
                    quotient += 1
                bit += 1
            rest += rest
            if rest > divisor:
                quotient += 1
            elif rest == divisor:
                quotient += quotient & 1
            if exponent >= 0:
                steps = 1 << 20
            elif exponent > -26:
                steps = ((quotient >> (0 - exponent - 1)) + 1) >> 1
        if negative:
            steps = 0 - steps
        steps += zero
        if steps < 0:
            steps = 0
        if steps > 255:
            steps = 255
        y[n] = steps
        i += 4
        n += 1
