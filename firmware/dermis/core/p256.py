"""Verification of ECDSA signatures over the curve P-256, in plain big integers.

MicroPython has none. Only public values are computed with, so nothing here needs to take the same time for every
input; and nothing here signs.

Ref: FIPS 186-5, 6.4.2 (verification); SEC 1 version 2.0, 2.3.4 and C.5 (points, DER); SP 800-186, 3.2.1.3 (the curve).
Points are Jacobian; formulas: Bernstein and Lange, Explicit-Formulas Database, dbl-2001-b and add-2007-bl.
"""

from __future__ import annotations

COORDINATE_BYTES = 32
PUBLIC_KEY_BYTES = 2 * COORDINATE_BYTES  # x and y, big-endian, without SEC 1's leading 4
DIGEST_BYTES = 32  # of SHA-256
LARGEST_SIGNATURE = 72  # SEQUENCE of two INTEGERs of at most 33 bytes, heads included
# Of 256 rounds, those between two `yield`s: an estimated 60 ms on an ESP32-S3 (`python -m tests.bench signature`).
ROUNDS_A_STEP = 8
BITS = 256

P = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5

_INFINITY = (1, 1, 0)
_SEQUENCE, _INTEGER = 0x30, 0x02
_LONG_FORM = 0x80


def valid_key(public_key) -> bool:
    """Whether these bytes are x and y of a point on the curve. (Its order is prime: every such point will do.)"""
    return _point(public_key) is not None


def verify(public_key, digest, signature) -> bool:
    """Whether `signature` (DER: SEQUENCE of INTEGER r, INTEGER s) was made over `digest` (32 bytes: SHA-256 of the
    message) with the private key of `public_key` (64 bytes: x, y).

    False for a key that is no point of the curve, for a signature in any other form than DER's own, and for numbers
    out of range; nothing is raised.
    """
    walk = steps(public_key, digest, signature)
    while True:
        try:
            next(walk)
        except StopIteration as end:
            return end.value


def steps(public_key, digest, signature):
    """The same as a generator that yields None between pieces of work; `yield from` it gives the answer."""
    point = _point(public_key)
    numbers = parse(signature)
    if point is None or numbers is None or len(digest) != DIGEST_BYTES:
        return False
    r, s = numbers
    inverse = pow(s, N - 2, N)
    u1 = int.from_bytes(digest, "big") % N * inverse % N
    u2 = r * inverse % N
    yield
    base = (GX, GY, 1)
    key = (point[0], point[1], 1)
    both = _add(base, key)
    total = _INFINITY
    for bit in range(BITS - 1, -1, -1):
        total = _double(total)
        in_base, in_key = u1 >> bit & 1, u2 >> bit & 1
        if in_base and in_key:
            total = _add(total, both)
        elif in_base:
            total = _add(total, base)
        elif in_key:
            total = _add(total, key)
        if bit % ROUNDS_A_STEP == 0:
            yield
    x, _, z = total
    if z == 0:
        return False
    # x / z^2 modulo N is r, without a division: r may stand for itself or, just below P, for r + N.
    z2 = z * z % P
    return (x - r * z2) % P == 0 or (r + N < P and (x - (r + N) * z2) % P == 0)


def parse(signature):
    """(r, s) of a signature in DER, both from 1 to N - 1; None for anything else."""
    size = len(signature)
    if not 8 <= size <= LARGEST_SIGNATURE or signature[0] != _SEQUENCE or signature[1] != size - 2:
        return None
    first = _integer(signature, 2)
    if first is None:
        return None
    second = _integer(signature, first[1])
    if second is None or second[1] != size:
        return None
    r, s = first[0], second[0]
    return (r, s) if 0 < r < N and 0 < s < N else None


def _integer(data, at):
    """(value, offset behind it) of DER's shortest form of an integer that is not negative, or None."""
    if at + 2 > len(data) or data[at] != _INTEGER:
        return None
    size = data[at + 1]
    begin, end = at + 2, at + 2 + size
    if not 0 < size <= COORDINATE_BYTES + 1 or end > len(data) or data[begin] >= _LONG_FORM:
        return None
    if data[begin] == 0 and size > 1 and data[begin + 1] < _LONG_FORM:
        return None  # a zero byte that nothing needs
    return int.from_bytes(bytes(data[begin:end]), "big"), end


def _point(public_key):
    if len(public_key) != PUBLIC_KEY_BYTES:
        return None
    x = int.from_bytes(bytes(public_key[:COORDINATE_BYTES]), "big")
    y = int.from_bytes(bytes(public_key[COORDINATE_BYTES:]), "big")
    if x >= P or y >= P or (y * y - (x * x % P - 3) * x - B) % P:
        return None
    return x, y


def _double(point):
    x, y, z = point
    if not z:
        return point
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    z3 = ((y + z) * (y + z) - gamma - delta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, z3


def _add(a, b):
    x1, y1, z1 = a
    x2, y2, z2 = b
    if not z1:
        return b
    if not z2:
        return a
    z1z1 = z1 * z1 % P
    z2z2 = z2 * z2 % P
    u1 = x1 * z2z2 % P
    u2 = x2 * z1z1 % P
    s1 = y1 * z2 * z2z2 % P
    s2 = y2 * z1 * z1z1 % P
    if u1 == u2:
        return _double(a) if s1 == s2 else _INFINITY
    h = (u2 - u1) % P
    i = 4 * h * h % P
    j = h * i % P
    r = 2 * (s2 - s1) % P
    v = u1 * i % P
    x3 = (r * r - j - 2 * v) % P
    return x3, (r * (v - x3) - 2 * s1 * j) % P, ((z1 + z2) * (z1 + z2) - z1z1 - z2z2) * h % P
