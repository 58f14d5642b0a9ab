"""Wiegand frames: facility and card code between two parity bits. The bits are text, "0" and "1", first bit first."""

from __future__ import annotations

from collections import namedtuple

from dermis.core.errors import BadInput

# facility, card: bits of each. covered: data bits under each parity bit; where the two overlap, both cover the middle.
Format = namedtuple("Format", ("facility", "card", "covered"))

# By their whole length, as access control calls them: 26 (H10301), 34 (N10002), 37 (H10304).
FORMATS = {"26": Format(8, 16, 12), "34": Format(16, 16, 16), "37": Format(16, 19, 18)}


def frame(name: str, facility: int, card: int) -> str:
    """The bits of a card in one of `FORMATS`. Raises BadInput for codes that it does not hold."""
    form = FORMATS[name]
    for what, value, bits in (("facility", facility, form.facility), ("card", card, form.card)):
        if not 0 <= value < 1 << bits:
            raise BadInput(
                "the %s code %d does not fit a frame of %s bits: give 0 to %d" % (what, value, name, (1 << bits) - 1)
            )
    data = _binary(facility, form.facility) + _binary(card, form.card)
    even = data[: form.covered].count("1") & 1  # makes the number of ones even
    odd = 1 - (data[-form.covered :].count("1") & 1)
    return "%d%s%d" % (even, data, odd)


def packed(bits: str) -> bytes:
    """Bits as OSDP has them: the first in the highest of the first byte, zeros at the end."""
    filled = bits + "0" * (-len(bits) % 8)
    return bytes([int(filled[at : at + 8], 2) for at in range(0, len(filled), 8)])


def unpacked(data: bytes, count: int) -> str:
    """The first `count` bits of `data`. Raises BadInput when there are fewer."""
    if count > 8 * len(data):
        raise BadInput("%d bits are said to be in %d bytes" % (count, len(data)))
    return "".join([_binary(byte, 8) for byte in data])[:count]


def _binary(value, bits):
    return "".join(["1" if value >> at & 1 else "0" for at in range(bits - 1, -1, -1)])
