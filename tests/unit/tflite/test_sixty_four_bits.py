"""The wide loops with checked memory, and with integers that must not leave a signed 64-bit word."""

import machine32
import pytest
import test_shared_wide
from dermis.tflite import kernels_wide

WORD_END = 1 << 63


class Word(int):
    """A signed 64-bit register that must not overflow."""


def checked(value):
    assert -WORD_END <= value < WORD_END, "a value leaves 64 bits"
    return Word(value)


def _operation(name):
    plain = getattr(int, name)

    def operation(self, other):
        return checked(plain(int(self), int(other)))

    return operation


for _name in ("add", "sub", "mul", "and", "or", "lshift", "rshift"):
    setattr(Word, f"__{_name}__", _operation(f"__{_name}__"))
    setattr(Word, f"__r{_name}__", _operation(f"__r{_name}__"))


class Memory(machine32.Memory):
    def __getitem__(self, index):
        return Word(super().__getitem__(index))


@pytest.fixture
def imitated(monkeypatch):
    """The names of the kernels that ran with checked memory and words."""
    ran = set()
    for name in ("conv", "depthwise"):
        kernel = getattr(kernels_wide, name)

        def run(*arguments, kernel=kernel, name=name):
            ran.add(name)
            kernel(*[Memory(argument) for argument in arguments])

        monkeypatch.setattr(kernels_wide, name, run)
    return ran


def test_no_access_outside_and_no_overflow(imitated):
    test_shared_wide.check(test_shared_wide.conv_both_ways, 60)
    test_shared_wide.check(test_shared_wide.depthwise_both_ways, 60)
    test_shared_wide.test_sums_at_their_ends_do_not_touch_each_other()
    test_shared_wide.test_requantisation_of_conv()
    assert imitated == {"conv", "depthwise"}


def test_the_imitation_checks():
    assert Word(WORD_END - 2) + 1 == WORD_END - 1
    with pytest.raises(AssertionError):
        checked(Word(WORD_END - 1) + 1)
    with pytest.raises(AssertionError):
        checked(1 << Word(63))
    with pytest.raises(AssertionError):
        checked(Memory(bytes(4))[4])
