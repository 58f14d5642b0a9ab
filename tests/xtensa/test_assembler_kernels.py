"""Models run by the assembler kernels on the core model give the oracle's bytes, within recorded instructions."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from dermis.tflite import Model, ModelError, assembler, fixedpoint, kernels_moves, quantise
from dermis.tflite.ops import assembled, prepared

from tests.unit.tflite import packs
from tests.xtensa import calls, counts, layers, on_the_core, vectors
from tests.xtensa.machine import MISSING, MachineError, is_installed
from tests.xtensa.rig import Rig

needs_core = pytest.mark.skipif(not is_installed(), reason=MISSING)
LAYERS, LAYERS_AT_THE_END = 120, 39
DAMAGED_ARENA, DAMAGED_WORK = 1 << 16, 1 << 18  # what the core has memory and a test time for
ALIKE = [name for _, names in assembler.ALIKE for name in names]
PAIRS = ("add_pair", "mul_pair")
CODES = (layers.CONV_2D, layers.DEPTHWISE_CONV_2D, layers.FULLY_CONNECTED)
MULTIPLYING = ("conv", "depthwise")
GOAL_A_MAC, GOAL_A_MAC_LONG, LONG, GOAL_INSTRUCTIONS = 3.0, 1.5, 144, 650_000


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with on_the_core.rig() as rig:
        yield rig


@needs_core
@pytest.mark.parametrize("name", vectors.WHOLE)
def test_a_whole_model_gives_the_oracles_bytes(rig: Rig, name: str):
    model = vectors.vector(name)
    with on_the_core.running(rig) as core:
        outputs, loaded = on_the_core.infer(core, model.file, model.inputs)
    assert b"".join(outputs) == model.outputs
    slow = {count.kernel for count in core.counts if not count.assembler and count.step != calls.LOADING}
    assert not slow & set(MULTIPLYING), "a layer is left to viper"
    profile = loaded.profile()
    for step, entry in enumerate(profile):
        if entry["macs"] and entry["macs"] >= LONG * np.prod(entry["shape"]):
            spent = sum(count.instructions for count in core.counts if count.step == step)
            assert spent <= GOAL_A_MAC_LONG * entry["macs"]


@needs_core
def test_single_operators_give_the_oracles_bytes(rig: Rig):
    used = set()
    for model in vectors.single_operators():
        with on_the_core.running(rig) as core:
            outputs, _ = on_the_core.infer(core, model.file, model.inputs)
        assert b"".join(outputs) == model.outputs, model.name
        used |= {count.kernel for count in core.counts if count.assembler}
    assert {*ALIKE, *PAIRS} <= used


@needs_core
def test_damaged_models_give_the_viper_kernels_bytes(rig: Rig):
    """The campaigns' corpus, as far as it loads: what such files ask for is odd but sound."""
    ran = 0
    for name, file, _, _ in packs.read("mutated"):
        try:
            model = Model(file, DAMAGED_ARENA)
        except ModelError:
            continue
        if model.work > DAMAGED_WORK:
            continue
        inputs = [bytes(37 * place & 255 for place in range(info.bytes)) for info in model.inputs]
        expected = [memoryview(output).tobytes() for output in model.invoke(inputs)]
        with on_the_core.running(rig) as core:
            assert on_the_core.infer(core, file, inputs)[0] == expected, name
        ran += 1
    assert ran > 50


@needs_core
def test_random_layers_give_the_viper_kernels_bytes(rig: Rig):
    rng = np.random.default_rng(12)
    used, left = set(), 0
    for number in range(LAYERS):
        layer = layers.random_layer(rng, CODES[number % len(CODES)])
        expected = layer.run(layer.step)
        with on_the_core.running(rig) as core:
            taken = layers.taken(layer)
            left += taken is layer.step
            assert layer.run(taken) == expected, number
        used |= {count.kernel for count in core.counts if count.assembler}
    assert left < LAYERS // 10
    assert set(on_the_core.ASSEMBLER_KERNELS) - {*ALIKE, *PAIRS} <= used


@needs_core
def test_nothing_is_read_behind_a_buffer(rig: Rig):
    rng = np.random.default_rng(12)
    used = set()
    for number in range(LAYERS_AT_THE_END):
        layer = layers.random_layer(rng, CODES[number % len(CODES)])
        with on_the_core.running(rig, at_the_end=True) as core:
            layer.run(layers.taken(layer))
        used |= {count.kernel for count in core.counts if count.assembler}
    for model in vectors.single_operators():
        if model.name.startswith(("add", "mul")):
            with on_the_core.running(rig, at_the_end=True) as core:
                on_the_core.infer(core, model.file, model.inputs)
            used |= {count.kernel for count in core.counts if count.assembler}
    assert set(on_the_core.ASSEMBLER_KERNELS) - set(ALIKE) <= used


@needs_core
def test_a_load_behind_a_buffer_is_noticed(rig: Rig):
    arguments = [(0, 0), (1, 0), 16]
    assert rig.call("asm.copy_bytes", arguments, [bytes(range(16)), bytes(16)], last=0).buffers[1] == bytes(range(16))
    with pytest.raises(MachineError, match="an exception of the core"):
        rig.call("asm.copy_bytes", arguments, [bytes(12), bytes(16)], last=0)


@needs_core
@pytest.mark.parametrize("name", counts.RECORDED)
def test_no_count_grows_unsaid(rig: Rig, name: str):
    assert counts.differences(name, counts.measure(rig, vectors.vector(name)), counts.recorded()[name]) == []


def test_a_count_that_changes_is_reported():
    assert counts.differences("m", {"conv": 100, "total": 100}, {"conv": 100, "total": 100}) == []
    assert "takes 101" in counts.differences("m", {"conv": 101}, {"conv": 100})[0]
    assert "takes only 97" in counts.differences("m", {"conv": 97}, {"conv": 100})[0]
    assert "recorded are 0" in counts.differences("m", {"viper conv": 9}, {})[0]


def test_the_goals_are_within_the_record():
    known = counts.recorded()[vectors.REFERENCE]
    macs = Model(vectors.vector(vectors.REFERENCE).file).macs
    around = {"flip", "look_up", "mean", "total"}  # the rest pads for, or is, a convolution
    assert known["total"] <= GOAL_INSTRUCTIONS
    assert sum(count for kernel, count in known.items() if kernel not in around) <= GOAL_A_MAC * macs


@needs_core
def test_a_kernel_that_writes_behind_its_output_is_noticed(rig: Rig):
    arguments = [(0, 0), (1, 0), (2, 0), (3, 0)]
    block = np.array([2, 3, 1, 1, assembled.EVEN_AND_ODD, *[0] * 3], np.int32).tobytes()
    weights = bytes(3 * 20 + 8)
    good = rig.call("asm.direct", arguments, [block, bytes(8), weights, bytes(6)])
    assert good.buffers[3] == b"\x80" * 6
    with pytest.raises(MachineError, match=r"asm\.direct writes outside buffer 3"):
        rig.call("asm.direct", arguments, [block, bytes(8), weights, bytes(5)])


@needs_core
def test_the_emulated_product_is_exact_and_counts_as_one(rig: Rig):
    ends = (0, 1, -1, 2, 0x7FFF, -0x8000, 0xFFFF, 0x10000, 0x12345678, -0x12345678, 0x7FFFFFFF, -0x80000000)
    for a in ends:
        for b in ends:
            assert rig.high_product(a, b) == ((a * b) >> 32, 3), (a, b)


def requantised(value: int, factor: int, shift: int, zero: int) -> int:
    """By definition, raised and clamped to a byte."""
    return min(max(zero + fixedpoint.requantise(value, factor, -shift), 0), 255)


def by_kernel(how: prepared.Requantisation, value: int, factor: int, zero: int) -> int:
    """As the kernels compute it; see prepared."""
    high = ((value << how.scales[0]) * factor) >> 32
    assert -(1 << 30) <= high < 1 << 30
    if how.signed and high < 0:
        high -= 2
    added = how.behind[0][1]
    shift = how.behind[0][2] if how.signed else how.shift
    assert -(1 << 31) <= high + added < 1 << 31
    return min(max((high + added) >> shift, -128), 127) + 128


def test_requantisation_is_that_of_the_definition():
    rng = np.random.default_rng(3)
    kinds = set()
    for _ in range(4000):
        shift = int(rng.integers(-3, 22))
        zero = int(rng.choice([0, 0, 255, int(rng.integers(256))]))
        factor = int(rng.integers(1 << 30, 1 << 31))
        reach = int(2 ** rng.uniform(4, 24))
        how = prepared.Requantisation([(factor, shift)], [(-reach, reach)], [127], zero)
        if not how.fits:
            continue
        kinds.add((how.signed, shift > 0, zero > 0))
        values = [*range(-3, 4), reach, -reach, *rng.integers(-reach, reach + 1, 20).tolist()]
        # Ties of the second rounding, which go away from zero.
        step = ((1 << (31 + max(shift, 0))) // factor) >> 1
        values += [sign * (step * odd + near) for sign in (1, -1) for odd in (1, 3, 5) for near in (-1, 0, 1)]
        for value in values:
            if -reach <= value <= reach:
                assert by_kernel(how, value, factor, zero) == requantised(value, factor, shift, zero)
    assert {(True, True, True), (False, True, False), (False, False, False), (False, False, True)} <= kinds


@pytest.mark.parametrize(
    ("factors", "ends", "heaviest", "zero"),
    [
        ([(1 << 30, 8)], [(-(1 << 29), 1 << 29)], [127], 0),  # the sum would overflow
        ([(1 << 30, 22)], [(-9, 9)], [127], 9),  # the shift is too far
        ([(1 << 30, 3), (1 << 30, 0)], [(-9, 9)] * 2, [127] * 2, 9),  # one channel would round, the other would not
        ([(1 << 30, -7)], [(-9, 9)], [255], 0),  # the weights would not fit int16
    ],
)
def test_a_layer_that_does_not_fit_is_left_alone(factors, ends, heaviest, zero):
    assert not prepared.Requantisation(factors, ends, heaviest, zero).fits


def test_channels_of_far_scales_get_shifts_of_their_own():
    how = prepared.Requantisation([(1 << 30, 3), (1 << 30, 18)], [(-999, 999)] * 2, [127] * 2, 0)
    assert how.fits and how.signed and [words[2] for words in how.behind] == [4, 19]


def test_installing_and_removing():
    viper = kernels_moves.flip
    module = SimpleNamespace(**{name: print for _, names in assembler.ALIKE for name in names})
    try:
        assembler.install(module)
        assembler.install(module)
        assert kernels_moves.flip is print and assembler.kernels is module
    finally:
        assembler.remove()
    assert kernels_moves.flip is viper and assembler.kernels is None
    assert not assembler.is_xtensawin()


def test_the_multiplier_says_shifts_as_the_kernels_take_them():
    factor, shift = quantise.multiplier(((1 << 23, -23),), ((1 << 23, -20),))
    assert (factor, shift) == (1 << 30, -2)  # 1/8: half of 2**31, and two to the right
