"""Damaged .tflite files, made with knowledge of where a file's numbers are.

The places are found by loading a sound file with a `Reader` that writes down what it reads: every offset, count,
option and scale that matters to the loader is one, with its width and what it is.
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.tflite import Model, ModelError, reader

NUMBER, OFFSET, LENGTH, SLOT = "number", "offset", "length", "slot"
SHAPES = "axes in a tensor"  # as `graph` calls them
TABLES = ("subgraphs", "buffers", "tensors", "operator codes", "operators")
FORMATS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
MOST_PARAMETERS = 64  # bytes of a constant that may be axes, widths or an order
EDGES = {
    1: (0, 1, 2, 3, 4, 9, 127, 128, 254, 255),
    2: (0, 2, 4, 6, 8, 0x7FFF, 0x8000, 0xFFFF),
    4: (0, 1, 2, 3, 4, 127, 128, 255, 256, 4096, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFF80),
    8: (0, 1, 127, 128, 2**64 - 1, 2**64 - 128, 2**64 - 129, 2**63 - 1, 2**63, 2**32),
}
# float32: nan, infinities, 0 with either sign, smallest and largest denormal, smallest and largest normal, 1, 2**31
FLOATS = (
    0x7FC00000,
    0x7F800000,
    0xFF800000,
    0,
    0x80000000,
    1,
    0x007FFFFF,
    0x00800000,
    0x7F7FFFFF,
    0x3F800000,
    0x4F000000,
)


@dataclass(frozen=True)
class Site:
    """A number of the file that the loader reads."""

    position: int
    width: int
    kind: str
    role: str = ""  # of a NUMBER: which part of the loader asks for it


@dataclass(frozen=True)
class Seed:
    """A file to damage."""

    name: str
    file: bytes
    sites: tuple[Site, ...]

    def of(self, kinds: Sequence[str]) -> list[Site]:
        return [site for site in self.sites if site.kind in kinds]

    def one_of(self, rng: random.Random, kinds: Sequence[str]) -> Site | None:
        """A site of any role with the same chance: a few options count as much as many references to tensors."""
        sites = self.of(kinds)
        if not sites:
            return None
        role = rng.choice(sorted({site.role for site in sites}))
        return rng.choice([site for site in sites if site.role == role])


def seed(name: str, file: bytes) -> Seed:
    """`file` with its sites; a file that is refused has those that were read until then."""
    sites: dict[int, Site] = {}

    def note(position: int, width: int, kind: str) -> None:
        if 0 <= position <= len(file) - width:
            role = _role() if kind == NUMBER else ""
            if role in TABLES:
                kind, role = OFFSET, ""
            sites.setdefault(position, Site(position, width, kind, role))

    class NotingTable(reader.Table):
        def __init__(self, source: reader.Reader, position: int):
            note(position, 4, SLOT)
            super().__init__(source, position)

    class Noting(reader.Reader):
        def at(self, kind: str, width: int, position: int) -> int | float:
            note(position, width, SLOT if width == 2 else NUMBER)
            return super().at(kind, width, position)

        def forward(self, position: int) -> int:
            note(position, 4, OFFSET)
            return super().forward(position)

        def span(self, position: int, width: int) -> tuple[int, int]:
            note(position, 4, LENGTH)
            start, count = super().span(position, width)
            items = range(start, start + count * width, width)
            if width == 1:  # weights are damaged by flips, a few axes or widths as numbers
                items = range(start, start + count, 4) if count % 4 == 0 and count <= MOST_PARAMETERS else ()
                width = 4
            for item in items:
                note(item, width, NUMBER)
            return start, count

    originals = reader.Reader, reader.Table
    reader.Reader, reader.Table = Noting, NotingTable
    try:
        Model(file)
    except ModelError:
        pass  # refused: what was read until then is known
    finally:
        reader.Reader, reader.Table = originals
    return Seed(name, file, tuple(sites.values()))


def _role() -> str:
    """The function of the loader, outside `reader`, that is reading, or what it calls a list."""
    frame, field = sys._getframe(2), ""
    while frame.f_back and Path(frame.f_code.co_filename).name in ("mutations.py", "reader.py"):
        if "what" in frame.f_locals:
            return frame.f_locals["what"]
        field = frame.f_locals.get("field", "")
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name} {field}"


def _put(file: bytearray, site: Site, value: int) -> None:
    struct.pack_into(FORMATS[site.width], file, site.position, value % (1 << 8 * site.width))


def _get(file: bytes | bytearray, site: Site) -> int:
    return struct.unpack_from(FORMATS[site.width], file, site.position)[0]


def _number(rng: random.Random, file: bytearray, origin: Seed, kinds: Sequence[str] = (NUMBER,)) -> None:
    """A number becomes an edge, a neighbour, a double, a half, a float of note, or another place's."""
    site = origin.one_of(rng, kinds)
    if site is None:
        return
    value = _get(file, site)
    choice = rng.randrange(8)
    if choice == 0:
        value = rng.choice(EDGES[site.width])
    elif choice == 1:
        value += rng.choice((-2, -1, 1, 2))
    elif choice == 2:
        value = rng.choice((value * 2, value // 2, -value))
    elif choice == 3:
        value = rng.choice(FLOATS) if site.width == 4 else rng.choice(EDGES[site.width])
    elif choice == 4:  # another exponent of what may be a scale
        value += rng.randrange(-40, 41) << 23
    elif choice == 5:
        value ^= 1 << rng.randrange(8 * site.width)
    elif choice == 6:
        value = rng.randrange(8)
    else:
        value = _get(file, rng.choice([other for other in origin.of(kinds) if other.width == site.width]))
    _put(file, site, value)


def _offset(rng: random.Random, file: bytearray, origin: Seed) -> None:
    """A reference leads to where another leads (overlap, aliases), to itself, back, to the end, or beyond."""
    sites = origin.of((OFFSET,))
    if not sites:
        return
    site, other = rng.choice(sites), rng.choice(sites)
    target = other.position + _get(file, other)
    end = len(file) - site.position
    value = rng.choice((target - site.position, 0, -4, 4, end - 4, end, end + 4, rng.randrange(len(file))))
    _put(file, site, value)


def _length(rng: random.Random, file: bytearray, origin: Seed) -> None:
    _number(rng, file, origin, (LENGTH,))


def _slot(rng: random.Random, file: bytearray, origin: Seed) -> None:
    _number(rng, file, origin, (SLOT,))


def _swap(rng: random.Random, file: bytearray, origin: Seed) -> None:
    sites = origin.of((NUMBER, OFFSET))
    if not sites:
        return
    one = rng.choice(sites)
    other = rng.choice([site for site in sites if site.width == one.width])
    first, second = _get(file, one), _get(file, other)
    _put(file, one, second)
    _put(file, other, first)


def _resize(rng: random.Random, file: bytearray, origin: Seed) -> None:
    """One count becomes another in every shape that has it: many operators then still fit together."""
    sites = [site for site in origin.sites if site.role == SHAPES]
    if not sites:
        return
    old = _get(file, rng.choice(sites))
    new = rng.choice((1, 2, 3, 5, 16, 33, old + 1, old * 2, 100, 1000))
    for site in sites:
        if _get(file, site) == old:
            _put(file, site, new)


def _flip(rng: random.Random, file: bytearray, origin: Seed) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        file[rng.randrange(len(file))] ^= 1 << rng.randrange(8)


def _truncate(rng: random.Random, file: bytearray, origin: Seed) -> None:
    del file[rng.randrange(len(file)) :]


def _shift(rng: random.Random, file: bytearray, origin: Seed) -> None:
    """Bytes are lost, repeated or come in: all behind them moves."""
    start = rng.randrange(len(file))
    part = bytes(file[start : start + rng.choice((1, 2, 4, 8, 64))])
    file[start : start + (len(part) if rng.random() < 0.5 else 0)] = part * rng.choice((0, 0, 2, 3))


def _splice(rng: random.Random, file: bytearray, origin: Seed) -> None:
    """One stretch of the file over another."""
    length = rng.choice((4, 8, 16, 64, 256))
    start, target = rng.randrange(len(file)), rng.randrange(len(file))
    part = file[start : start + length]
    file[target : target + len(part)] = part


Mutation = Callable[[random.Random, bytearray, Seed], None]
MUTATIONS: dict[str, tuple[Mutation, int]] = {  # and how often of 100
    "number": (_number, 46),
    "resize": (_resize, 14),
    "offset": (_offset, 6),
    "length": (_length, 6),
    "slot": (_slot, 5),
    "swap": (_swap, 6),
    "flip": (_flip, 8),
    "truncate": (_truncate, 2),
    "shift": (_shift, 3),
    "splice": (_splice, 4),
}


def mutate(rng: random.Random, origin: Seed) -> tuple[str, bytes]:
    """(names of the mutations joined by '+', the damaged file)."""
    names = rng.choices(list(MUTATIONS), [share for _, share in MUTATIONS.values()], k=rng.choice((1, 1, 1, 2, 2, 3)))
    file = bytearray(origin.file)
    names.sort(key=lambda name: name in ("shift", "truncate"))  # last, as they move the sites
    for name in names:
        if file:
            MUTATIONS[name][0](rng, file, origin)
    return "+".join(sorted(set(names))), bytes(file)
