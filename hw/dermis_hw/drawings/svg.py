"""A sheet that is drawn on and written as SVG, and that knows when what it holds cannot be read.

Text widths are estimated on the wide side, since the viewer's font is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
CHARACTER = 0.60  # width of a character as a part of its size, on the wide side for these fonts
LINE = 1.35  # height of a line of text, the same
INK, FAINT, WIRE, LIGHT, BUS = "#1b2733", "#5d6b78", "#2f5d8a", "#b3541e", "#2b7a4b"
PAPER, PART, CONTROLLER, EMITTER, SENSOR, OUTSIDE = "#ffffff", "#f2f5f8", "#dbe7f3", "#fbe6d8", "#dff0e4", "#f6f1dc"
SIZE = 13

Point = tuple[float, float]


class DrawingError(ValueError):
    """A drawing that cannot be read: what lies over or beyond what."""


@dataclass(frozen=True)
class Area:
    """left, top, right, bottom in px, and what it is."""

    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other: Area) -> bool:
        """Whether they share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Sheet:
    """width, height in px. What is drawn later lies above."""

    def __init__(self, width: int, height: int, title: str, subtitle: str = ""):
        self.width, self.height, self.title = width, height, title
        self._drawn: list[str] = []
        self._texts: list[Area] = []
        self._boxes: list[Area] = []
        self._lines: list[tuple[Point, Point]] = []
        self.text(30, 38, title, size=20, bold=True)
        if subtitle:
            self.text(30, 60, subtitle, size=12, colour=FAINT)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = SIZE,
        anchor: str = "start",
        bold: bool = False,
        colour: str = INK,
    ) -> None:
        """A line of text whose baseline is y. anchor: start, middle or end of it lies at x."""
        width = len(words) * size * CHARACTER * (1.06 if bold else 1)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        self._texts.append(Area(left, y - size * 0.8, left + width, y + size * 0.25, words))
        weight = ' font-weight="bold"' if bold else ""
        self._drawn.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}" fill="{colour}"{weight}>'
            f"{escape(words)}</text>"
        )

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, *, fill: str = PART, colour: str = INK
    ) -> None:
        self._drawn.append(
            f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}" rx="5" '
            f'fill="{fill}" stroke="{colour}" stroke-width="1.3"/>'
        )

    def box(
        self, left: float, top: float, right: float, bottom: float, lines: Sequence[str], *, fill: str = PART
    ) -> None:
        """A part: its first line bold, all in its middle. Raises DrawingError where the text does not fit."""
        self.rectangle(left, top, right, bottom, fill=fill)
        self._boxes.append(Area(left, top, right, bottom, lines[0] if lines else ""))
        if not lines:
            return
        sizes = [SIZE, *[SIZE - 2] * (len(lines) - 1)]
        height = sum(size * LINE for size in sizes)
        if height > bottom - top:
            raise DrawingError(f"{lines} is {height:.0f} px high and does not fit into {bottom - top:.0f}")
        y = (top + bottom - height) / 2
        for number, (line, size) in enumerate(zip(lines, sizes, strict=True)):
            if len(line) * size * CHARACTER > right - left:
                raise DrawingError(f"'{line}' does not fit into a box of {right - left:.0f} px")
            self.text(
                (left + right) / 2,
                y + size,
                line,
                size=size,
                anchor="middle",
                bold=not number,
                colour=INK if not number else FAINT,
            )
            y += size * LINE

    def line(
        self,
        points: Sequence[Point],
        *,
        colour: str = WIRE,
        width: float = 1.8,
        dashed: bool = False,
        arrow: bool = False,
        arrow_back: bool = False,
    ) -> None:
        """A line through the points."""
        self._lines += list(pairwise(points))
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        style = ' stroke-dasharray="6 4"' if dashed else ""
        self._drawn.append(
            f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"{style}/>'
        )
        if arrow:
            self._head(points[-2], points[-1], colour)
        if arrow_back:
            self._head(points[1], points[0], colour)

    def _head(self, behind: Point, tip: Point, colour: str) -> None:
        along = (tip[0] - behind[0], tip[1] - behind[1])
        length = (along[0] ** 2 + along[1] ** 2) ** 0.5
        along = (along[0] / length, along[1] / length)
        sides = [
            (tip[0] - 9 * along[0] - turn * 4 * along[1], tip[1] - 9 * along[1] + turn * 4 * along[0])
            for turn in (1, -1)
        ]
        self.polygon([tip, *sides], fill=colour, colour=colour)

    def polygon(self, points: Sequence[Point], *, fill: str, colour: str = "none", opacity: float = 1.0) -> None:
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._drawn.append(f'<polygon points="{drawn}" fill="{fill}" stroke="{colour}" fill-opacity="{_n(opacity)}"/>')

    def circle(self, x: float, y: float, radius: float, *, fill: str = PAPER, colour: str = INK) -> None:
        self._drawn.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}" stroke="{colour}" stroke-width="1.3"/>'
        )

    def joint(self, x: float, y: float, colour: str = WIRE) -> None:
        """Where wires meet."""
        self.circle(x, y, 3, fill=colour, colour=colour)

    def faults(self) -> list[str]:
        """What cannot be read: texts over each other or beyond the sheet, lines through texts, boxes over boxes."""
        found = [
            f"'{text.what}' lies beyond the sheet"
            for text in self._texts
            if text.left < 0 or text.top < 0 or text.right > self.width or text.bottom > self.height
        ]
        found += [f"'{a.what}' and '{b.what}' lie over each other" for a, b in _meeting(self._texts)]
        found += [f"the boxes '{a.what}' and '{b.what}' lie over each other" for a, b in _meeting(self._boxes)]
        for text in self._texts:
            found += [f"a line goes through '{text.what}'" for line in self._lines if _through(line, text)]
        return found

    def svg(self) -> str:
        """The sheet as a file. Raises DrawingError with the first of its `faults`."""
        faults = self.faults()
        if faults:
            raise DrawingError(f"{self.title}: {faults[0]} ({len(faults)} such in all)")
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                f'viewBox="0 0 {self.width} {self.height}" font-family="{FONT}">',
                f"<title>{escape(self.title)}</title>",
                f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>',
                *self._drawn,
                "</svg>\n",
            )
        )


def _n(value: float) -> str:
    """A number as short as it can be said to a tenth."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _meeting(areas: list[Area]) -> list[tuple[Area, Area]]:
    return [(a, b) for a, b in combinations(areas, 2) if a.meets(b)]


def _through(line: tuple[Point, Point], area: Area) -> bool:
    """Whether a line crosses the area: it is cut to the area side by side (Liang and Barsky)."""
    (x, y), (to_x, to_y) = line
    begin, end = 0.0, 1.0
    for step, low, high, start in ((to_x - x, area.left, area.right, x), (to_y - y, area.top, area.bottom, y)):
        if not step:
            if not low < start < high:
                return False
            continue
        first, last = sorted(((low - start) / step, (high - start) / step))
        begin, end = max(begin, first), min(end, last)
    return begin < end
