"""One .tflite file that nobody vouches for: loaded, and run between guard bytes; the same under both interpreters.

    micropython tests/campaign/guarded.py FILES MOST_WORK

reads FILES (for each file its length in 4 bytes, little-endian, and its bytes) and prints a line each: its number,
the milliseconds of processor time that it took, and its `outcome`; at the end `memory` and the bytes by which the
heap grew. Under CPython a write outside a tensor raises by itself; under MicroPython a viper kernel would write, and
the guards tell.
"""

import gc
import struct
import sys
import time
from binascii import crc32

from dermis.tflite import Model, ModelError, assembler, native, plan
from dermis.tflite.native import octets

GUARD_BYTES = 64
PAINT = 0xA5
ARENA_LIMIT = 1 << 17  # many times what the models mutated need, small enough for a heap of some MiB
NOISE_BYTES = 8192
WARM_UP = 40  # files after which everything that is kept for good is there
EVERY = 20  # files between two collections: the heap must not fill, and each costs a millisecond

processor_seconds = getattr(time, "clock", None) or time.process_time


def _noise(count):
    made = bytearray(count)
    state = 12345
    for index in range(count):
        state = state * 48271 % 0x7FFFFFFF
        made[index] = state >> 8 & 255
    return bytes(made)


NOISE = _noise(NOISE_BYTES)


class Guarded:
    """A stretch of memory with painted bytes around it, and in it where `gaps` (start, end) say so."""

    def __init__(self, size, gaps=()):
        self.memory = octets(bytearray(size + 2 * GUARD_BYTES))
        self.inside = self.memory[GUARD_BYTES : GUARD_BYTES + size]
        spans = [(start + GUARD_BYTES, end + GUARD_BYTES) for start, end in gaps]
        self.spans = [(0, GUARD_BYTES), (GUARD_BYTES + size, size + 2 * GUARD_BYTES)] + spans
        for start, end in self.spans:
            self.memory[start:end] = bytes([PAINT]) * (end - start)

    def broken(self):
        """Whether any painted byte has another value."""
        return any(bytes(self.memory[start:end]) != bytes([PAINT]) * (end - start) for start, end in self.spans)


class Guards:
    """Within, `plan` gives guarded arenas; where `apart`, no two blocks share bytes and a gap lies behind each.

    wide: whether models take the loops for 64-bit words.
    """

    def __init__(self, apart, wide):
        self._apart = apart
        self._wide = wide
        self._gaps = []
        self.guarded = []

    def __enter__(self):
        self._originals = plan.place, plan.new_arena, native.WIDE
        native.WIDE = self._wide
        plan.new_arena = self._arena
        if self._apart:
            plan.place = self._place
        return self

    def __exit__(self, *_):
        plan.place, plan.new_arena, native.WIDE = self._originals

    def _place(self, blocks):
        size = 0
        for block in blocks:
            block.offset = size
            size = plan.aligned(size + block.bytes + GUARD_BYTES)
            self._gaps.append((block.offset + block.bytes, size))
        return size

    def _arena(self, size):
        gaps, self._gaps = self._gaps, []  # of the first alone: what follows lies outside the arena
        return self.around(size, gaps)

    def around(self, size, gaps=()):
        """A view of `size` bytes between guards, which `broken` looks at."""
        self.guarded.append(Guarded(size, gaps))
        return self.guarded[-1].inside

    def broken(self):
        return any(guarded.broken() for guarded in self.guarded)


def outcome(file, number=0, most_work=1 << 20, wide=True):
    """What file `number` leads to, as one line: 'BadModel: sentence' (or another ModelError), 'ran WORK CRC' (of all
    outputs on noise), 'loaded WORK' where that is more than `most_work`, 'FAULT: what' for what must not be.
    """
    with Guards(apart(number), wide) as guards:
        try:
            model = Model(file, ARENA_LIMIT)
            if model.work > most_work:
                return f"loaded {model.work}"
            model._result_octets = [guards.around(info.bytes) for info in model.outputs]
            answers = [_answer(model, number)]
            # What nobody writes was 0 before; the gaps are painted so already.
            model._arena[:] = bytes([PAINT]) * model.arena_bytes
            answers.append(_answer(model, number))
        except ModelError as error:
            return f"{type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - the campaign reports whatever happens
            return f"FAULT: {type(error).__name__}: {error}"
        if guards.broken():
            return "FAULT: a guard byte is broken"
        if answers[0] != answers[1]:
            return "FAULT: the same input gives another answer the second time"
        return f"ran {model.work} {answers[0]}"


class Alike:
    """Stands for the module of assembler kernels, which only an ESP32-S3 imports: enough to load a model."""

    def __init__(self):
        for home, names in assembler.ALIKE:
            for name in names:
                setattr(self, name, getattr(home, name))


def loaded_for_assembler(file):
    """What loading a file leads to on an ESP32-S3, whose kernels want its weights laid out otherwise."""
    assembler.install(Alike())
    try:
        Model(file, ARENA_LIMIT)
    except ModelError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - the campaign reports whatever happens
        return f"FAULT: for assembler kernels: {type(error).__name__}: {error}"
    finally:
        assembler.remove()
    return "loaded"


def kept(found):
    """The part of an outcome that a corpus holds: the error's kind, or 'ran' and the CRC; sentences may change."""
    if found.startswith("ran"):
        return "ran " + found.split(" ")[2]
    return found.split(":")[0].split(" ")[0]


def _answer(model, number):
    """The CRC of all outputs for inputs of noise that depends on `number`."""
    inputs = []
    for info in model.inputs:
        start = number % 251
        inputs.append((NOISE * ((info.bytes + start) // NOISE_BYTES + 1))[start : start + info.bytes])
    model.invoke(inputs)
    found = 0
    for result in model._result_octets:
        found = crc32(bytes(result), found)
    return found


def apart(number):
    """Whether file `number` of a campaign runs with blocks apart: every other one."""
    return number % 2 == 1


def wide(number):
    """Whether MicroPython takes the loops for 64-bit words; CPython takes the others, so that each checks each."""
    return number % 4 < 2


def main(path, most_work):
    number = 0
    before = after = 0
    with open(path, "rb") as files:
        while True:
            head = files.read(4)
            if len(head) < 4:
                break
            file = files.read(struct.unpack("<I", head)[0])
            start = processor_seconds()
            found = outcome(file, number, most_work, wide(number))
            print(f"{number}\t{int(1000 * (processor_seconds() - start))}\t{found}")
            number += 1
            if number % EVERY == 0:
                file = head = found = None
                gc.collect()
                after = gc.mem_alloc()  # type: ignore[attr-defined]
                if number <= WARM_UP:
                    before = after
    print(f"memory\t{after - before}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
