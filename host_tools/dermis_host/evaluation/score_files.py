"""Score files: CSV of anybody's making, read fast and refused in one sentence that names the line."""

from __future__ import annotations

import csv
import gc
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from dermis_hw.species import CONCEALER, IMPOSTOR

from dermis_host.errors import UsageError
from dermis_host.evaluation.scores import BONA_FIDE, COVERED_BAND, TONE_BAND, Labels, Scores, in_bands

REQUIRED = ("attempt", "subject", "species", "score")
GROUPS = ("tone", "condition", "module")
WHOLE = "bursts"
NUMBERS = ("ms", WHOLE)
TEXTS = ("verdict", "reasons", "recording")
OPTIONAL = ("response", "presentation", "purpose", "held_out", "simulated", "covered", *GROUPS, *NUMBERS, *TEXTS)
NUMBERED = "#"  # in the place of a column's name: the number of the row
YES = frozenset(("1", "true", "yes", "y", "response", "bona_fide", "attack"))
NO = frozenset(("0", "false", "no", "n", "none", "no_response", "no_decision"))
# Words that stand for bona fide in other layouts: as a PAI species they would be counted as attacks, so they are asked
# about.
LOOKS_BONA_FIDE = frozenset(("bona fide", "bonafide", "bona_fide", "bona-fide", "genuine", "live", "real"))
MAXIMUM = "max"  # the key of the highest APCER among those of the species
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "a space"}
CHUNK = 65_536  # rows at a time: the file's text is never wholly in memory
MOST_LABELS = 1000  # of a column that is reported by value; more is an identifier, not a species or a tone
LONGEST_LABEL = 100
LARGEST = 1e300  # of a number, so that the difference of two is one
LONGEST_LINE = 1 << 20  # characters: what has no line ends is no table, and is not read to its end
TOO_LONG = f"it has more than {LONGEST_LINE:,} characters"
SHOWN = 40  # characters of a wrong value that a sentence repeats


@dataclass(frozen=True)
class Layout:
    """How to read a file. columns: our name -> the file's (`NUMBERED`: the row's number). bona_fide: what beside
    nothing the species column holds for a bona fide presentation. by: further columns to report apart."""

    columns: dict[str, str] = field(default_factory=dict)
    bona_fide: frozenset[str] = frozenset()
    by: tuple[str, ...] = ()
    delimiter: str = ","

    def column(self, name: str) -> str:
        return self.columns.get(name, name)


def parse_columns(words: Iterable[str]) -> dict[str, str]:
    """`score=pad,species=type` as a map. Raises UsageError."""
    columns = {}
    known = (*REQUIRED, *OPTIONAL)
    for word in ",".join(words).split(","):
        name, equals, column = (part.strip() for part in word.partition("="))
        if not equals or not column or name not in known:
            raise UsageError(
                f"--columns takes NAME=COLUMN, as in score=pad_score,species=label; NAME is one of {', '.join(known)}."
            )
        columns[name] = column
    return columns


def load(path: Path, layout: Layout | None = None) -> Scores:
    """Reads a score file. Raises UsageError with one sentence, which names the line, for anything that is not one."""
    layout = layout or Layout()
    try:
        with open(path, "rb") as file, _no_collection():
            return _Reader(path, layout).read(file)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}: name a CSV of scores.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8{_where_not_utf8(path)}: save it as UTF-8.") from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Rows hold no cycles; looking for some among a million of them takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _where_not_utf8(path: Path) -> str:
    if not path.is_file():  # a pipe cannot be read twice
        return ""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f" in line {number}"
    return ""


def _shown(value: str) -> str:
    """A value of the file for a sentence: quoted, short, without control characters."""
    return repr(value if len(value) <= SHOWN else value[:SHOWN] + "...")


def _is_part(text: str) -> bool:
    """A number from 0 to 1, as everybody reads it."""
    try:
        return "_" not in text and 0 <= float(text) <= 1
    except ValueError:
        return False


class _Coder:
    """Gives texts numbers in the order in which they come."""

    def __init__(self) -> None:
        self.table: dict[str, int] = {}
        self.codes: list[np.ndarray] = []

    def add(self, texts: Sequence[str]) -> None:
        table = self.table
        codes = [table.setdefault(text, len(table)) for text in texts]
        self.codes.append(np.array(codes, np.int64))

    def labels(self, rename: dict[str, str] | None = None, first: tuple[str, ...] = ()) -> Labels:
        """Stripped, renamed, and joined where that makes them equal; those of `first` take the first numbers."""
        names: dict[str, int] = {name: number for number, name in enumerate(first)}
        final = []
        for text in self.table:
            name = text.strip()
            name = (rename or {}).get(name, name)
            final.append(names.setdefault(name, len(names)))
        codes = np.concatenate(self.codes)
        return Labels(np.array(final, np.int64)[codes], list(names))


class _Reader:
    def __init__(self, path: Path, layout: Layout):
        self._path = path
        self._layout = layout
        self._coders: dict[str, _Coder] = {}
        self._texts: dict[str, list[str]] = {}
        self._floats: dict[str, list[np.ndarray]] = {}
        self._places: dict[str, int] = {}
        self._lines: list[np.ndarray] = []
        self._rows = 0
        self._remarks: list[str] = []

    def _wrong(self, line: Any, what: str) -> NoReturn:
        raise UsageError(f"{self._path}, line {line}: {what}")

    def read(self, file: Any) -> Scores:
        start = file.peek(2)[:2]
        if start in (b"\xff\xfe", b"\xfe\xff"):
            raise UsageError(f"{self._path} is UTF-16: save it as UTF-8.")
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        reader = csv.reader(_lines(text), delimiter=self._layout.delimiter, strict=True)
        try:
            header = next((row for row in reader if row), None)
            if header is None:
                raise UsageError(
                    f"{self._path} is empty: it needs a line of column names, then one row a presentation."
                )
            self._find(header)
            for rows, lines in _chunks(reader):
                self._take(rows, lines, len(header))
        except csv.Error as problem:
            hint = {
                "field larger": "a field has more than 131,072 characters",
                "unexpected end": "a quote is not closed",
            }
            said = next((text for start, text in hint.items() if str(problem).startswith(start)), str(problem))
            self._wrong(reader.line_num + (said == TOO_LONG), f"{said}; write it as plain CSV.")
        if not self._rows:
            raise UsageError(f"{self._path} has column names but no rows: it holds no presentation.")
        return self._scores()

    def _find(self, header: list[str]) -> None:
        names = [name.strip() for name in header]
        repeated = sorted({name for name in names if names.count(name) > 1})
        layout = self._layout
        for name in (*REQUIRED, *OPTIONAL, *layout.by):
            column = layout.column(name)
            if column == NUMBERED and name in REQUIRED[:2]:
                continue
            if column in repeated:
                raise UsageError(f"{self._path} has two columns {_shown(column)}: give each a name of its own.")
            if column in names:
                self._places[name] = names.index(column)
            elif name in REQUIRED or name in layout.columns or name in layout.by:
                self._missing(column, name, header)
        for name in (*REQUIRED, *OPTIONAL, *layout.by):
            if name in NUMBERS:
                self._floats[name] = []
            elif name == "attempt" or name in TEXTS:
                self._texts[name] = []
            elif name != "score":
                self._coders[name] = _Coder()
        for name in layout.by:  # of the columns above, those that hold numbers and texts are read once more, as labels
            self._coders.setdefault(name, _Coder())
        self._floats["score"] = []

    def _missing(self, column: str, name: str, header: list[str]) -> NoReturn:
        line = self._layout.delimiter.join(header)
        for delimiter, spoken in DELIMITERS.items():
            if delimiter != self._layout.delimiter and column in [part.strip(' "') for part in line.split(delimiter)]:
                flag = {"\t": "tab", " ": "space"}.get(delimiter, f"'{delimiter}'")
                raise UsageError(f"The columns of {self._path} are parted by {spoken}: add --delimiter {flag}.")
        there = ", ".join(_shown(each.strip()) for each in header[:20])
        option = f"--columns {name}=COLUMN" if name in (*REQUIRED, *OPTIONAL) else "--by COLUMN"
        raise UsageError(
            f"{self._path} has no column {_shown(column)}; it has {there}: name the right one with {option}."
        )

    def _take(self, rows: list[list[str]], lines: np.ndarray, width: int) -> None:
        if any(len(row) != width for row in rows):
            kept = [index for index, row in enumerate(rows) if row]  # blank lines say nothing
            rows, lines = [rows[index] for index in kept], lines[kept]
            for row, line in zip(rows, lines, strict=True):
                if len(row) != width:
                    self._wrong(line, f"it has {len(row)} fields, the line of column names has {width}.")
        if not rows:
            return
        columns: list[tuple[str, ...]] = list(zip(*rows, strict=True))
        count = len(rows)
        numbers = [str(self._rows + 1 + index) for index in range(count)]
        for name, texts in self._texts.items():
            if name in self._places:
                texts.extend(columns[self._places[name]])
            elif name == "attempt":
                texts.extend(numbers)
        for name, coder in self._coders.items():
            if name in self._places:
                coder.add(columns[self._places[name]])
            elif name == "subject":
                coder.add(numbers)
        for name in NUMBERS:
            if name in self._places:
                values = self._numbers(columns[self._places[name]], lines, name)
                with np.errstate(invalid="ignore"):
                    odd = (values < 0) | (values % 1 != 0) if name == WHOLE else values < 0
                odd = np.flatnonzero(odd & ~np.isnan(values))
                if len(odd):
                    kind = "a whole number" if name == WHOLE else "a number"
                    said = _shown(columns[self._places[name]][odd[0]].strip())
                    self._wrong(lines[odd[0]], f"the {name} is {said}; it must be {kind} of 0 or more.")
                self._floats[name].append(values)
        self._floats["score"].append(self._numbers(columns[self._places["score"]], lines, "score"))
        self._lines.append(lines)
        self._rows += count

    def _numbers(self, texts: tuple[str, ...], lines: np.ndarray, name: str) -> np.ndarray:
        """NaN for an empty field. A score may be -inf; nothing may be NaN or inf by name."""
        try:
            values = np.array(list(map(float, texts)))
        except ValueError:
            values = np.array([self._number(text, line, name) for text, line in zip(texts, lines, strict=True)])
        if "_" in "".join(texts):  # Python reads 1_000 as a thousand; nobody else does
            row = next(row for row, text in enumerate(texts) if "_" in text)
            self._wrong(lines[row], f"the {name} {_shown(texts[row])} is no number.")
        with np.errstate(invalid="ignore"):
            odd = np.flatnonzero(~(np.abs(values) <= LARGEST)).tolist()
        for row in odd:
            text = texts[row].strip()
            if text and not (name == "score" and values[row] == -math.inf):
                self._wrong(lines[row], f"the {name} is {_shown(text)}; it must be a number within +-{LARGEST:g}.")
        return values

    def _number(self, text: str, line: Any, name: str) -> float:
        try:
            return float(text) if text.strip() else math.nan
        except ValueError:
            hint = " (a decimal comma?)" if "," in text else ""
            self._wrong(line, f"the {name} {_shown(text)} is no number{hint}.")

    def _scores(self) -> Scores:
        lines = np.concatenate(self._lines)
        attempts = np.array(self._texts.pop("attempt"), object)
        self._unique(attempts, lines)
        score = np.concatenate(self._floats["score"])
        responded = self._responded(score, lines)
        self._check_bona_fide()
        species = self._coders["species"].labels(dict.fromkeys(self._layout.bona_fide, ""), first=("",))
        self._check_species(species, lines)
        groups = {}
        for name in (*GROUPS, *self._layout.by):
            if name in self._places:
                labels = self._labels(name, lines, TONE_BAND if name == "tone" else None)
                groups.update({} if labels is None else {name: labels})
        held_out = Labels(np.zeros(len(lines), np.int64), [""])
        if "held_out" in self._places:
            held_out = self._coders["held_out"].labels(first=("",))
            self._check_labels(held_out, "held_out", lines)
        return Scores(
            attempt=attempts,
            subject=self._coders["subject"].labels(),
            species=species,
            score=score,
            responded=responded,
            concealer=self._chosen("purpose", lines, CONCEALER, (IMPOSTOR, "")) & (species.codes != BONA_FIDE),
            held_out=held_out,
            lines=lines,
            attempts=np.ones(len(score), np.int64),
            presentation=self._presentation(),
            groups=groups,
            numbers={name: np.concatenate(self._floats[name]) for name in NUMBERS if name in self._places},
            texts={name: np.array(texts, object) for name, texts in self._texts.items() if name in self._places},
            covered=self._covered(lines),
            simulated=self._simulated(lines),
            remarks=tuple(self._remarks),
        )

    def _presentation(self) -> np.ndarray | None:
        """A number for each presentation; a row that names none stands for itself."""
        if "presentation" not in self._places:
            return None
        labels = self._coders["presentation"].labels(first=("",))
        alone = labels.codes == 0
        return np.where(alone, len(labels.names) + np.cumsum(alone), labels.codes)

    def _unique(self, attempts: np.ndarray, lines: np.ndarray) -> None:
        listed = attempts.tolist()
        if len(set(listed)) == len(listed):
            return
        seen: dict[str, int] = {}
        for attempt, line in zip(listed, lines, strict=True):
            if attempt in seen:
                self._wrong(
                    line,
                    f"the attempt {_shown(attempt)} is that of line {seen[attempt]} too: each row needs one of its own "
                    f"(--columns attempt={NUMBERED} numbers the rows).",
                )
            seen[attempt] = line

    def _chosen(self, name: str, lines: np.ndarray, yes: str, others: tuple[str, ...]) -> np.ndarray:
        if name not in self._places:
            return np.zeros(len(lines), bool)
        labels = self._coders[name].labels()
        known = np.array([text.lower() in (yes, *others) for text in labels.names])
        if not known.all():
            row = int(np.flatnonzero(~known[labels.codes])[0])
            told = _shown(labels.names[labels.codes[row]])
            self._wrong(lines[row], f"the {name} is {told}; it must be {yes} or {others[0]}.")
        return np.array([text.lower() == yes for text in labels.names])[labels.codes]

    def _word(self, name: str, lines: np.ndarray) -> np.ndarray:
        """1 for yes, 0 for no, -1 for nothing, of each row."""
        labels = self._coders[name].labels()
        words = [text.lower() for text in labels.names]
        values = np.array([1 if word in YES else 0 if word in NO else -1 if not word else -2 for word in words])
        if (values == -2).any():
            row = int(np.flatnonzero(values[labels.codes] == -2)[0])
            self._wrong(lines[row], f"the {name} is {_shown(labels.names[labels.codes[row]])}; write yes or no.")
        return values[labels.codes]

    def _responded(self, score: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Of each row; where the response is not stated, a score is one."""
        if "response" in self._places:
            stated = self._word("response", lines)
            responded = np.where(stated < 0, ~np.isnan(score), stated == 1)
        else:
            responded = np.ones(len(score), bool)
        without = np.flatnonzero(responded & np.isnan(score))
        if len(without):
            self._wrong(
                lines[without[0]],
                "there is no score; a presentation without an answer needs a column `response` that says no.",
            )
        return responded

    def _labels(self, name: str, lines: np.ndarray, band: float | None) -> Labels | None:
        """A column that is reported by value, numbers from 0 to 1 by bands of that width; None, and a remark, for one
        of too many values: the report stands without it."""
        labels = self._coders[name].labels()
        labels = labels if band is None else in_bands(labels, band)
        if len(labels.names) > MOST_LABELS:
            self._remarks.append(
                f"The column {_shown(self._layout.column(name))} has {len(labels.names):,} different values, more than "
                f"{MOST_LABELS:,}: nothing is reported by it."
            )
            return None
        self._check_labels(labels, name, lines)
        return labels

    def _covered(self, lines: np.ndarray) -> Labels | None:
        if "covered" not in self._places:
            return None
        labels = self._coders["covered"].labels()
        for code, text in enumerate(labels.names):
            if text and not _is_part(text):
                self._wrong(
                    lines[int(np.flatnonzero(labels.codes == code)[0])],
                    f"the covered part is {_shown(text)}; it must be a number from 0 to 1.",
                )
        return self._labels("covered", lines, COVERED_BAND)

    def _check_labels(self, labels: Labels, name: str, lines: np.ndarray) -> None:
        column = _shown(self._layout.column(name))
        if len(labels.names) > MOST_LABELS:
            raise UsageError(
                f"The column {column} of {self._path} has {len(labels.names):,} different values, more than "
                f"{MOST_LABELS:,}: is it the {name}? Name the right one with --columns {name}=COLUMN."
            )
        for code, label in enumerate(labels.names):
            if len(label) > LONGEST_LABEL or not label.isprintable():
                line = lines[int(np.flatnonzero(labels.codes == code)[0])]
                self._wrong(
                    line,
                    f"the {name} {_shown(label)} must be at most {LONGEST_LABEL} characters that can be printed.",
                )

    def _check_bona_fide(self) -> None:
        """A word that is in no row is a slip, by which bona fide presentations would be counted as attacks."""
        there = {text.strip() for text in self._coders["species"].table}
        for word in sorted(self._layout.bona_fide - there - {""}):
            raise UsageError(
                f"No row of {self._path} has the species {_shown(word)}, which --bona-fide names: name a word of the "
                f"column {_shown(self._layout.column('species'))}, or leave it out."
            )

    def _check_species(self, species: Labels, lines: np.ndarray) -> None:
        self._check_labels(species, "species", lines)
        for code, name in enumerate(species.names):
            if name.lower() in LOOKS_BONA_FIDE or name == MAXIMUM:
                line = lines[int(np.flatnonzero(species.codes == code)[0])]
                if name == MAXIMUM:
                    self._wrong(
                        line, f"no PAI species can be called {MAXIMUM}, which is the highest of them: rename it."
                    )
                self._wrong(
                    line,
                    f"the species is {_shown(name)}; for bona fide leave it empty, or add --bona-fide {_shown(name)}.",
                )
        counts = np.bincount(species.codes, minlength=len(species.names))
        if not counts[0]:
            raise UsageError(
                f"{self._path} holds no bona fide presentation (species empty): without any there is no BPCER."
            )
        if counts[0] == counts.sum():
            raise UsageError(
                f"{self._path} holds no attack presentation (species given): without any there is no APCER."
            )

    def _simulated(self, lines: np.ndarray) -> bool | None:
        if "simulated" not in self._places:
            return None
        stated = self._word("simulated", lines)
        return True if (stated == 1).any() else False if (stated == 0).all() else None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise csv.Error(TOO_LONG)
        yield line


def _chunks(reader: Any) -> Iterator[tuple[list[list[str]], np.ndarray]]:
    """(rows, the line that each begins in); blank lines are empty rows."""
    while True:
        before = reader.line_num
        rows = list(islice(reader, CHUNK))
        if not rows:
            return
        if reader.line_num - before == len(rows):
            yield rows, np.arange(before + 1, reader.line_num + 1)
            continue
        heights = [1 + sum(text.count("\n") for text in row) for row in rows]  # quoted fields with line ends in them
        yield rows, before + 1 + np.cumsum([0, *heights[:-1]])
