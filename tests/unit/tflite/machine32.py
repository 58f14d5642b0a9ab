"""The kernels on an imitated 32-bit machine: every operation wraps at 32 bits, every access is checked.

Under CPython a kernel is plain Python, so its arguments may be objects that count like a device's registers. This
shows what neither interpreter here can: that the ESP32's 32-bit words give the same bytes, and that no kernel
leaves its buffers (CPython takes a negative index, viper takes any).
"""

from contextlib import contextmanager

from dermis.tflite import fixedpoint, kernels, kernels_moves, kernels_simple, native

KERNELS = {
    kernels: ("conv", "depthwise", "weight_sums"),
    kernels_moves: ("flip", "copy_bytes", "look_up", "look_up_words", "fill", "copy", "choose"),
    kernels_simple: ("add", "multiply", "mean", "pool", "softmax", "quantise_floats"),
    fixedpoint: ("_doubling_high_product",),
}


def wrap(value):
    return Word(((int(value) + (1 << 31)) & 0xFFFFFFFF) - (1 << 31))


def _operation(name):
    plain = getattr(int, name)

    def operation(self, other):
        return wrap(plain(int(self), int(other)))

    return operation


def _shift(name):
    plain = getattr(int, name)

    def operation(self, other):
        assert 0 <= (other if not name.startswith("__r") or name == "__rshift__" else self) < 32, "shift out of range"
        return wrap(plain(int(self), int(other)))

    return operation


class Word(int):
    """A signed 32-bit register."""


for _name in ("add", "sub", "mul", "and", "or", "xor", "floordiv"):
    setattr(Word, f"__{_name}__", _operation(f"__{_name}__"))
    setattr(Word, f"__r{_name}__", _operation(f"__r{_name}__"))
for _name in ("__lshift__", "__rshift__", "__rlshift__", "__rrshift__"):
    setattr(Word, _name, _shift(_name))
Word.__neg__ = lambda self: wrap(-int(self))


class Memory:
    """A buffer behind a pointer: loads give words, accesses outside it and values that do not fit it fail."""

    def __init__(self, buffer):
        self.buffer = buffer
        signed = getattr(buffer, "typecode", getattr(buffer, "format", "B")) == "i"
        self.lowest, self.highest = (-(1 << 31), (1 << 31) - 1) if signed else (0, 255)

    def __getitem__(self, index):
        assert 0 <= index < len(self.buffer), "a kernel reads outside its buffer"
        return Word(self.buffer[index])

    def __setitem__(self, index, value):
        assert 0 <= index < len(self.buffer), "a kernel writes outside its buffer"
        assert self.lowest <= value <= self.highest, "a kernel stores what does not fit"
        self.buffer[index] = int(value)


@contextmanager
def imitated():
    """Within, every kernel runs on the imitated machine, of models that are loaded within. Gives the names of those
    that ran."""
    ran = set()
    originals = [(native, "WIDE", native.WIDE)]
    native.WIDE = False

    def replaced(name, kernel):
        def run(*arguments):
            ran.add(name)
            result = kernel(*[Word(value) if isinstance(value, int) else Memory(value) for value in arguments])
            return None if result is None else int(result)

        return run

    for module, names in KERNELS.items():
        for name in names:
            originals.append((module, name, getattr(module, name)))
            setattr(module, name, replaced(name, getattr(module, name)))
    try:
        yield ran
    finally:
        for module, name, original in originals:
            setattr(module, name, original)
