"""TOML of anybody's making: read, or refused in a clause.

Python's reader looks at the text and at nothing else: it gives numbers of any length, and runs out of its own stack
where values nest. Whoever reads a file wants neither.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

LARGEST = 1 << 63  # TOML 1.0: whole numbers have 64 bits, and more may be refused


class TomlError(ValueError):
    """A text that is no TOML, or holds what no file of ours does; the message is a clause."""


def loads(text: str) -> dict[str, Any]:
    """The tables of a text. Raises TomlError for what is no TOML, for whole numbers beyond 64 bits, for U+0000 in a
    text (no path has it), and for what nests too deep."""
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise TomlError("it nests too deep") from None
    except ValueError as problem:  # TOMLDecodeError, and what Python says of a number of thousands of digits
        told = isinstance(problem, tomllib.TOMLDecodeError)
        raise TomlError(str(problem) if told else "a number has too many digits") from None
    for value in _leaves(values):
        if isinstance(value, int) and not -LARGEST <= value < LARGEST:
            raise TomlError("a whole number is beyond 64 bits")
        if isinstance(value, str) and "\0" in value:
            raise TomlError("a text holds the character U+0000")
    return values


def _leaves(values: dict[str, Any]) -> Iterator[Any]:
    """Keys and values, however deep they lie."""
    waiting: list[Any] = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        else:
            yield value
