"""The loops that move, look up and choose bytes without arithmetic; see `kernels` for how values lie in the arena."""

from .native import micropython, ptr8, ptr32


@micropython.viper
def flip(source: ptr8, target: ptr8, count: int):
    """Between two's complement and raised by 128 (either way)."""
    i = 0
    while i < count:
        target[i] = source[i] ^ 128
        i += 1


@micropython.viper
def copy_bytes(source: ptr8, target: ptr8, count: int):
    i = 0
    while i < count:
        target[i] = source[i]
        i += 1


@micropython.viper
def look_up(source: ptr8, target: ptr8, table: ptr8, count: int):
    """target = table[source]: every int8 function of one value."""
    i = 0
    while i < count:
        target[i] = table[source[i]]
        i += 1


@micropython.viper
def look_up_words(source: ptr8, target: ptr32, table: ptr32, count: int):
    """target = table[source], int32 (or float32) out."""
    i = 0
    while i < count:
        target[i] = table[source[i]]
        i += 1


@micropython.viper
def fill(target: ptr8, value: int, count: int):
    i = 0
    while i < count:
        target[i] = value
        i += 1


@micropython.viper
def copy(source: ptr8, target: ptr8, p: ptr32):
    """A box of bytes between two layouts: padding, concatenation, split, slice, transpose.

    p: four counts, four source strides, four target strides, source offset, target offset, four source strides
    backward. A step along the source is the first stride less the second: a negative word of `p` would be read as
    a positive one on a 64-bit machine.
    """
    step = p[7] - p[17]
    stride = 0 + p[11]
    s0 = 0 + p[12]
    t0 = 0 + p[13]
    a = 0
    while a < p[0]:
        s1 = s0
        t1 = t0
        b = 0
        while b < p[1]:
            s2 = s1
            t2 = t1
            c = 0
            while c < p[2]:
                s3 = s2
                t3 = t2
                d = 0
                while d < p[3]:
                    target[t3] = source[s3]
                    s3 += step
                    t3 += stride
                    d += 1
                s2 += p[6] - p[16]
                t2 += p[10]
                c += 1
            s1 += p[5] - p[15]
            t1 += p[9]
            b += 1
        s0 += p[4] - p[14]
        t0 += p[8]
        a += 1


@micropython.viper
def choose(a: ptr8, b: ptr8, y: ptr8, p: ptr32):
    """y = the larger (p[12] = 1) or the smaller (0) of a and b; being raised does not change which that is.

    p: four counts, four strides of a, four strides of b (0 where it is broadcast), larger.
    """
    larger = 0 + p[12]
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
                    r = 0 + a[i]
                    other = 0 + b[j]
                    if larger:
                        if other > r:
                            r = other
                    elif other < r:
                        r = other
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
