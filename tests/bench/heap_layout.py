"""The heap that a loaded model takes beside its arena and its file, by object, for a machine of any word size.

    micropython tests/bench/heap_layout.py FILE ...

prints for each .tflite file a line of JSON: by the viper kernels and by the ESP32-S3's assembler kernels, which want
the weights laid out otherwise. Under MicroPython, because its objects are those of a device: it walks
whatever the `Model` reaches and costs each as MicroPython's structures lay it out, in whole blocks of four words
(`device`). With this machine's words (`here`) the sum equals, to the byte, what the collector says that loading took
(`measured`); a test holds that. Code does not count: an image has it in flash.

Ref: MicroPython 1.29 py/obj*.h, py/map.c (sizes of hash tables), py/mpz.h, py/gc.c.
"""

import gc
import json
import sys
from array import array

import uctypes  # type: ignore[import-not-found]
from dermis.tflite import Model, assembler, native
from dermis.tflite.native import ticks_diff, ticks_us

BLOCK_WORDS = 4
DEVICE_WORD = 4  # bytes, on an ESP32-S3
WORD = 8 if sys.maxsize > 1 << 32 else 4  # bytes, here
HASH_SIZES = (0, 1, 2, 4, 6, 8, 10, 12, 17, 23, 29, 37, 47, 59, 73, 97, 127, 167, 223, 293, 389)
LIST_START = 4  # items that a list's first allocation holds; it doubles
LOADS = 5  # the median counts
ITEM_BYTES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4}


class Walk:
    """Sums of whole blocks by kind, over all objects reached from one.

    word: bytes of a pointer, and of a small int together with its tag. outside: (start, end) addresses of memory
    that does not count: the arena and the file.
    """

    def __init__(self, word, outside):
        self.word = word
        self.outside = outside
        self.sums = {}
        self._seen = set()

    def total(self):
        return sum(self.sums.values())

    def _take(self, kind, size):
        self.sums[kind] = self.sums.get(kind, 0) + whole_blocks(size, self.word)

    def _words(self, kind, count):
        self._take(kind, count * self.word)

    def visit(self, thing):
        """Counts `thing` and what it refers to. Raises TypeError where nobody said how that is laid out."""
        if thing is None or isinstance(thing, (bool, type)) or callable_code(thing):
            return
        if isinstance(thing, int):
            self._integer(thing)
            return
        if id(thing) in self._seen:
            return
        self._seen.add(id(thing))
        if isinstance(thing, float):
            self._words("floats", 2)
        elif isinstance(thing, (str, bytes)):
            self._text(thing)
        elif isinstance(thing, memoryview):
            self._words("views", 4)
            self._buffer(thing, len(thing))
        elif isinstance(thing, bytearray):
            self._words("arrays", 4)
            self._buffer(thing, len(thing))
        elif isinstance(thing, array):
            self._words("arrays", 4)
            self._buffer(thing, len(thing) * item_bytes(thing))
        elif isinstance(thing, tuple):
            if thing:
                self._words("tuples", 2 + len(thing))
            self._each(thing)
        elif isinstance(thing, list):
            allocated = LIST_START
            while allocated < len(thing):
                allocated *= 2
            self._words("lists", 4)
            self._words("lists", allocated)
            self._each(thing)
        elif isinstance(thing, (dict, set)):
            self._words("maps", 4)
            self._words("maps", hash_size(len(thing)) * (2 if isinstance(thing, dict) else 1))
            self._each(thing)
            if isinstance(thing, dict):
                self._each(thing.values())
        elif hasattr(thing, "__dict__"):
            members = thing.__dict__
            self._words("objects", 4)
            if members:
                self._words("objects' members", 2 * hash_size(len(members)))
            self._each(members.values())
        else:
            raise TypeError(str(type(thing)))

    def _each(self, things):
        for thing in things:
            self.visit(thing)

    def _integer(self, value):
        if not -(1 << (8 * self.word - 2)) <= value < 1 << (8 * self.word - 2):
            self._words("integers", 4)
            self._take("integers", max(2 * self.word, 8))

    def _text(self, text):
        size = len(text)
        if size and not is_interned(text):
            self._words("names", 4)
            self._take("names", size + 1)

    def _buffer(self, buffer, size):
        """The bytes behind a view or an array, once, unless they are the arena's or the file's."""
        start = uctypes.addressof(buffer)
        if start in self._seen or not size or any(first <= start < end for first, end in self.outside):
            return
        self._seen.add(start)
        self._take("bytes of tables and constants", size)


def whole_blocks(size, word):
    """Bytes of the blocks that `size` bytes take."""
    block = BLOCK_WORDS * word
    return (size + block - 1) // block * block


def callable_code(thing):
    """Whether `thing` is code (a function, a class): it lies with the modules, not with the model."""
    return type(thing).__name__ in ("function", "closure", "generator", "module", "type")


def is_interned(text):
    """Whether a string is a number in a table of those that stand in code, and no object (MICROPY_OBJ_REPR_A)."""
    return id(text) & 3 != 0


def item_bytes(values):
    text = str(values)  # "array('i', [...])": MicroPython's arrays do not tell their type otherwise
    return ITEM_BYTES[text[len("array('")]]


def hash_size(count):
    for size in HASH_SIZES:
        if size >= count:
            return size
    raise ValueError(f"a map of {count}")


def span(buffer):
    start = uctypes.addressof(buffer)
    return start, start + len(buffer)


def collected():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()  # type: ignore[attr-defined]


def measure(path):
    """What one file takes; `measured` is the collector's growth by loading it, the arena taken off."""
    with open(path, "rb") as stream:
        file = stream.read()
    times = []
    for _ in range(LOADS):
        gc.collect()
        start = ticks_us()
        Model(file)
        times.append(ticks_diff(ticks_us(), start))
    times.sort()
    other = Model(file)
    before = collected()
    model = Model(file)
    after = collected()
    outside = (span(model._arena), span(other._arena), span(file))
    found = {
        "file": len(file),
        "arena": model.arena_bytes,
        "macs": model.macs,
        "load_us": times[LOADS // 2],
        "measured": after - before - whole_blocks(model.arena_bytes, WORD),
    }
    for name, word in (("here", WORD), ("device", DEVICE_WORD)):
        walk = Walk(word, outside)
        # What two models share belongs to neither: it is code's (a long string in it is an object on the heap, too).
        walk.visit(other)
        walk.sums = {}
        walk.visit(model)
        found[name] = walk.total()
        found[name + "_parts"] = walk.sums
    return found


class Kernels:
    """Stands for the module of assembler kernels, which only an ESP32-S3 can import: enough to load a model."""

    def __init__(self):
        for home, names in assembler.ALIKE:
            for name in names:
                setattr(self, name, getattr(home, name))


def main(paths):
    native.WIDE = False  # what a microcontroller runs
    for path in paths:
        viper = measure(path)
        assembler.install(Kernels())
        print(json.dumps({"viper": viper, "assembler": measure(path)}))
        assembler.remove()


if __name__ == "__main__":
    main(sys.argv[1:])
