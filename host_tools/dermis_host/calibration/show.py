"""The measurements of a calibration as a table."""

from __future__ import annotations

from dermis_host.calibration.first_procedure import Outcome
from dermis_host.output import Output, table


def show(outcome: Outcome, output: Output) -> None:
    """Value, unit, limits and outcome of each measurement; `before` where a correction was made."""
    rows = table("measurement", "before", "value", "unit", "limits", "result")
    for measurement in outcome.measurements:
        low = "" if measurement.low is None else f"{measurement.low:g}"
        high = "" if measurement.high is None else f"{measurement.high:g}"
        rows.add_row(
            measurement.name,
            "" if measurement.before is None else f"{measurement.before:.2f}",
            f"{measurement.value:.2f}",
            measurement.unit,
            f"{low} .. {high}",
            "[green]within[/]" if measurement.passed else "[red]outside[/]",
        )
    output.say(rows)
