"""A .tflite file is input: cut short or altered, it gives a named error or a clean answer, and soon."""

import random

import machine32
import packs
import pytest
from dermis.tflite import BadModel, Model, ModelError

FLIPS = 120  # altered files of each model
MOST_MACS = 2_000_000  # a damaged file that still loads may ask for more work than a test has time for
ARENA_LIMIT = 1 << 20
SMALL_FLIPS = 10  # on the imitated machine, which is slow, with less work each
MOST_SMALL_MACS = 2_000
SMALL_ARENA = 2_000
GOLDEN = ("separable", "residual", "two_inputs", "pooled")
SEED = 5
CUT = ("leaky_relu_0", "transpose_0", "strided_slice_0", "split_0", "maximum_0")


def outcome(file, most_macs=MOST_MACS, arena_limit=ARENA_LIMIT):
    """'refused' or 'ran'; anything else than a ModelError passes through and fails the test."""
    try:
        model = Model(file, arena_limit)
    except ModelError as error:
        assert str(error)
        return "refused"
    assert model.arena_bytes <= arena_limit
    if model.macs < most_macs:
        results = model.invoke([bytes(info.bytes) for info in model.inputs])
        assert [len(bytes(result)) for result in results] == [info.bytes for info in model.outputs]
    return "ran"


@pytest.fixture(scope="module")
def files():
    return {name: packs.read(name)[0][1] for name in GOLDEN}


def test_every_truncation_of_a_small_model_is_refused():
    entries = packs.read("single_ops")
    for name, file, _, _ in entries[:6] + [entry for entry in entries if entry[0] in CUT]:
        for length in range(len(file)):
            try:
                Model(file[:length])
            except ModelError:
                continue
            # FlatBuffers are written back to front: only bytes that nothing refers to may be missing.
            raise AssertionError(f"{name} cut to {length} of {len(file)} bytes was taken")


@pytest.mark.parametrize("name", GOLDEN)
def test_every_truncation_of_a_whole_model_are_refused(name, files):
    file = files[name]
    for length in range(len(file)):
        with pytest.raises(ModelError):
            Model(file[:length])


@pytest.mark.parametrize("name", GOLDEN)
def test_flipped_bytes(name, files):
    rng = random.Random(SEED)
    outcomes = set()
    for _ in range(FLIPS):
        file = bytearray(files[name])
        for _ in range(rng.choice((1, 1, 2, 8))):
            file[rng.randrange(len(file))] ^= 1 << rng.randrange(8)
        outcomes.add(outcome(bytes(file)))
    assert outcomes == {"refused", "ran"}


def test_flipped_bytes_of_single_operators():
    rng = random.Random(SEED)
    for _, original, _, _ in packs.read("single_ops"):
        for _ in range(20):
            file = bytearray(original)
            file[rng.randrange(len(file))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
            outcome(bytes(file))


def test_no_kernel_leaves_its_buffers_on_a_damaged_model():
    """On the imitated machine, which checks every load and store: a file may be wrong and still pass every check."""
    rng = random.Random(SEED)
    ran = 0
    with machine32.imitated():
        for _, original, _, _ in packs.read("single_ops"):
            for _ in range(SMALL_FLIPS):
                file = bytearray(original)
                file[rng.randrange(len(file))] = rng.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF))
                ran += outcome(bytes(file), MOST_SMALL_MACS, SMALL_ARENA) == "ran"
    assert ran > 100


def test_no_kernel_leaves_its_buffers_on_the_corpus():
    """The files that campaigns kept, of which some run: what they ask for is odd but sound."""
    with machine32.imitated():
        outcomes = [outcome(file, MOST_SMALL_MACS, SMALL_ARENA) for _, file, _, _ in packs.read("mutated")]
    assert outcomes.count("ran") > 10


def test_every_offset_pointed_elsewhere():
    """Each 32-bit word in turn becomes an end of the range: offsets, counts, shapes, options."""
    for original in [file for name, file, _, _ in packs.read("single_ops") if name in ("conv_2d_0", *CUT)]:
        for at in range(0, len(original) - 3, 4):
            for word in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x00\x00\x00\x00"):
                outcome(original[:at] + word + original[at + 4 :])


def test_what_is_no_model_at_all():
    rng = random.Random(SEED)
    for length in (0, 1, 7, 8, 9, 100, 1000):
        noise = bytes(rng.randrange(256) for _ in range(length))
        for file in (noise, bytes(length), noise[:4] + b"TFL3" + noise[8:]):
            with pytest.raises(BadModel):
                Model(file)
