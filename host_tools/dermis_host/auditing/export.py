"""An exported audit log: a file of JSON lines that is checked without the module.

The first line says whose log it is and where it begins, then come the entries, each with the hash after it. Each time
that the log was fetched it ends in a line with the module's head under its MAC; where entries were lost between two
times, a line says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis.core import access, audit_chain
from dermis.core.errors import BadInput

from dermis_host import files
from dermis_host.access.keyring import Keyring
from dermis_host.errors import HostError, UsageError

FORMAT = 1
LARGEST_NUMBER = (1 << 64) - 1  # that CBOR holds
LARGEST_EXPORT = 1 << 30  # bytes: years of a busy door

# How far a head's MAC was checked.
UNCHECKED, DEVELOPMENT, KEYRING, WRONG = "unchecked", "development key", "keyring", "wrong"


@dataclass(frozen=True)
class Line:
    """An entry and the hash after it."""

    seq: int
    time: int
    uptime_ms: int
    event: str
    fields: dict[str, Any]
    hash: bytes

    def packed(self) -> bytes:
        """The entry as the module hashed it. Raises BadInput for values that no entry has."""
        return audit_chain.packed(self.seq, self.time, self.uptime_ms, self.event, self.fields)


@dataclass(frozen=True)
class Gap:
    """Entries that nobody has any more, `first` to `last`, and the hash after the last of them."""

    first: int
    last: int
    after: bytes


@dataclass(frozen=True)
class Break:
    """The chain does not reach over the place before entry `seq`; `after` is the hash that the module has there."""

    seq: int
    after: bytes


@dataclass(frozen=True)
class Fetched:
    """The head that the module gave at one time, over that nonce."""

    head: audit_chain.Head
    nonce: bytes
    mac: bytes
    at: str  # UTC, by the host's clock


AnyLine = Line | Gap | Break | Fetched


@dataclass
class Export:
    """A log as it is kept: whose, where it begins, and its lines in order."""

    serial: str
    first: int
    before: bytes
    lines: list[AnyLine] = field(default_factory=list)

    def entries(self) -> list[Line]:
        return [line for line in self.lines if isinstance(line, Line)]

    def next(self) -> int:
        """The number after the last entry or gap."""
        for line in reversed(self.lines):
            if isinstance(line, Line):
                return line.seq + 1
            if isinstance(line, Gap):
                return line.last + 1
        return self.first

    def hash(self) -> bytes:
        """The hash after the last entry, gap or break."""
        for line in reversed(self.lines):
            if isinstance(line, Line):
                return line.hash
            if isinstance(line, Gap | Break):
                return line.after
        return self.before


@dataclass(frozen=True)
class Checked:
    """What checking found. problems: sentences, none when the log holds. gaps: (first, last) of entries that are lost.
    signed: of the last head, one of UNCHECKED, DEVELOPMENT, KEYRING, WRONG."""

    problems: list[str]
    gaps: list[tuple[int, int]]
    signed: str

    @property
    def holds(self) -> bool:
        return not self.problems and not self.gaps


def signed(fetched: Fetched, serial: str, keyring: Keyring | None) -> str:
    """Who made a head's MAC. Raises UsageError when the keyring has no key for it."""

    def holds(key: bytes) -> bool:
        return audit_chain.head_holds(key, serial, fetched.nonce, fetched.head, fetched.mac)

    if keyring is not None and holds(keyring.verdict_key(serial)):
        return KEYRING
    if holds(access.derived_key(access.DEVELOPMENT_KEY, access.VERDICT, serial)):
        return DEVELOPMENT
    return UNCHECKED if keyring is None else WRONG


def check(export: Export, keyring: Keyring | None = None) -> Checked:
    """Follows the chain from the first line to the last. Raises UsageError when the keyring has no key for it."""
    problems: list[str] = []
    gaps: list[tuple[int, int]] = []
    how = UNCHECKED
    expected, after = export.first, export.before
    known = {export.first: export.before}  # number -> hash before it
    if export.first == 0 and export.before != audit_chain.genesis(export.serial):
        problems.append(f"The log does not begin as that of {export.serial} does: it is another module's, or edited.")
    for line in export.lines:
        if isinstance(line, Line):
            problems += _entry_problems(line, expected, after)
            expected, after = line.seq + 1, line.hash
        elif isinstance(line, Gap):
            if line.first != expected or line.last < line.first:
                problems.append(f"The gap {line.first} to {line.last} does not follow entry {expected - 1}: edited.")
            gaps.append((line.first, line.last))
            expected, after = line.last + 1, line.after
        elif isinstance(line, Break):
            problems.append(
                f"The chain breaks before entry {line.seq}: entries before it were edited in the module's flash, or it "
                "is damaged."
            )
            after = line.after
        else:
            problems += _head_problems(line, expected, after, known, export.first)
            how = signed(line, export.serial, keyring)
            if how == WRONG:
                problems.append(
                    f"The head fetched at {line.at} is not signed with the keyring's key for {export.serial}: "
                    "it is another fleet's keyring, or the head was made up."
                )
        known[expected] = after
    if not export.lines or not isinstance(export.lines[-1], Fetched):
        problems.append(f"The log ends at entry {expected - 1} without the module's head: its end was cut off.")
    elif keyring is not None and how == DEVELOPMENT:
        problems.append(
            f"The head of {export.serial} is signed with the development key, which everybody knows, and not with the "
            "keyring's: the module was not provisioned, or the head was made up."
        )
    return Checked(problems, gaps, how)


def _entry_problems(line: Line, expected: int, after: bytes) -> list[str]:
    if line.seq > expected:
        return [f"Entries {expected} to {line.seq - 1} are missing: they were taken out."]
    if line.seq < expected:
        return [f"Entry {line.seq} comes again after entry {expected - 1}: the log was edited."]
    try:
        holds = audit_chain.link(after, line.packed()) == line.hash
    except (BadInput, TypeError, AttributeError, UnicodeEncodeError):
        holds = False
    return [] if holds else [f"Entry {line.seq} is not the one that was chained: it was edited, or its hash was."]


def _head_problems(line: Fetched, expected: int, after: bytes, known: dict[int, bytes], first: int) -> list[str]:
    head, found = line.head, []
    if head.next != expected:
        found.append(
            f"The module's head of {line.at} says that entry {head.next - 1} is the last, but the log has "
            f"{expected - 1} there: entries were taken out or put in."
        )
    elif head.hash != after:
        found.append(
            f"The log up to entry {expected - 1} is not the one that the module's head of {line.at} stands for."
        )
    if head.first < first:
        found.append(f"Entries {head.first} to {first - 1} were fetched at {line.at} and are missing: cut off.")
    elif head.first in known and known[head.first] != head.before:
        found.append(
            f"The log before entry {head.first} is not the one that the module's head of {line.at} stands for."
        )
    return found


# The file.


def write(export: Export, path: Path) -> None:
    """The file, whole or not at all. Raises HostError."""
    with files.whole(path) as file:
        for text in _texts(export):
            file.write(text.encode() + b"\n")


def _texts(export: Export) -> Iterator[str]:
    head: dict[str, Any] = {"format": FORMAT, "serial": export.serial, "first": export.first}
    yield json.dumps({**head, "before": export.before.hex()})
    for line in export.lines:
        yield json.dumps(plain(line))


def plain(line: AnyLine) -> dict[str, Any]:
    """A line as JSON has it."""
    if isinstance(line, Line):
        return {
            "seq": line.seq,
            "time": line.time,
            "uptime_ms": line.uptime_ms,
            "event": line.event,
            "fields": line.fields,
            "hash": line.hash.hex(),
        }
    if isinstance(line, Gap):
        return {"gap": [line.first, line.last], "after": line.after.hex()}
    if isinstance(line, Break):
        return {"break": line.seq, "after": line.after.hex()}
    head = line.head
    said = {"first": head.first, "next": head.next, "before": head.before.hex(), "hash": head.hash.hex()}
    return {"head": {**said, "time": head.time}, "nonce": line.nonce.hex(), "mac": line.mac.hex(), "at": line.at}


def read(path: Path) -> Export:
    """The file's log, as it stands there. Raises UsageError when it is none."""
    try:
        if path.stat().st_size > LARGEST_EXPORT:
            raise UsageError(f"{path} is larger than any audit log: name another file.")
        texts = path.read_text(encoding="utf-8").splitlines()
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text: name a file that `dermis audit --output` made.") from None
    return _made(texts, path)


def _made(texts: Iterable[str], path: Path) -> Export:
    export: Export | None = None
    for number, text in enumerate(texts, 1):
        try:
            said = json.loads(text)
            if export is None:
                if said["format"] != FORMAT:
                    raise UsageError(f"{path} has the format {said['format']}, and these tools know {FORMAT}: update.")
                export = Export(_of(str, said["serial"]), _of(int, said["first"]), _bytes(said["before"]))
            else:
                export.lines.append(_line(said))
        except (ValueError, KeyError, TypeError, RecursionError):
            what = "is no exported audit log" if export is None else f"is damaged in line {number}"
            raise UsageError(f"{path} {what}: name a file that `dermis audit --output` made.") from None
    if export is None:
        raise UsageError(f"{path} is empty: name a file that `dermis audit --output` made.")
    return export


def _line(said: dict[str, Any]) -> AnyLine:
    if "gap" in said:
        first, last = said["gap"]
        return Gap(_of(int, first), _of(int, last), _bytes(said["after"]))
    if "break" in said:
        return Break(_of(int, said["break"]), _bytes(said["after"]))
    if "head" in said:
        head = said["head"]
        numbers = [_of(int, head[name]) for name in ("first", "next", "time")]
        made = audit_chain.Head(numbers[0], numbers[1], _bytes(head["before"]), _bytes(head["hash"]), numbers[2])
        return Fetched(made, _bytes(said["nonce"]), _bytes(said["mac"]), _of(str, said["at"]))
    return Line(
        _of(int, said["seq"]),
        _of(int, said["time"]),
        _of(int, said["uptime_ms"]),
        _of(str, said["event"]),
        _of(dict, said["fields"]),
        _bytes(said["hash"]),
    )


def _of(kind: type, value: Any) -> Any:
    """The value, of a kind that an entry can hold. Raises TypeError, ValueError."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError
    if isinstance(value, int) and not 0 <= value <= LARGEST_NUMBER:
        raise ValueError
    if isinstance(value, str):
        value.encode()  # JSON can name half a character
    return value


def _bytes(text: Any) -> bytes:
    return bytes.fromhex(_of(str, text))


class LogsDiffer(HostError):
    """The module's log is not the continuation of what was exported before."""
