"""P-256: one published signature, and every other form of the same numbers refused."""

import binascii

from dermis.core import p256


def un(text):
    return binascii.unhexlify(text.replace(" ", ""))


# RFC 6979, A.2.5: P-256, SHA-256, messages "sample" and "test".
PUBLIC = un(
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
SAMPLE = un("AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF")
R = un("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716")
S = un("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")


def integer(data):
    return bytes([2, len(data)]) + data


def sequence(*parts):
    body = b"".join(parts)
    return bytes([0x30, len(body)]) + body


def number(value):
    size = 1
    while value >> (8 * size):
        size += 1
    data = value.to_bytes(size, "big")
    return integer(b"\x00" + data if data[0] & 0x80 else data)


GOOD = sequence(integer(b"\x00" + R), integer(b"\x00" + S))


def test_a_published_signature():
    assert p256.verify(PUBLIC, SAMPLE, GOOD)
    assert p256.verify(memoryview(PUBLIC), memoryview(SAMPLE), memoryview(GOOD))


def test_the_other_signature_of_the_same_message_is_valid_too():
    # ECDSA has two for each: (r, s) and (r, n - s). Both say that the key's owner signed.
    assert p256.verify(PUBLIC, SAMPLE, sequence(integer(b"\x00" + R), number(p256.N - int.from_bytes(S, "big"))))


def test_another_message_key_or_number_is_refused():
    assert not p256.verify(PUBLIC, SAMPLE[:-1] + b"\xbe", GOOD)
    assert not p256.verify(PUBLIC[:-1] + b"\x98", SAMPLE, GOOD)  # no point of the curve
    base = p256.GX.to_bytes(32, "big") + p256.GY.to_bytes(32, "big")
    assert p256.valid_key(base) and not p256.verify(base, SAMPLE, GOOD)
    assert not p256.verify(PUBLIC, SAMPLE, sequence(integer(b"\x00" + S), integer(b"\x00" + R)))


def test_wrong_lengths_are_refused():
    assert not p256.verify(PUBLIC[:-1], SAMPLE, GOOD)
    assert not p256.verify(b"\x04" + PUBLIC, SAMPLE, GOOD)
    assert not p256.verify(PUBLIC, SAMPLE[:-1], GOOD)
    assert not p256.verify(PUBLIC, SAMPLE + b"\x00", GOOD)
    for size in range(len(GOOD)):
        assert p256.parse(GOOD[:size]) is None
    assert p256.parse(GOOD + b"\x00") is None


def test_numbers_out_of_range_are_refused():
    good = number(1)
    for bad in (b"\x02\x01\x00", number(p256.N), number(p256.N + 1), number((1 << 256) - 1)):
        assert p256.parse(sequence(bad, good)) is None
        assert p256.parse(sequence(good, bad)) is None
    assert p256.parse(sequence(number(p256.N - 1), number(1))) == (p256.N - 1, 1)


def test_no_form_but_ders_own():
    assert p256.parse(sequence(integer(R), integer(b"\x00" + S))) is None  # negative
    assert p256.parse(sequence(integer(b"\x00\x00" + R), integer(b"\x00" + S))) is None  # longer than need be
    assert p256.parse(sequence(integer(b"\x00\x01"), number(1))) is None
    assert p256.parse(sequence(integer(b""), number(1), number(1))) is None
    assert p256.parse(sequence(number(1), number(1), number(1))) is None
    assert p256.parse(b"\x30\x81\x06" + number(1) + number(1)) is None  # long form of a short length
    assert p256.parse(b"\x31" + sequence(number(1), number(1))[1:]) is None
    assert p256.parse(sequence(number(1), b"\x03\x01\x01")) is None
    assert p256.parse(sequence(number(1), b"\x02\x09\x01")) is None  # longer than what is there


def test_keys_out_of_the_field_are_refused():
    assert p256.valid_key(PUBLIC)
    assert not p256.valid_key(bytes(64))
    y = PUBLIC[32:]
    assert not p256.valid_key(p256.P.to_bytes(32, "big") + y)
    assert not p256.valid_key(PUBLIC[:32] + p256.P.to_bytes(32, "big"))
    above = int.from_bytes(PUBLIC[:32], "big") + p256.P
    assert above >> 256 or not p256.valid_key(above.to_bytes(32, "big") + y)


def test_sums_that_have_no_slope():
    """A point and itself, a point and its mirror, and nothing: where the formula for two points divides by zero."""
    base = (p256.GX, p256.GY, 1)
    mirror = (p256.GX, p256.P - p256.GY, 1)
    assert p256._add(base, base) == p256._double(base)
    assert p256._add(base, mirror)[2] == 0
    assert p256._add(base, (1, 1, 0)) == base and p256._add((1, 1, 0), base) == base
    assert p256._double((1, 1, 0))[2] == 0


def test_a_key_that_is_the_base_point_or_its_mirror():
    # u1 G + u2 Q meets G + Q = 2 G, and G - G: r and s chosen so that the sum is infinite must be refused.
    base = p256.GX.to_bytes(32, "big")
    key = base + p256.GY.to_bytes(32, "big")
    mirror = base + (p256.P - p256.GY).to_bytes(32, "big")
    r = p256.GX % p256.N
    digest = r.to_bytes(32, "big")
    # With the mirror and h = r: u1 = u2, so the sum is infinity.
    assert not p256.verify(mirror, digest, sequence(number(r), number(1)))
    # With h = 0 and s = r: the sum is Q itself, whose x is r.
    assert p256.verify(key, bytes(32), sequence(number(r), number(r)))
    assert p256.verify(mirror, bytes(32), sequence(number(r), number(r)))


def test_steps_give_way_and_end_with_the_answer():
    walk = p256.steps(PUBLIC, SAMPLE, GOOD)
    count = 0
    answer = None
    while answer is None:
        try:
            assert next(walk) is None
            count += 1
        except StopIteration as end:
            answer = end.value
    assert answer is True
    assert count == 1 + p256.BITS // p256.ROUNDS_A_STEP
