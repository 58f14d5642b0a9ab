"""CBOR: the vectors of RFC 8949, Appendix A, that apply, and what must be refused."""

from dermis.core import cbor
from dermis.core.errors import BadInput

# (value, hex) that go both ways.
VECTORS = (
    (0, "00"),
    (1, "01"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (25, "1819"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-10, "29"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("a", "6161"),
    ("IETF", "6449455446"),
    ('"\\', "62225c"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
)
# Indefinite lengths: only read.
READ_ONLY = (
    (b"\x01\x02\x03\x04\x05", "5f42010243030405ff"),
    ("streaming", "7f657374726561646d696e67ff"),
    ([], "9fff"),
    ([1, [2, 3], [4, 5]], "9f018202039f0405ffff"),
    ([1, [2, 3], [4, 5]], "83018202039f0405ff"),
    ({"a": 1, "b": [2, 3]}, "bf61610161629f0203ffff"),
    (["a", {"b": "c"}], "826161bf61626163ff"),
    ({"Fun": True, "Amt": -2}, "bf6346756ef563416d7421ff"),
    (0, "1b0000000000000000"),  # a head longer than it need be
)
# Everything here is refused, and with BadInput.
REFUSED = (
    "",
    "18",
    "1903",
    "5bffffffffffffffff00",  # a byte string of 2^64 - 1 bytes
    "7affffffff",
    "9bffffffffffffffff00",
    "bb7fffffffffffffff0000",
    "5f4101",  # no stop code
    "5f6161ff",  # text inside bytes
    "5f5f4101ffff",
    "7f61c361bcff",  # a character split between chunks
    "61ff",  # not UTF-8
    "ff",  # a stop code alone
    "1c",
    "1f",
    "3f",
    "c074323031332d30332d32315432303a30343a30305a",  # a tag
    "f93c00",  # a float
    "f7",  # undefined
    "f0",
    "f820",
    "a1",
    "bf01ff",
    "a2010201ff",
    "a201020103",  # a key twice
    "a1800100",
    "a1f501",
    "0000",  # two items
    "81" * 40 + "00",
    "9f" * 40 + "ff" * 40,
    "a100" * 40 + "00",
)


def refused(data):
    try:
        cbor.loads(data)
    except BadInput as error:
        return str(error)
    return ""


def unhex(text):
    return bytes([int(text[index : index + 2], 16) for index in range(0, len(text), 2)])


def test_vectors_both_ways():
    for value, text in VECTORS:
        assert cbor.dumps(value) == unhex(text), (value, text)
        got = cbor.loads(unhex(text))
        assert got == value and type(got) is type(value), (value, text)


def test_indefinite_lengths_are_read():
    for value, text in READ_ONLY:
        assert cbor.loads(unhex(text)) == value, text


def test_what_we_do_not_carry_is_refused_with_a_sentence():
    for text in REFUSED:
        assert len(refused(unhex(text))) > 10, text


def test_every_cut_of_a_good_item_is_refused():
    whole = cbor.dumps({"a": [1, -500, b"1234", "text"], "b": {"c": None, "d": True}, "e": 1 << 40})
    assert cbor.loads(whole)["e"] == 1 << 40
    for length in range(len(whole)):
        assert refused(whole[:length]), length


def test_too_long_is_refused_before_it_is_read():
    assert "at most" in refused(bytes(cbor.LENGTH_LIMIT + 1))


def test_long_byte_strings_and_buffers():
    data = bytes(range(256)) * 320
    for kind in (bytes, bytearray, memoryview):
        assert cbor.loads(kind(cbor.dumps({"reference": kind(data)})))["reference"] == data


def test_large_byte_strings_can_stay_where_they_are():
    data = cbor.dumps({"long": bytes(5000), "short": b"1234"})
    got = cbor.loads(data, 4096)
    assert isinstance(got["long"], memoryview) and len(got["long"]) == 5000 and bytes(got["long"]) == bytes(5000)
    assert isinstance(got["short"], bytes) and isinstance(cbor.loads(data)["long"], bytes)


def test_maps_are_written_in_one_order():
    names = ["serial", "format", "z_ref_mm", "a", "linear"]
    assert cbor.dumps(dict.fromkeys(names, 1)) == cbor.dumps(dict.fromkeys(sorted(names), 1))
    assert cbor.dumps({"bb": 1, "a": 2, 10: 3}) == unhex("a30a03616102626262" + "01")


def test_depth_limit_is_the_same_on_both_sides():
    deep: list = [1]
    for _ in range(cbor.DEPTH_LIMIT - 1):
        deep = [deep]
    assert cbor.loads(cbor.dumps(deep)) == deep
    try:
        cbor.dumps([deep])
    except BadInput:
        pass
    else:
        raise AssertionError("one level more was taken")
    assert refused(unhex("81" * (cbor.DEPTH_LIMIT + 1) + "00"))


def test_what_cannot_be_sent():
    for value in (1.5, object(), 1 << 64, -(1 << 64) - 1, {"a": {1.0}}):
        try:
            cbor.dumps(value)
        except BadInput:
            continue
        raise AssertionError(value)


def test_random_bytes_never_raise_anything_else():
    state = 12345
    for _ in range(400):
        data = bytearray()
        for _ in range(40):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data.append((state >> 16) & 0xFF)
        refused(data)
