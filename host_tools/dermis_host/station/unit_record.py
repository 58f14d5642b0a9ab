"""The unit record: what one pass of one module over the station found. JSON, `unit.json` in a folder of its own.

The dataclasses below are the schema: each field says how it is checked and what it means, and docs/station.md holds
the same table (a test compares the two). Numbers are finite, times are UTC, hashes are hex digits.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from dermis_host import files
from dermis_host.errors import UsageError
from dermis_host.station.schema import (
    LONGEST_NAME,
    SchemaError,
    a,
    count,
    either,
    flag,
    integer,
    many,
    maybe,
    number,
    one_of,
    parsed,
    text,
    time,
)

FORMAT = "dermis-unit"
VERSION = 1
FILE = "unit.json"

PASSED, FAILED, UNFINISHED = "passed", "failed", "unfinished"
OUTCOMES = (PASSED, FAILED, UNFINISHED)
MARGINAL = "marginal"
RESULTS = (PASSED, MARGINAL, FAILED)
SKIPPED = "skipped"
PHASE_OUTCOMES = (PASSED, FAILED, UNFINISHED, SKIPPED)
LARGEST_FILE = 4 << 20  # bytes; an honest record has a hundredth of it

_name = text(LONGEST_NAME)


class UnitRecordError(UsageError):
    """A file is no unit record that these tools can read; the sentence says why."""


@dataclass
class Measured:
    """One number (or word) with what it was judged against."""

    name: Annotated[str, _name, "what was measured"]
    phase: Annotated[str, _name, "in which phase"]
    value: Annotated[float | str | None, maybe(either(number, text())), "null when nothing could be measured"]
    unit: Annotated[str, _name, "of value and limits; empty for a word"]
    low: Annotated[float | None, maybe(number), "lowest value that passes; null: open"]
    high: Annotated[float | None, maybe(number), "highest value that passes; null: open"]
    marginal_low: Annotated[float | None, maybe(number), "below it a value passes and is called marginal; null: none"]
    marginal_high: Annotated[float | None, maybe(number), "above it a value passes and is called marginal; null: none"]
    expected: Annotated[str | None, maybe(text()), "the word that passes; null for a number"]
    result: Annotated[str, one_of(*RESULTS), "how it was judged"]
    bench: Annotated[bool, flag, "true when the bench shows in it: the lot report draws its control chart"]


@dataclass
class Cause:
    """Why a unit did not pass."""

    name: Annotated[str, _name, "one word, counted by the lot report"]
    phase: Annotated[str, _name, "where it was found"]
    sentence: Annotated[str, text(), "what happened and what to do"]
    because: Annotated[list[str], many(_name), "names of the measurements that say so"]


@dataclass
class PhaseRun:
    """One phase."""

    name: Annotated[str, _name, "as on the station page"]
    outcome: Annotated[str, one_of(*PHASE_OUTCOMES), "how it ended"]
    started: Annotated[str, time, "UTC"]
    ended: Annotated[str, time, "UTC"]


@dataclass
class Attachment:
    """A file beside unit.json."""

    file: Annotated[str, _name, "its name"]
    what: Annotated[str, _name, "what it is"]
    bytes: Annotated[int, count, "its size"]
    sha256: Annotated[str, text(64), "64 hex digits"]


@dataclass
class Flashed:
    """What the flash phase did."""

    done: Annotated[bool, flag, "false: not flashed by this station"]
    command: Annotated[list[str], many(text()), "what was run, placeholders filled in"]
    exit_code: Annotated[int | None, maybe(integer), "of the command; null when none ended"]
    output: Annotated[str, text(), "the end of what the command said"]


@dataclass
class Station:
    """The station as it was."""

    id: Annotated[str, _name, "from station.toml"]
    name: Annotated[str, _name, "from station.toml"]
    tool: Annotated[str, _name, "name and version of these tools"]
    settings_sha256: Annotated[str, text(64), "of station.toml"]


@dataclass
class FixtureUsed:
    """The fixture that the module stood in."""

    id: Annotated[str, _name, "from the fixture file"]
    certified: Annotated[str, _name, "yyyy-MM-dd"]
    due: Annotated[str, _name, "yyyy-MM-dd, when its targets are to be certified again"]
    hash: Annotated[str, _name, "16 hex digits of the fixture file's SHA-256"]
    overdue: Annotated[bool, flag, "true when that date had passed: nothing was measured"]


@dataclass
class ModuleSeen:
    """What the module said of itself; empty words when it was never reached."""

    serial: Annotated[str, _name, "its own serial number"]
    board: Annotated[str, _name, "its board"]
    firmware: Annotated[str, _name, "version of its firmware"]
    firmware_hash: Annotated[str, text(64), "of the firmware, where the module tells it; else empty"]
    runtime: Annotated[str, _name, "its interpreter"]
    model: Annotated[str, _name, "its model"]
    model_hash: Annotated[str, _name, "16 hex digits of the model's SHA-256"]
    profile: Annotated[str, _name, "its profile"]
    imager: Annotated[str, _name, "identity of its imager"]
    swir_head: Annotated[str, _name, "identity of its SWIR head"]
    simulated: Annotated[bool, flag, "true for the twin"]


@dataclass
class CalibrationMade:
    """The calibration record of this pass."""

    hash: Annotated[str, _name, "16 hex digits; empty when none was made"]
    slot: Annotated[str, one_of("", "factory", "user"), "where it was written; empty when it was not"]
    in_force: Annotated[str, _name, "hash in force when the station let go of the module; empty when unknown"]


@dataclass
class UnitRecord:
    """One pass of one module over the station."""

    serial: Annotated[str, _name, "as scanned or typed"]
    outcome: Annotated[
        str, one_of(*OUTCOMES), "passed; failed: the module is at fault; unfinished: nothing is known of the module"
    ]
    sentence: Annotated[str, text(), "the outcome in one sentence that says what to do"]
    causes: Annotated[list[Cause], many(a(Cause)), "why it did not pass, the first one first"]
    marginal: Annotated[bool, flag, "true when it passed with a marginal value"]
    retest: Annotated[int, count, "how many finished passes of this serial number lie in the output folder before it"]
    started: Annotated[str, time, "UTC"]
    ended: Annotated[str | None, maybe(time), "UTC; null when the station ended with the unit on it"]
    operator: Annotated[str, _name, "who ran it"]
    station: Annotated[Station, a(Station), "where"]
    fixture: Annotated[FixtureUsed, a(FixtureUsed), "in what"]
    module: Annotated[ModuleSeen, a(ModuleSeen), "the module's own words"]
    flash: Annotated[Flashed, a(Flashed), "what put the firmware there"]
    calibration: Annotated[CalibrationMade, a(CalibrationMade), "what was measured into it"]
    phases: Annotated[list[PhaseRun], many(a(PhaseRun)), "in the order they ran"]
    measurements: Annotated[list[Measured], many(a(Measured)), "in the order they were taken"]
    attachments: Annotated[list[Attachment], many(a(Attachment)), "files beside this one"]

    @property
    def finished(self) -> bool:
        """The module was judged."""
        return self.outcome != UNFINISHED

    def to_json(self) -> str:
        """The file's text. Raises ValueError for a number that is not finite: JSON has none."""
        whole = {"format": FORMAT, "version": VERSION, **dataclasses.asdict(self)}
        return json.dumps(whole, indent=1, allow_nan=False) + "\n"

    def write(self, folder: Path) -> Path:
        """unit.json in `folder`, whole or not at all. Raises HostError when it cannot be written."""
        path = folder / FILE
        with files.whole(path) as file:
            file.write(self.to_json().encode())
        return path


KINDS = (
    UnitRecord,
    Cause,
    Station,
    FixtureUsed,
    ModuleSeen,
    Flashed,
    CalibrationMade,
    PhaseRun,
    Measured,
    Attachment,
)


def read(path: Path) -> UnitRecord:
    """The record in that file. Raises UnitRecordError with one sentence that begins with the file's name."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise UnitRecordError(f"{path} is no plain file.")
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise UnitRecordError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    if len(data) > LARGEST_FILE:
        raise UnitRecordError(f"{path} is larger than any unit record ({LARGEST_FILE >> 20} MiB).")
    try:
        return parse(data)
    except UnitRecordError as problem:
        raise UnitRecordError(f"{path}: {problem}.") from None


def parse(data: bytes) -> UnitRecord:
    """The record in these bytes. Raises UnitRecordError with a clause, without a full stop."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError) as problem:  # ValueError: also what is no UTF-8, and a number without end
        raise UnitRecordError(f"it is no JSON ({type(problem).__name__}): damaged, or cut short") from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise UnitRecordError("it is JSON, but no unit record of a Dermis station")
    if whole.get("version") != VERSION:
        version = str(whole.get("version"))[:20]
        raise UnitRecordError(f"it is of version {version}; these tools read version {VERSION}")
    try:
        return parsed(UnitRecord, whole)
    except SchemaError as problem:
        raise UnitRecordError(str(problem)) from None
