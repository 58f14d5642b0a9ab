"""The golden vectors once more, on a machine of 32-bit words with checked memory (machine32)."""

import machine32
import packs
import pytest
from dermis.tflite import Model


def test_single_operators_and_all_kernels():
    with machine32.imitated() as ran:
        for name, file, vectors, count in packs.read("single_ops"):
            assert packs.check(Model(file), vectors, count) == 0, name
    assert ran == {name for names in machine32.KERNELS.values() for name in names}


@pytest.mark.parametrize("name", ["residual", "two_inputs"])
def test_whole_models(name):
    [(_, file, vectors, count)] = packs.read(name)
    with machine32.imitated():
        assert packs.check(Model(file), vectors[: len(vectors) // count], 1) == 0


def test_the_imitation_wraps_and_checks():
    assert machine32.Word(0x7FFFFFFF) + 1 == -0x80000000
    assert 0xFFFF * machine32.Word(0xFFFF) == 0xFFFF * 0xFFFF - (1 << 32)
    assert machine32.Word(1) << 31 == -0x80000000
    with pytest.raises(AssertionError):
        assert machine32.Word(1) << 32
    with pytest.raises(AssertionError):
        machine32.Memory(bytearray(4))[-1]
    with pytest.raises(AssertionError):
        machine32.Memory(bytearray(4))[4] = 0
    with pytest.raises(AssertionError):
        machine32.Memory(bytearray(4))[0] = 256
