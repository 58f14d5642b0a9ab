"""Wiegand frames: known cards, parity, and codes that do not fit."""

from dermis.core.errors import BadInput
from dermis.core.wiegand import FORMATS, frame, packed, unpacked


def refused(work):
    try:
        work()
    except BadInput:
        return True
    return False


def test_frames_that_were_counted_by_hand():
    # 26 bits (H10301): facility 1 = 00000001, card 1 = ...1: one bit of twelve, one bit of twelve.
    assert frame("26", 1, 1) == "1" + "00000001" + "0000000000000001" + "0"
    assert frame("26", 255, 65535) == "0" + "1" * 24 + "1"
    assert frame("26", 0, 0) == "0" * 25 + "1"
    assert frame("34", 3, 7) == "0" + "0000000000000011" + "0000000000000111" + "0"
    assert frame("37", 0, 1) == "0" + "0" * 34 + "1" + "0"
    assert len(frame("37", 65535, 524287)) == 37


def test_parity_covers_what_it_should():
    for name in FORMATS:
        form = FORMATS[name]
        bits = form.facility + form.card
        for at in range(bits):
            value = 1 << at
            sent = frame(name, value >> form.card, value & ((1 << form.card) - 1))
            assert len(sent) == bits + 2 == int(name)
            assert sent[: form.covered + 1].count("1") % 2 == 0, (name, at)
            assert sent[-form.covered - 1 :].count("1") % 2 == 1, (name, at)


def test_codes_that_do_not_fit():
    for name, facility, card in (("26", 256, 0), ("26", 0, 65536), ("34", 65536, 0), ("37", 0, 524288), ("26", -1, 0)):
        assert refused(lambda name=name, facility=facility, card=card: frame(name, facility, card)), name


def test_bits_in_bytes():
    for bits in ("", "1", "10101", "0" * 8, "1" * 9, frame("26", 200, 4711), "01" * 32):
        data = packed(bits)
        assert len(data) == (len(bits) + 7) // 8 and unpacked(data, len(bits)) == bits
    assert packed("1000000011") == b"\x80\xc0"
    assert refused(lambda: unpacked(b"\x00", 9))
