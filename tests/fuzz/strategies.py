"""Valid inputs and what damages them: right check sums around wrong content, lengths at their limits, numbers that no
field holds, depth without end. One strategy of bytes a target (`of`), made of a few that damage any text, JSON, CBOR or
binary file.
"""

from __future__ import annotations

import functools
import json
import random
import re
from typing import Any

from dermis.core import cbor, messages
from hypothesis import strategies as st

from tests.fuzz import samples

EDGES_8 = (0, 1, 2, 23, 24, 127, 128, 254, 255)
EDGES_16 = (0, 1, 255, 256, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
EDGES_32 = (0, 1, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)
BROKEN_TEXT = ("\0", "\ufeff", "\r", "\x1b[2J", "\u202e", "²", "٣", "\U0001f600", "é", " ")
# What a value of a TOML file, a CSV's field or a word of a mesh may become.
VALUES = (
    "0", "-1", "1e999", "-inf", "nan", "inf", "1_000", "0x10", "1" * 400, "-" + "9" * 5000, "1e-400", "-0.0", "true",
    '""', '"\\u0000"', "[]", "{}", "[[]]", "[" * 300, "[" * 2000 + "]" * 2000, "{a=" * 200, "2026-01-31",
    "2026-02-30", "12:00:00", "'" + "a" * 2000 + "'", '"../../etc/passwd"', '"/dev/null"', '"a\\nb"',
    "18446744073709551616", "9223372036854775808", "+1", "1.", ".5", "1,5", "½", '"' + "=" * 60 + '"', "", " ", "#",
    '"""', "a.b.c", "a" * 140_000,
)  # fmt: skip


@st.composite
def bytes_damaged(draw: st.DrawFn, valid: tuple[bytes, ...]) -> bytes:
    """A valid file with numbers at their limits, stretches lost, repeated or moved, or its end cut off."""
    data = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, 4))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.integers(0, 6))
        if kind == 0:
            data[at] = draw(st.sampled_from(EDGES_8))
        elif kind in (1, 2):
            width, edges = ((2, EDGES_16), (4, EDGES_32))[kind - 1]
            order = draw(st.sampled_from(("little", "big")))
            data[at : at + width] = draw(st.sampled_from(edges)).to_bytes(width, order)  # type: ignore[arg-type]
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            del data[at : at + draw(st.integers(1, 16))]
        elif kind == 5:
            part = data[at : at + draw(st.integers(1, 32))]
            data[at:at] = part * draw(st.integers(1, 3))
        else:
            data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


@st.composite
def text_damaged(draw: st.DrawFn, valid: tuple[bytes, ...]) -> bytes:
    """Lines lost, doubled or exchanged, values that no field holds, characters that no editor shows."""
    lines = draw(st.sampled_from(valid)).decode("latin-1").splitlines()
    for _ in range(draw(st.integers(0, 4))):
        if not lines:
            break
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.integers(0, 7))
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
        elif kind in (2, 3, 4):
            lines[at] = _with_value(lines[at], draw(st.sampled_from(VALUES)), draw(st.integers(0, 7)))
        elif kind == 5:
            place = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:place] + draw(st.sampled_from(BROKEN_TEXT)) + lines[at][place:]
        elif kind == 6:
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = lines[at] * draw(st.integers(2, 40))
    text = "\n".join(lines) + draw(st.sampled_from(("\n", "", "\r\n")))
    start = draw(st.sampled_from((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\0")))
    return start + text.encode("utf-8", "surrogatepass")


def _with_value(line: str, value: str, which: int) -> str:
    """One of a line's values replaced: words, numbers, what stands in quotes or between commas."""
    found = list(re.finditer(r"\"[^\"]*\"|[-+.\w]+", line))
    if not found:
        return line + value
    match = found[which % len(found)]
    return line[: match.start()] + value + line[match.end() :]


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, -1, 1, 255, 1 << 31, 1 << 63, 1 << 64, 10**400, 1.5, 1e308, float("nan"), float("inf"))),
    st.sampled_from(("", "\0", "\ud800", "x" * 300, "00", "zz", [], {}, [[]], [None], {"": 0})),
    st.integers(),
    st.text(max_size=8),
)


def _paths(value: Any, path: tuple = ()) -> list[tuple]:
    out = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        out += _paths(item, (*path, key))
    return out


@st.composite
def tree_damaged(draw: st.DrawFn, valid: tuple[Any, ...], values: st.SearchStrategy = JSON_VALUES) -> Any:
    """A tree of maps and lists with values replaced, lost or put in."""
    tree = json_like_copy(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(0, 3))):
        paths = _paths(tree)
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        parent = functools.reduce(lambda part, key: part[key], path[:-1], tree)
        kind = draw(st.integers(0, 3))
        if kind == 0:
            del parent[path[-1]]
        elif kind == 1 and isinstance(parent, dict):
            parent[draw(st.sampled_from(("", "format", "extra", "\0")))] = json_like_copy(draw(values))
        else:
            parent[path[-1]] = json_like_copy(draw(values))
    return tree


def json_like_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: json_like_copy(item) for key, item in value.items()}
    return [json_like_copy(item) for item in value] if isinstance(value, list | tuple) else value


def json_damaged(valid: tuple[Any, ...]) -> st.SearchStrategy[bytes]:
    """JSON whose values are wrong, or whose text is; and brackets without end."""
    whole = tree_damaged(valid).map(lambda tree: json.dumps(tree).encode())
    texts = text_damaged(tuple(json.dumps(tree, indent=1).encode() for tree in valid))
    return st.one_of(whole, whole, texts, st.sampled_from((b"[" * 3000, b'{"a":' * 3000, b"1" * 5000)))


CBOR_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, -1, 23, 24, 255, 256, 65535, 65536, 1 << 31, (1 << 64) - 1, -(1 << 64), 1 << 30, -(1 << 31))),
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.binary(max_size=40),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(([], {}, [[]], [None], {"": 0}, "x" * 50, bytes(32), bytes(64))),
)


CBOR_HEADS = (b"", b"\x9f" * 40, b"\x81" * 13, b"\xbf", b"\x9b" + b"\xff" * 8, b"\x5b" + b"\x7f" * 8, b"\xc0")


@st.composite
def cbor_damaged(draw: st.DrawFn, valid: tuple[Any, ...]) -> bytes:
    """CBOR whose values are wrong; sometimes its bytes are, too: heads that say more than there is, indefinite lengths,
    depth."""
    data = cbor.dumps(draw(tree_damaged(valid, CBOR_VALUES)))
    if draw(st.integers(0, 3)):
        return data
    head = draw(
        st.sampled_from(
            (b"", b"\x9f" * 40, b"\x81" * 13, b"\xbf", b"\x9b" + b"\xff" * 8, b"\x5b" + b"\x7f" * 8, b"\xc0")
        )
    )
    return head + draw(bytes_damaged((data,))) + draw(st.sampled_from((b"", b"\xff", b"\0")))


def cbor_items() -> st.SearchStrategy[bytes]:
    """Anything that can be written, and what damages it."""
    keys = st.text(st.characters(codec="utf-8"), max_size=4) | st.integers(0, 40) | st.binary(max_size=3)
    item = st.recursive(
        CBOR_VALUES,
        lambda children: st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=4),
        max_leaves=12,
    )
    return item.flatmap(lambda value: cbor_damaged((value,)))


@st.composite
def length_parted(draw: st.DrawFn, contents: st.SearchStrategy[bytes], most: int = 6) -> bytes:
    """As `server` and `osdp` take them: a byte that chooses, a length, so many bytes."""
    out = bytearray()
    for _ in range(draw(st.integers(1, most))):
        content = draw(contents)[:255]
        out += bytes((draw(st.integers(0, 255)), len(content))) + content
    return bytes(out)


def message_fields() -> st.SearchStrategy[bytes]:
    """A message's number and its body."""
    every = messages.every()

    @st.composite
    def one(draw: st.DrawFn) -> bytes:
        number = draw(st.integers(0, len(every) - 1))
        return bytes((number,)) + draw(cbor_damaged((samples.request_fields(every[number].name),)))

    return one()


def requests() -> st.SearchStrategy[bytes]:
    """Requests of the server: which message, and fields of its own."""
    from tests.fuzz import server

    @st.composite
    def some(draw: st.DrawFn) -> bytes:
        out = bytearray()
        for _ in range(draw(st.integers(1, 4))):
            number = draw(st.integers(0, len(server.NAMES) - 1))
            body = draw(cbor_damaged((samples.request_fields(server.NAMES[number]),)))[:255]
            out += bytes((number, len(body))) + body
        return bytes(out)

    return some()


@st.composite
def tflite_damaged(draw: st.DrawFn) -> bytes:
    from tests.campaign import mutations

    origin = draw(st.sampled_from(samples.tflite_seeds()))
    return mutations.mutate(random.Random(draw(st.integers(0, 1 << 32))), origin)[1]


@st.composite
def png_damaged(draw: st.DrawFn) -> bytes:
    """Chunks in any order, sizes that are not theirs, and bombs."""
    chunks = list(draw(st.sampled_from(samples.PNG_CHUNKS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(chunks) - 1))
        kind, content = chunks[at]
        what = draw(st.integers(0, 4))
        if what == 0:
            chunks[at] = kind, draw(bytes_damaged((content or b"\0",)))
        elif what == 1:
            chunks.insert(at, draw(st.sampled_from(samples.PNG_EXTRAS)))
        elif what == 2:
            chunks[at] = draw(st.sampled_from((b"tRNS", b"PLTE", b"zTXt", b"IDAT", b"acTL", b"iCCP", b"eXIf"))), content
        elif what == 3 and len(chunks) > 1:
            del chunks[at]
        else:
            chunks.append(chunks[at])
    return samples.png_of(chunks, draw(st.sampled_from((0, 0, 0, 1, -1, 1 << 31))))


@functools.cache
def of(name: str) -> st.SearchStrategy[bytes]:
    """The strategy of a target's inputs."""
    valid = tuple(samples.of(name))
    special = {
        "cbor": cbor_items,
        "fields": message_fields,
        "server": requests,
        "tflite": tflite_damaged,
        "png": png_damaged,
        "osdp": lambda: length_parted(bytes_damaged(samples.OSDP_INNER)),
        "osdp_channel": lambda: length_parted(bytes_damaged(samples.OSDP_INNER)),
        "boot_state": lambda: cbor_damaged(samples.BOOT_STATES),
        "calibration": lambda: cbor_damaged(samples.record_changes()),
        "host_calibration": lambda: cbor_damaged(samples.record_changes()),
        "stored": lambda: cbor_damaged(samples.STORED),
        "image_values": lambda: st.one_of(bytes_damaged(valid), cbor_damaged((samples.MANIFEST,))),
        "host_image": lambda: st.one_of(bytes_damaged(valid), cbor_damaged((samples.MANIFEST,))),
        "recording": lambda: st.one_of(bytes_damaged(valid), json_damaged(samples.RECORDING_TEXTS)),
        "keyring": lambda: json_damaged((samples.KEYRING,)),
        "module": lambda: json_damaged((samples.module_fields(),)),
        "unit": lambda: json_damaged((samples.unit_fields(),)),
    }
    if name in special:
        return special[name]()
    return text_damaged(valid) if name in samples.TEXTS else bytes_damaged(valid)
