"""`Keys`: one table of a rig.toml. Keys are taken out one by one, so that what is left over is a mistake."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dermis_host.errors import UsageError

LONGEST_TEXT = 1000
HIGHEST_BAUD = 4_000_000


class Keys:
    """Every method that takes a key raises UsageError with file, table and key when it is missing or of the wrong kind.

    file: the rig.toml. table: its name there, "" for the whole file.
    """

    def __init__(self, values: dict[str, Any], file: Path, table: str = ""):
        self.file = file
        self._values = dict(values)
        self._table = table
        self._taken: list[str] = []

    @property
    def where(self) -> str:
        """File and table, for a sentence."""
        return f"{self.file.name}: [{self._table}]" if self._table else f"{self.file.name}:"

    @property
    def folder(self) -> Path:
        """What paths in the file count from."""
        return self.file.parent

    def wrong(self, key: str, what: str) -> UsageError:
        """What is wrong with a key, to be raised."""
        return UsageError(f"{self.where} {key} {what}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A line of text, not empty unless that is the default."""
        value = self._take(key, str, "a text", default)
        if value != default and not (0 < len(value) <= LONGEST_TEXT and value.isprintable()):
            raise self.wrong(key, f"must be one line of 1 to {LONGEST_TEXT} characters")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of some words."""
        value = self._take(key, str, f"one of {', '.join(choices)}", default)
        if value not in choices:
            raise self.wrong(key, f"must be one of {', '.join(choices)}, not {value[:40]!r}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """True or false."""
        return self._take(key, bool, "true or false", default)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number, limits included."""
        value = self._take(key, int, f"a whole number, {low} to {high}", default)
        if not low <= value <= high:
            raise self.wrong(key, f"is {value}: it must be {low} to {high}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number, limits included."""
        value = self._take(key, (int, float), f"a number, {low:g} to {high:g}", default)
        if not low <= value <= high:  # neither is what is no number
            raise self.wrong(key, f"is {value:g}: it must be {low:g} to {high:g}")
        return float(value)

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts, at least one, no two the same."""
        value = self._take(key, (list, tuple), "a list of texts", default)
        if not value or not all(isinstance(each, str) and each and each.isprintable() for each in value):
            raise self.wrong(key, "must be a list of at least one text")
        if len(set(value)) < len(value):
            raise self.wrong(key, "holds one text twice")
        return tuple(value)

    def rows(self, key: str, columns: int) -> tuple[tuple[float, ...], ...]:
        """A list of rows of so many numbers each."""
        value = self._take(key, list, f"a list of rows of {columns} numbers", None)
        for row in value:
            good = isinstance(row, list) and len(row) == columns
            if not good or not all(_is_number(each) and math.isfinite(each) for each in row):
                raise self.wrong(key, f"must be a list of rows of {columns} numbers each")
        return tuple(tuple(float(each) for each in row) for row in value)

    def path(self, key: str, default: str | None = None) -> Path | None:
        """A path, from the file's folder; None where the default is "" and nothing stands there."""
        value = self.text(key, default)
        return self.folder / value if value else None

    def port(self, key: str = "port") -> str:
        """What pyserial's `serial_for_url` takes."""
        return self.text(key)

    def baud(self, default: int) -> int:
        """The key `baud`."""
        return self.whole("baud", 50, HIGHEST_BAUD, default)

    def table(self, key: str, needed: bool = True) -> Keys | None:
        """A table in this one; None where it is missing and not needed."""
        if not needed and key not in self._values:
            self._taken.append(key)
            return None
        name = f"{self._table}.{key}" if self._table else key
        return Keys(self._take(key, dict, "a table", None), self.file, name)

    def left(self) -> list[str]:
        """What nobody has taken yet: names that the file makes up itself."""
        return list(self._values)

    def end(self) -> None:
        """Raises UsageError for what nobody has taken."""
        if not self._values:
            return
        key = min(self._values)
        near = difflib.get_close_matches(key, self._taken, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(self._taken)}."
        raise UsageError(f"{self.where} there is no key {key} here; {hint}")

    def _take(self, key: str, kind: Any, kind_name: str, default: Any) -> Any:
        self._taken.append(key)
        value = self._values.pop(key, default)
        if value is None:
            raise self.wrong(key, f"is missing: give {kind_name}")
        if value is not default and not (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
            raise self.wrong(key, f"is of the wrong kind: give {kind_name}")
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
