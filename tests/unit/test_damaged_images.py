"""Images damaged at random: refused with a reason or, untouched, taken. Nothing else is raised, nothing believed."""

from __future__ import annotations

import struct

import altered_images
from dermis.core import manifest, mcuboot
from dermis_host.building.signing import file_image
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD = altered_images.image()
FRONT, PROTECTED, PLAIN = altered_images.parts(GOOD)
# Where a byte says how the rest is to be read.
TELLING = [*range(32), *range(len(FRONT), len(GOOD))]
EXAMPLES = 150


def refused(data: bytes) -> bool:
    try:
        image = file_image(data)
        image.check(altered_images.KEYS)
        manifest.acceptable(image, altered_images.FACTS)
    except mcuboot.BadImage as error:
        assert error.why in mcuboot.WHYS
        return True
    return False


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TELLING), st.integers(0, 255)), min_size=1, max_size=6))
def test_bytes_that_tell_how_to_read(changes):
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    assert refused(bytes(data)) == (data != GOOD)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF), st.integers(0, len(GOOD)))
def test_any_size_in_the_header(body, protected, size):
    data = bytearray(GOOD)
    struct.pack_into("<H", data, 10, protected)
    struct.pack_into("<I", data, 12, body)
    cut = bytes(data[:size])
    assert refused(cut) == (cut != GOOD)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from((1, 2, 0x10, 0x22, 0x50, 0xA0, 0xFFFF)), st.binary(max_size=80)), max_size=5),
    st.booleans(),
)
def test_any_values_in_the_trailer(values, rehash):
    assert refused(altered_images.joined(FRONT, PROTECTED, values, rehash))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=400))
def test_any_manifest_rightly_signed(encoded):
    counter = PROTECTED[0]
    assert refused(altered_images.resigned(FRONT, [counter, (mcuboot.MANIFEST, encoded)]))
