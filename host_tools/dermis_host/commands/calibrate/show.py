"""`dermis calibrate show`: every field of a record, or of those that the module holds; the state of its MAC."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dermis.core import calibration as record_format
from dermis.core.calibration_table import FIELDS

from dermis_host.calibration import record_file
from dermis_host.calibration.differences import RATIO_NAMES, black_and_gamma, led_name
from dermis_host.calibration.record_file import RecordFile
from dermis_host.calibration.targets import LEDS
from dermis_host.commands.calibrate.common import (
    IN_FORCE,
    SLOTS,
    add_key,
    add_module,
    held_record,
    open_one,
    say_state,
    state_row,
    station_keys,
)
from dermis_host.errors import EXIT_FAILED, EXIT_OK
from dermis_host.output import Output, table

UNITS = {"um": (1000, "mm"), "1/100 degree Celsius": (100, "degC"), "1/16 count": (16, "counts"), "1/4096": (4096, "")}
BYTES_SHOWN = 40  # longer ones are told by their length


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="a record file (default: ask the module)")
    parser.add_argument("--slot", choices=SLOTS, default=IN_FORCE, help="of the module (default: %(default)s)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    keys = station_keys(arguments)
    state = None
    if arguments.file:
        record = record_file.read(arguments.file, keys)
    else:
        with open_one(arguments, output) as module:
            state = module.calibration_state()
            say_state(state, output)
            record = held_record(module, arguments.slot, keys)
    _say(record, output)
    told = {"hash": record.hash, "size": len(record.data), "mac": record.mac, "trusted": record.trusted}
    fields = {name: _json(value) for name, value in record.fields.items()}
    output.result({**told, "fields": fields, "module": state_row(state) if state else None})
    return EXIT_OK if record.trusted or not _wrong(record) else EXIT_FAILED


def _wrong(record: RecordFile) -> bool:
    return record.mac.startswith("WRONG")


def _say(record: RecordFile, output: Output) -> None:
    rows = table("field", "value", "meaning", title=f"Record {record.hash}, {len(record.data)} bytes")
    for field in FIELDS:
        if field.name != "measurements":
            rows.add_row(field.name, _value(field.name, field.unit, record.fields[field.name]), field.meaning)
    output.say(rows)
    if measured := record.fields["measurements"]:
        rows = table(
            "measurement", "value", "unit", "limits", title="Residuals, and the limits that they were judged by"
        )
        for name, unit, value, low, high in measured:
            rows.add_row(name, f"{value / 1000:g}", unit, f"{_thousandths(low)} .. {_thousandths(high)}")
        output.say(rows)
    output.say(f"MAC: {record.mac}.")


def _thousandths(value: int | None) -> str:
    return "" if value is None else f"{value / 1000:g}"


def _value(name: str, unit: str, value: Any) -> str:
    """A field for people."""
    if name == "linear":
        black, gamma = black_and_gamma(value)
        return f"black level {black}, gamma {gamma:.3f}"
    if name == "flat":
        return "\n".join(f"{band}: {_range(record_format.u16_array(nodes))}" for band, nodes in value.items())
    if name == "peaks_dnm":
        return "\n".join(f"{led_name(led)}: {peak / 10:.1f} nm" for led, peak in zip(LEDS, value, strict=False))
    if name.startswith("swir_ratio"):
        return "\n".join(f"{ratio}: {_plain(unit, each)}" for ratio, each in zip(RATIO_NAMES, value, strict=False))
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(unit, each)}" for key, each in value.items())
    return _plain(unit, value)


def _plain(unit: str, value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(unit, each) for each in value)
    if unit in UNITS and isinstance(value, int):
        scale, shown = UNITS[unit]
        return f"{value / scale:.6g} {shown}".strip()
    return str(value)


def _range(values: Sequence[int]) -> str:
    return f"{min(values)} to {max(values)} counts over {len(values)} nodes"


def _json(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {key: _json(each) for key, each in value.items()}
    return value
