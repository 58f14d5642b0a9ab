"""What a field of a unit record may hold: small checks that take a value and its place in the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, get_type_hints

TIME = "%Y-%m-%dT%H:%M:%SZ"

# Bounds that no honest record reaches, so that a hostile one cannot fill memory or a report.
LONGEST_NAME = 120
LONGEST_TEXT = 8000
MOST_ITEMS = 2000
LAID_OUT = "\n\t"  # what lays out a text and is not printable
LARGEST_NUMBER = 1e12  # squares and sums of these stay finite

Check = Callable[[Any, str], Any]
T = TypeVar("T")


class SchemaError(ValueError):
    """A value is not what its field holds; a clause, without a full stop."""


def text(longest: int = LONGEST_TEXT) -> Check:
    """A string of at most so many characters, without those that command a terminal and without half characters."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or len(value) > longest or cleaned(value) != value:
            raise SchemaError(f"{where} is no text of at most {longest} printable characters")
        return value

    return check


def cleaned(words: str) -> str:
    """The text with a question mark for each character that `text` does not take."""
    return "".join(each if each.isprintable() or each in LAID_OUT else "?" for each in words)


def one_of(*words: str) -> Check:
    """One of these words."""

    def check(value: Any, where: str) -> str:
        if value not in words or not isinstance(value, str):
            raise SchemaError(f"{where} is none of {', '.join(words)}")
        return value

    return check


def number(value: Any, where: str) -> float:
    """A number of a size that can be measured; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise SchemaError(f"{where} is no number from -{LARGEST_NUMBER:g} to {LARGEST_NUMBER:g}")
    return float(value)


def integer(value: Any, where: str) -> int:
    """A whole number."""
    if number(value, where) != value or not isinstance(value, int):
        raise SchemaError(f"{where} is no whole number")
    return value


def count(value: Any, where: str) -> int:
    """A whole number, not negative."""
    if integer(value, where) < 0:
        raise SchemaError(f"{where} is no count")
    return value


def flag(value: Any, where: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise SchemaError(f"{where} is neither true nor false")
    return value


def time(value: Any, where: str) -> str:
    """A time in UTC, yyyy-MM-ddTHH:mm:ssZ."""
    try:
        datetime.strptime(text()(value, where), TIME)
    except ValueError:
        raise SchemaError(f"{where} is no time like 2026-11-22T16:30:00Z") from None
    return value


def maybe(check: Check) -> Check:
    """That, or null."""
    return lambda value, where: None if value is None else check(value, where)


def either(*checks: Check) -> Check:
    """What the first of these takes that takes it."""

    def check(value: Any, where: str) -> Any:
        for one in checks[:-1]:
            try:
                return one(value, where)
            except SchemaError:
                continue
        return checks[-1](value, where)

    return check


def many(check: Check) -> Check:
    """A list of such."""

    def of(value: Any, where: str) -> list:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise SchemaError(f"{where} is no list of at most {MOST_ITEMS}")
        return [check(item, f"{where}[{index}]") for index, item in enumerate(value)]

    return of


def a(kind: type) -> Check:
    """An object with the fields of that dataclass."""
    return lambda value, where: parsed(kind, value, where)


def checks_of(kind: type) -> dict[str, tuple[Check, str]]:
    """The fields of a dataclass in order: name -> (check, meaning), as `Annotated[type, check, meaning]` says them."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name].__metadata__ for field in dataclasses.fields(kind)}


def parsed(kind: type[T], value: Any, where: str = "") -> T:
    """An instance of that dataclass. Fields that it does not know are left out: a later tool may have added them.

    Raises SchemaError with a clause that names the field.
    """
    if not isinstance(value, dict):
        raise SchemaError(f"{where or 'it'} is no object")
    made = {}
    for name, (check, _) in checks_of(kind).items():
        place = f"{where}.{name}".lstrip(".")
        if name not in value:
            raise SchemaError(f"{place} is missing")
        made[name] = check(value[name], place)
    return kind(**made)
