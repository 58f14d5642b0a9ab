"""Audit entries for people."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from dermis_host.auditing.export import Line

NEVER_SET = "clock not set"


def moment(line: Line) -> str:
    """When it was, by the module's clock; else how long the module had been running."""
    try:
        if line.time > 0:
            return datetime.fromtimestamp(line.time, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):  # a clock that was set to a year that no calendar has
        return f"{line.time} s after 1970"
    return f"{NEVER_SET}, {line.uptime_ms / 1000:.0f} s after its start"


def detail(fields: dict[str, Any]) -> str:
    """`name value` pairs on one line."""
    return ", ".join(f"{name.replace('_', ' ')} {_plain(value)}".rstrip() for name, value in fields.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return str(value) or "-"
