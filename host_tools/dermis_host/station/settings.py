"""station.toml: what this station is, what it stands on, what it writes to. docs/station.md has the table."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.core.calibration_fields import TEXT_LONGEST
from dermis_hw import toml

from dermis_host.access import provisioning
from dermis_host.access.keyring import Keyring
from dermis_host.calibration import record_file, targets
from dermis_host.calibration.keys import StationKeys
from dermis_host.calibration.targets import Fixture
from dermis_host.errors import UsageError
from dermis_host.flashing.stand_in import WORD as STAND_IN

DEFAULT_FILE = Path("station.toml")
# What a serial number is made of: it names folders, and label printers take it.
SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
PLACEHOLDERS = ("{port}", "{serial}", "{folder}")
HIGHEST_PORT = 65535
DEFAULT_PAGE_PORT = 4444
LONGEST_FLASH_S = 3600


@dataclass(frozen=True)
class Flash:
    """The command that puts firmware and model onto a unit; its words may hold `PLACEHOLDERS`. ours: it is
    `dermis flash`, whose exit codes tell a wrong file from a module that does not take it."""

    command: tuple[str, ...]
    timeout_s: float
    ours: bool = False


@dataclass(frozen=True)
class Settings:
    """A station. port: of the module; twin: the folder of a running twin instead. serial: the pattern that every serial
    number has. operator: empty when the station asks. flash: None when another station does that. keys: sign records;
    their keyring opens sessions, too. provision: units get their keys here, and leave it in the field."""

    path: Path
    id: str
    name: str
    output: Path
    port: str
    twin: Path | None
    serial: re.Pattern[str]
    operator: str
    page_port: int
    flash: Flash | None
    fixture: Fixture
    keys: StationKeys
    provision: bool
    sha256: str

    def check_serial(self, serial: str) -> str:
        """The serial number without blanks about it. Raises UsageError when it cannot be one."""
        serial = serial.strip()
        if not SERIAL.fullmatch(serial):
            raise UsageError(
                f"{serial[:60]!r} is no serial number (1 to 40 letters, digits, dots, dashes, underscores): scan it "
                "again."
            )
        if not self.serial.fullmatch(serial):
            raise UsageError(f"{serial} is no serial number of this line ({self.serial.pattern}): scan it again.")
        return serial


class _Table:
    """One table of the file: takes keys out one by one, so that what is left over is a mistake."""

    def __init__(self, values: dict[str, Any], where: str):
        self._values, self._where = dict(values), where

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        value = self._values.pop(key, default)
        good = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        if value is None:
            raise UsageError(f"{self._where} lacks {key}: give it.")
        if not good:
            raise UsageError(f"{key} in {self._where} is of the wrong kind: give {_KINDS[kind]}.")
        return value

    def text(self, key: str, default: str | None = None, longest: int = TEXT_LONGEST) -> str:
        value = self.take(key, str, default)
        if len(value) > longest or not value.isprintable():
            raise UsageError(f"{key} in {self._where} must be one line of at most {longest} characters.")
        return value

    def table(self, key: str) -> dict[str, Any] | None:
        return self.take(key, dict) if key in self._values else None

    def end(self) -> None:
        if self._values:
            raise UsageError(
                f"{self._where} does not know {', '.join(map(str, sorted(self._values)))}: leave that out."
            )


_KINDS = {
    bool: "true or false",
    str: "a text",
    int: "a whole number",
    dict: "a table",
    list: "a list of texts",
    float: "a number",
}
LONGEST_PATH = 1000


def load(path: Path) -> Settings:
    """The station of that file; paths in it are beside it. Raises UsageError with what to correct."""
    try:
        data = path.read_bytes()
        values = toml.loads(data.decode())
    except FileNotFoundError:
        raise UsageError(f"There is no {path}: name the station's file with --config, or write one.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except (toml.TomlError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path} is no TOML ({problem}): correct it.") from None
    table = _Table(values, str(path))
    folder = path.parent
    identifier = table.text("id")
    if not SERIAL.fullmatch(identifier):
        raise UsageError(f"id in {path} must be letters, digits, dots, dashes and underscores.")
    port, twin = table.text("port", "", LONGEST_PATH), table.text("twin", "", LONGEST_PATH)
    if bool(port) == bool(twin):
        raise UsageError(f"{path} must name either a port or a twin, the folder of one that runs.")
    fixture, key = table.text("fixture", "", LONGEST_PATH), table.text("key", "", LONGEST_PATH)
    keyring = table.text("keyring", "", LONGEST_PATH)
    provision = table.take("provision", bool, False)
    page_port = table.take("page_port", int, DEFAULT_PAGE_PORT)
    if not 0 <= page_port <= HIGHEST_PORT:
        raise UsageError(f"page_port in {path} is no TCP port: give one from 1 to {HIGHEST_PORT}, or 0 for a free one.")
    settings = Settings(
        path=path,
        id=identifier,
        name=table.text("name", identifier),
        output=folder / table.text("output", "units", LONGEST_PATH),
        port=port,
        twin=folder / twin if twin else None,
        serial=_pattern(table.text("serial", SERIAL.pattern, LONGEST_PATH), path),
        operator=table.text("operator", ""),
        page_port=page_port,
        flash=_flash(table.table("flash"), path),
        fixture=targets.load(None if fixture in ("", targets.BUILT_IN) else folder / fixture),
        keys=StationKeys(
            record_file.key_of(folder / key) if key else None, Keyring.load(folder / keyring) if keyring else None
        ),
        provision=provision,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    table.end()
    if provision:
        if settings.keys.keyring is None:
            raise UsageError(f"{path} says provision and names no keyring: give keyring = FOLDER.")
        provisioning.check(settings.keys.keyring)
    if settings.twin is None and fixture in ("", targets.BUILT_IN):
        raise UsageError(f"{path} names no fixture file, and the built-in one is the twin's: give fixture = FILE.")
    return settings


def _pattern(text: str, path: Path) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as problem:
        raise UsageError(f"serial in {path} is no regular expression ({problem}): correct it.") from None


def _flash(values: dict[str, Any] | None, path: Path) -> Flash | None:
    if values is None:
        return None
    table = _Table(values, f"[flash] of {path}")
    ours = "folder" in values
    if ours == ("command" in values):
        raise UsageError(f"[flash] of {path} must name either a folder that `dermis build` made, or a command.")
    command = _our_command(table, path) if ours else table.take("command", list)
    if not command or not all(isinstance(word, str) for word in command):
        raise UsageError(f"command in [flash] of {path} must be a list of words, the program first.")
    timeout_s = table.take("timeout_s", int, 120)
    if not 1 <= timeout_s <= LONGEST_FLASH_S:
        raise UsageError(f"timeout_s in [flash] of {path} must be 1 to {LONGEST_FLASH_S} seconds.")
    table.end()
    return Flash(tuple(command), timeout_s, ours)


def _our_command(table: _Table, path: Path) -> list[str]:
    """`dermis flash` of a built folder."""
    folder, runtime = table.text("folder", None, LONGEST_PATH), table.text("runtime", None, LONGEST_PATH)
    sha256 = table.text("runtime_sha256", "", LONGEST_PATH)
    erase = table.take("erase_data", bool, False)
    # The stand-in is a word, not a file: it is for a station with a twin.
    named = runtime if runtime == STAND_IN else str(path.parent / runtime)
    words = [sys.executable, "-m", "dermis_host.cli", "flash", "--port", "{port}"]
    words += ["--folder", str(path.parent / folder), "--runtime", named]
    words += ["--runtime-sha256", sha256] if sha256 else []
    return words + (["--erase-data"] if erase else [])
