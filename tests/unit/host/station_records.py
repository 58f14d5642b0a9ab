"""Unit records and lots for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from dermis_host.station import schema, settings
from dermis_host.station.unit_record import (
    FAILED,
    MARGINAL,
    PASSED,
    UNFINISHED,
    CalibrationMade,
    Cause,
    FixtureUsed,
    Flashed,
    Measured,
    ModuleSeen,
    PhaseRun,
    Station,
    UnitRecord,
)

FIRST = datetime(2026, 11, 23, 6, 0, 0)


def measured(name: str, value: float | None, low: float | None, high: float | None, bench: bool = False) -> Measured:
    """Judged as the station judges."""
    inside = value is not None and (low is None or value >= low) and (high is None or value <= high)
    return Measured(name, "calibrate", value, "%", low, high, None, None, None, PASSED if inside else FAILED, bench)


def record(serial: str, number: int = 0, **changes) -> UnitRecord:
    """A pass of that serial number, `number` steps of two minutes into the lot."""
    started = FIRST + timedelta(minutes=2 * number)
    values = {
        "serial": serial,
        "outcome": PASSED,
        "sentence": f"{serial} passed.",
        "causes": [],
        "marginal": False,
        "retest": 0,
        "started": started.strftime(schema.TIME),
        "ended": (started + timedelta(seconds=90)).strftime(schema.TIME),
        "operator": "ada",
        "station": Station("line-1", "Line 1", "dermis 0.1.0", "ab" * 32),
        "fixture": FixtureUsed("F-7", "2026-10-01", "2027-10-01", "0123456789abcdef", False),
        "module": ModuleSeen(serial, "twin", "0.1.0", "", "micropython", "m", "12" * 8, "kiosk", "t-1", "t-2", True),
        "flash": Flashed(False, [], None, ""),
        "calibration": CalibrationMade("ab" * 8, "factory", "ab" * 8),
        "phases": [PhaseRun("calibrate", PASSED, started.strftime(schema.TIME), started.strftime(schema.TIME))],
        "measurements": [],
        "attachments": [],
    }
    return UnitRecord(**{**values, **changes})


def cause(name: str) -> Cause:
    return Cause(name, "calibrate", f"{name}: see to it and test again.", ["flat 970"])


def write_lot(folder: Path, units: int = 60, drift: float = 0.0, seed: int = 1) -> Path:
    """A lot with two causes of failure, an interruption, a retest, and a bench that drifts by `drift` sigma in all."""
    rng = np.random.default_rng(seed)
    number = 0
    for unit in range(units):
        serial = f"DM1-{unit:04d}"
        flat, plane = abs(rng.normal(0.4, 0.1)), rng.normal(0.0, 0.3) + drift * 0.3 * unit / units
        changes: dict = {
            "measurements": [
                measured("flat 970", flat, 0.0, 1.0),
                measured("plane 650 mm", plane, -1.5, 1.5, bench=True),
                measured("swir 1450", rng.lognormal(4.6, 0.2), 40.0, 250.0),
                measured("temperature", 23 + rng.normal(0, 0.4), 10.0, 40.0, bench=True),
            ]
        }
        failing = {7: "dead_led", 19: "dead_led", 33: "scratched_window"}.get(unit)
        if failing:
            changes["measurements"][0] = measured("flat 970", 3.1, 0.0, 1.0)
            changes |= {"outcome": FAILED, "causes": [cause(failing)], "sentence": cause(failing).sentence}
        if unit == 11:
            changes["measurements"][0].result = MARGINAL
        if unit == 21:
            away = {"outcome": UNFINISHED, "causes": [cause("unplugged")], "sentence": "The cable was pulled."}
            record(serial, number, **away).write(_place(folder, serial, number))
            number += 1
        record(serial, number, **changes).write(_place(folder, serial, number))
        number += 1
        if failing == "scratched_window":
            again = {**changes, "outcome": PASSED, "causes": [], "retest": 1}
            record(serial, number, **again).write(_place(folder, serial, number))
            number += 1
    return folder


def _place(folder: Path, serial: str, number: int) -> Path:
    place = folder / f"{serial}-{number}"
    place.mkdir(parents=True)
    return place


def write_station(folder: Path, more: str = "") -> settings.Settings:
    """The station of a file in that folder, on a twin that nobody started; more: lines of the file."""
    path = folder / "station.toml"
    path.write_text(f'id = "line-1"\nname = "Line 1"\ntwin = "twin"\noperator = "ada"\npage_port = 0\n{more}')
    return settings.load(path)
