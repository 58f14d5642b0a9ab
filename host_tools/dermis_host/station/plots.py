"""Where the marks of a plot stand, in the units of its SVG; the template draws and escapes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dermis_host.station.lot import Bar, Drift, Spread

MARGIN = 0.06  # of the span, left and right of the outermost mark
FEWEST_BINS, MOST_BINS = 5, 24
WRITTEN_OUT = 1e8  # below it no power of ten is shown
FAR = 4.0  # spans of the values: a limit farther away is named beside the plot, not drawn


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    title: str = ""


@dataclass(frozen=True)
class Rule:
    """A straight line with its class and a word."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str
    title: str = ""


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Label:
    """anchor: start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = "label"


@dataclass
class Drawing:
    """One SVG: its size, what it says to who cannot see it, its marks."""

    width: float
    height: float
    title: str
    rects: list[Rect] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    path: str = ""


def number(value: float | None, digits: int = 4) -> str:
    """As short as it can be read; empty for none."""
    if value is None:
        return ""
    if 10**digits <= abs(value) < WRITTEN_OUT:
        return f"{value:.0f}"
    return f"{value + 0.0:.{digits}g}"


def histogram(spread: Spread) -> Drawing:
    """Values as bars, limits and marginal mean as lines. A limit far from all values is left out."""
    width, height, base = 300.0, 132.0, 108.0
    values = np.asarray(spread.values)
    lowest, highest = float(values.min()), float(values.max())
    span = highest - lowest
    reach = FAR * span if span else math.inf
    limits = [
        limit
        for limit, beyond in ((spread.low, lowest), (spread.high, highest))
        if limit is not None and abs(limit - beyond) <= reach
    ]
    left, right = min([lowest, *limits]), max([highest, *limits])
    room = MARGIN * (right - left) or max(abs(left) * MARGIN, 1e-9)
    left, right = left - room, right + room

    def x(value: float) -> float:
        return width * (value - left) / (right - left)

    drawing = Drawing(width, height, f"Histogram of {spread.name}: {len(values)} units")
    # Bins of the values, at least as wide as what the eye can tell apart on this axis.
    bins = max(FEWEST_BINS, min(MOST_BINS, round(2 * math.sqrt(values.size))))
    counts, edges = np.histogram(values, bins, (lowest, highest) if span else (left, right))
    scale = (base - 14) / counts.max()
    for tall, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        if tall:
            title = f"{tall} from {number(float(start))} to {number(float(end))}"
            wide = max(x(float(end)) - x(float(start)) - 0.6, 1.2)
            drawing.rects.append(Rect(x(float(start)), base - tall * scale, wide, tall * scale, title))
    drawing.rules.append(Rule(0, base, width, base, "axis"))
    mean = spread.capability.mean
    drawing.rules.append(Rule(x(mean), 8, x(mean), base, "mean", f"mean {number(mean)}"))
    for limit in limits:
        drawing.rules.append(Rule(x(limit), 2, x(limit), base, "limit", f"limit {number(limit)}"))
        drawing.labels.append(Label(*_inside(x(limit), base + 15, number(limit), width)))
    for value in {lowest, highest}:
        if all(abs(x(value) - x(limit)) > 40 for limit in limits):
            drawing.labels.append(Label(*_inside(x(value), base + 15, number(value), width)))
            if value == lowest and x(highest) - x(lowest) < 40:
                break
    return drawing


def _inside(x: float, y: float, text: str, width: float) -> tuple[float, float, str, str]:
    """A label below a mark, moved in where it would be cut off."""
    half = 3.6 * len(text)
    return (
        (0.0, y, text, "start") if x < half else (width, y, text, "end") if x > width - half else (x, y, text, "middle")
    )


def control_chart(drift: Drift) -> Drawing | None:
    """Individuals in time with centre and three sigma; what a rule names stands out. None without a chart."""
    chart = drift.chart
    if chart is None:
        return None
    width, height, left, right, top, bottom = 760.0, 190.0, 70.0, 44.0, 12.0, 166.0
    borders = (chart.centre - 3 * chart.sigma, chart.centre + 3 * chart.sigma)
    lowest, highest = min(*chart.values, *borders), max(*chart.values, *borders)
    room = MARGIN * (highest - lowest)
    lowest, highest = lowest - room, highest + room

    def x(index: float) -> float:
        return left + (width - left - right) * (index + 0.5) / len(chart.values)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - lowest) / (highest - lowest)

    drawing = Drawing(width, height, f"Control chart of {drift.name}: {len(chart.signals)} signals")
    for value, kind, word in (
        (chart.centre, "mean", "centre"),
        (borders[0], "control", "-3 s"),
        (borders[1], "control", "+3 s"),
    ):
        drawing.rules.append(Rule(left, y(value), width - right, y(value), kind, f"{word} {number(value)}"))
        drawing.labels.append(Label(left - 6, y(value) + 4, number(value, 3), "end"))
        drawing.labels.append(Label(width - right + 6, y(value) + 4, word, "start"))
    if chart.baseline < len(chart.values):
        edge = x(chart.baseline - 0.5)
        drawing.rules.append(Rule(edge, top, edge, bottom, "edge", "centre and limits come from the units before"))
    rules = {signal.index: signal.rule for signal in chart.signals}
    for index, value in enumerate(chart.values):
        serial, started = drift.units[index]
        title = f"{serial}, {started}: {number(value)}" + (f", {rules[index]}" if index in rules else "")
        drawing.points.append(Point(x(index), y(value), "signal" if index in rules else "unit", title))
    drawing.path = "M" + "L".join(f"{x(index):.1f} {y(value):.1f}" for index, value in enumerate(chart.values))
    drawing.labels.append(Label(left, height - 6, drift.units[0][1], "start"))
    drawing.labels.append(Label(width - right, height - 6, drift.units[-1][1], "end"))
    return drawing


def pareto_chart(bars: Sequence[Bar]) -> Drawing:
    """A bar a cause, and the part of all that it and those before it make."""
    width, height, left, right, top, base = 760.0, 240.0, 36.0, 44.0, 16.0, 190.0
    total = sum(bar.count for bar in bars)
    step = (width - left - right) / len(bars)

    def y(count: float) -> float:
        return base - (base - top) * count / total

    drawing = Drawing(width, height, f"Pareto chart of {len(bars)} causes")
    drawing.rules.append(Rule(left, base, width - right, base, "axis"))
    corners = []
    wide = min(step * 0.7, 90.0)
    for index, bar in enumerate(bars):
        middle = left + step * (index + 0.5)
        title = f"{bar.name}: {bar.count}, {100 * bar.part:.0f} %"
        drawing.rects.append(Rect(middle - wide / 2, y(bar.count), wide, base - y(bar.count), title))
        drawing.labels.append(Label(middle, (y(bar.count) + base) / 2 + 4, str(bar.count), "middle", "on-bar"))
        drawing.labels.append(Label(middle, base + (16 if index % 2 == 0 or step > 120 else 32), bar.name))
        drawing.points.append(Point(middle, y(total * bar.cumulative), "sum", f"{100 * bar.cumulative:.0f} % of all"))
        corners.append(f"{middle:.1f} {y(total * bar.cumulative):.1f}")
    drawing.path = "M" + "L".join(corners)
    for part in (0.0, 0.5, 1.0):
        drawing.labels.append(Label(width - right + 6, y(total * part) + 4, f"{100 * part:.0f} %", "start"))
        drawing.labels.append(Label(left - 6, y(total * part) + 4, number(total * part), "end"))
    return drawing
