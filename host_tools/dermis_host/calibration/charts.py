"""Line charts as SVG for the reports: no script, no font, no other file; colours are the page's (`.c0` ...)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from dermis_host.calibration.outcome import Line, Plot

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 46
TICKS = 5
COLOURS = 8  # of the page's palette; the ninth line starts again, dashed
FEW = 14  # points: so many are marked each
LIMIT = "limit"  # a line whose name begins so is a limit: thin, dashed, without colour
HEADROOM = 0.06  # of the range, above and below the lines


def chart(plot: Plot) -> Markup:
    """The plot as one <svg>. Points that are not finite are left out; a line breaks there."""
    axis_x, axis_y = _axis(_all(plot, "x"), 0.0), _axis(_all(plot, "y"), HEADROOM)
    parts = [*_grid(axis_x, axis_y, plot)]
    colour = 0
    for line in plot.lines:
        limit = line.name.startswith(LIMIT)
        parts += _line(line, axis_x, axis_y, "limit" if limit else _colour(colour))
        colour += not limit
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(plot.title)}" class="chart">'
    return Markup(head + "".join(parts) + "</svg>")


def legend(plot: Plot) -> list[dict[str, str]]:
    """name and class of each line, in order."""
    rows, colour = [], 0
    for line in plot.lines:
        limit = line.name.startswith(LIMIT)
        rows.append({"name": line.name, "style": "limit" if limit else _colour(colour)})
        colour += not limit
    return rows


def _colour(number: int) -> str:
    return f"c{number % COLOURS}" + (" dashed" if number >= COLOURS else "")


def _all(plot: Plot, axis: str) -> list[float]:
    return [float(value) for line in plot.lines for value in getattr(line, axis) if math.isfinite(value)]


class _Axis:
    """A range with its ticks."""

    def __init__(self, low: float, high: float, step: float):
        self.low, self.high, self.step = low, high, step
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        self.ticks = [number * step for number in range(first, last + 1)]
        self._decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def part(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def text(self, value: float) -> str:
        return f"{value + 0.0:.{self._decimals}f}"


def _axis(values: Sequence[float], room: float) -> _Axis:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):  # one value: some room about it
        low, high = low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5)
    low, high = low - room * (high - low), high + room * (high - low)
    raw = (high - low) / TICKS
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(scale * nice for nice in (1, 2, 2.5, 5, 10) if scale * nice >= raw * 0.999)
    return _Axis(low, high, step)


def _x(axis: _Axis, value: float) -> float:
    return LEFT + axis.part(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: _Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.part(value) * (HEIGHT - TOP - BOTTOM)


def _grid(axis_x: _Axis, axis_y: _Axis, plot: Plot) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in axis_y.ticks:
        y = _y(axis_y, tick)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{axis_y.text(tick)}</text>')
    for tick in axis_x.ticks:
        x = _x(axis_x, tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{axis_x.text(tick)}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(plot.x_label)}</text>')
    turn = f"translate(14 {(TOP + bottom) / 2:.0f}) rotate(-90)"
    parts.append(f'<text transform="{turn}" text-anchor="middle">{escape(plot.y_label)}</text>')
    return parts


def _line(line: Line, axis_x: _Axis, axis_y: _Axis, style: str) -> list[str]:
    points = [
        (_x(axis_x, float(x)), _y(axis_y, float(y))) if math.isfinite(x) and math.isfinite(y) else None
        for x, y in sorted(zip(line.x, line.y, strict=True), key=lambda point: point[0])
    ]
    path, pen_down = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    title = f"<title>{escape(line.name)}</title>"
    parts = [f'<path class="line {style}" d="{"".join(path)}">{title}</path>']
    if len(points) <= FEW and not style.startswith("limit"):
        parts += [
            f'<circle class="mark {style}" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3">{title}</circle>'
            for point in points
            if point is not None
        ]
    return parts
