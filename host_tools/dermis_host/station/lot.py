"""A lot: every unit record under a folder, and what they say together. docs/station.md explains the numbers."""

from __future__ import annotations

import dataclasses
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_host.errors import UsageError
from dermis_host.station import schema, statistics, unit_record
from dermis_host.station.statistics import Capability, Chart
from dermis_host.station.unit_record import FAILED, PASSED, Measured, UnitRecord

NO_CAUSE = "no_cause_named"
MOST_MEASUREMENTS = 400  # shown; a hostile record may name thousands


@dataclass(frozen=True)
class Refused:
    """A file that looks like a unit record and is none."""

    path: str
    sentence: str


@dataclass(frozen=True)
class Yield:
    """passed of units, with the 95 % interval of the part."""

    passed: int
    of: int

    @property
    def part(self) -> float:
        return self.passed / self.of

    @property
    def interval(self) -> tuple[float, float]:
        return statistics.wilson(self.passed, self.of)


@dataclass(frozen=True)
class Bar:
    """A cause: how many units it stopped, the part of all, and of it and those before it together."""

    name: str
    count: int
    part: float
    cumulative: float
    sentence: str


@dataclass(frozen=True)
class Spread:
    """One measurement over the lot: values in time, the limits of the newest record."""

    name: str
    phase: str
    unit: str
    low: float | None
    high: float | None
    values: tuple[float, ...]
    capability: Capability
    failed: int
    marginal: int
    unmeasured: int
    limits_changed: bool


@dataclass(frozen=True)
class Drift:
    """One fixture-dependent measurement of one station and fixture: `chart` None when there are too few units, or no
    spread. `units` are (serial, started) of each value."""

    name: str
    unit: str
    station: str
    fixture: str
    units: tuple[tuple[str, str], ...]
    chart: Chart | None


@dataclass
class Lot:
    """Records in time, and files that are none."""

    folder: str
    records: list[UnitRecord] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    doubles: int = 0

    @property
    def first(self) -> list[UnitRecord]:
        """The first finished pass of each serial number."""
        return list(_by_serial(reversed(self.records)).values())[::-1]

    @property
    def last(self) -> list[UnitRecord]:
        """The last finished pass of each serial number."""
        return list(_by_serial(self.records).values())

    @property
    def unfinished(self) -> list[UnitRecord]:
        return [record for record in self.records if not record.finished]


def _by_serial(records: Iterable[UnitRecord]) -> dict[str, UnitRecord]:
    return {record.serial: record for record in records if record.finished}


def gather(folder: Path) -> Lot:
    """Every `unit.json` under the folder. Files that are damaged or foreign are listed, not fatal.

    Raises UsageError when there is no folder, or no unit record in it.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: name the station's output folder.")
    lot = Lot(_shown(folder))
    seen: set[tuple[str, str]] = set()
    for path in _unit_files(folder):
        try:
            record = unit_record.read(path)
        except unit_record.UnitRecordError as problem:
            lot.refused.append(Refused(_shown(path.relative_to(folder)), _shown(problem)))
            continue
        if (record.serial, record.started) in seen:  # a copy of a folder inside the folder
            lot.doubles += 1
            continue
        seen.add((record.serial, record.started))
        lot.records.append(record)
    if not lot.records and not lot.refused:
        raise UsageError(f"There is no {unit_record.FILE} under {folder}: name the station's output folder.")
    lot.records.sort(key=lambda record: (record.started, record.serial))
    return lot


def _unit_files(folder: Path) -> list[Path]:
    """Links to folders are not followed: they may lead in a circle."""
    found = []
    for where, folders, names in os.walk(folder):
        folders.sort()
        if unit_record.FILE in names:
            found.append(Path(where) / unit_record.FILE)
    return found


def _shown(path: object) -> str:
    """A file's name may hold what no page and no terminal takes."""
    return schema.cleaned(os.fsencode(str(path)).decode("utf-8", "replace"))


def first_pass(lot: Lot) -> Yield | None:
    """Units that passed the first time they were finished; None for none."""
    return _yield(lot.first)


def final(lot: Lot) -> Yield | None:
    """Units that passed the last time."""
    return _yield(lot.last)


def _yield(records: Sequence[UnitRecord]) -> Yield | None:
    return Yield(sum(record.outcome == PASSED for record in records), len(records)) if records else None


def pareto(records: Iterable[UnitRecord]) -> list[Bar]:
    """What stopped these units, by the first cause that each names, most frequent first."""
    counted: Counter[str] = Counter()
    sentences: dict[str, str] = {}
    for record in records:
        if record.outcome == PASSED:
            continue
        name = record.causes[0].name if record.causes else NO_CAUSE
        counted[name] += 1
        sentences[name] = record.causes[0].sentence if record.causes else record.sentence
    bars, before = [], 0
    total = counted.total()
    for name, count in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        before += count
        bars.append(Bar(name, count, count / total, before / total, sentences[name]))
    return bars


def spreads(lot: Lot) -> list[Spread]:
    """Every number of the first finished pass of each unit, those with the least room first."""
    taken: dict[tuple[str, str, str], list[Measured]] = {}
    for record in lot.first:
        for measured in record.measurements:
            if measured.expected is None and not isinstance(measured.value, str):
                taken.setdefault((measured.phase, measured.name, measured.unit), []).append(measured)
    found = [_spread(key, those) for key, those in taken.items() if any(one.value is not None for one in those)]
    return sorted(found, key=_urgency)


def _spread(key: tuple[str, str, str], those: list[Measured]) -> Spread:
    phase, name, unit = key
    newest = those[-1]
    values = tuple(float(one.value) for one in those if one.value is not None)
    return Spread(
        name,
        phase,
        unit,
        newest.low,
        newest.high,
        values,
        statistics.capability(values, _passable(newest.low, values), newest.high),
        failed=sum(one.result == FAILED for one in those),
        marginal=sum(one.result == unit_record.MARGINAL for one in those),
        unmeasured=len(those) - len(values),
        limits_changed=len({(one.low, one.high) for one in those}) > 1,
    )


def _passable(low: float | None, values: Sequence[float]) -> float | None:
    """A lower limit of 0 on what is never negative (an RMS, a part) bounds nothing: capability is one-sided then."""
    return None if low == 0 and min(values) >= 0 else low


def _urgency(spread: Spread) -> tuple[int, float, int, str, str]:
    """Failures first, then the smallest Ppk, then what was marginal."""
    ppk = spread.capability.ppk
    return -spread.failed, math.inf if ppk is None else ppk, -spread.marginal, spread.phase, spread.name


def drifts(lot: Lot) -> list[Drift]:
    """A control chart for each measurement in which the bench shows, of each station with each fixture, over every
    finished pass in time. Those with signals come first."""
    taken: dict[tuple[str, str, str, str], list[tuple[float, str, str]]] = {}
    for record in lot.records:
        if not record.finished:
            continue
        for one in record.measurements:
            if one.bench and one.value is not None and not isinstance(one.value, str):
                key = (one.name, one.unit, record.station.id, record.fixture.id)
                taken.setdefault(key, []).append((float(one.value), record.serial, record.started))
    found = []
    for (name, unit, station, fixture), points in taken.items():
        chart = statistics.chart([value for value, *_ in points])
        units = tuple((serial, started) for _, serial, started in points)
        found.append(Drift(name, unit, station, fixture, units, chart))
    return sorted(found, key=lambda drift: -len(drift.chart.signals) if drift.chart else 1)


def summary(lot: Lot) -> dict[str, Any]:
    """For --json: all of it but the single values."""
    once, in_the_end = first_pass(lot), final(lot)
    return {
        "folder": lot.folder,
        "passes": len(lot.records),
        "units": len(lot.first),
        "unfinished": len(lot.unfinished),
        "doubles": lot.doubles,
        "simulated": sum(record.module.simulated for record in lot.records),
        "started": lot.records[0].started if lot.records else None,
        "ended": lot.records[-1].started if lot.records else None,
        "first_pass_yield": _yield_row(once),
        "final_yield": _yield_row(in_the_end),
        "failures": [dataclasses.asdict(bar) for bar in pareto(lot.first)],
        "interruptions": [dataclasses.asdict(bar) for bar in pareto(lot.unfinished)],
        "measurements": [_spread_row(spread) for spread in spreads(lot)[:MOST_MEASUREMENTS]],
        "charts": [_drift_row(drift) for drift in drifts(lot)[:MOST_MEASUREMENTS]],
        "refused": [dataclasses.asdict(refused) for refused in lot.refused],
    }


def _yield_row(of: Yield | None) -> dict[str, Any] | None:
    return None if of is None else {"passed": of.passed, "of": of.of, "part": of.part, "interval": list(of.interval)}


def _spread_row(spread: Spread) -> dict[str, Any]:
    row = {name: getattr(spread, name) for name in ("name", "phase", "unit", "low", "high", "failed", "marginal")}
    row |= {"unmeasured": spread.unmeasured, "limits_changed": spread.limits_changed}
    return row | dataclasses.asdict(spread.capability)


def _drift_row(drift: Drift) -> dict[str, Any]:
    chart = drift.chart
    row: dict[str, Any] = {"name": drift.name, "unit": drift.unit, "station": drift.station, "fixture": drift.fixture}
    row |= {"n": len(drift.units), "centre": None, "sigma": None, "signals": []}
    if chart:
        row |= {"centre": chart.centre, "sigma": chart.sigma, "baseline": chart.baseline}
        row["signals"] = [
            {"serial": drift.units[signal.index][0], "started": drift.units[signal.index][1], "rule": signal.rule}
            for signal in chart.signals
        ]
    return row
