"""Plots as inline SVG, coloured by the page's own variables. Every text that comes from outside is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from markupsafe import Markup, escape

from dermis_host.evaluation.claims import percent

LABEL = 30  # characters of a species in a plot; the table beside it has the whole name
SERIES = 8  # colours that the page has for curves; more curves than these cannot be told apart
DASHES = ("", "7 3", "2 3", "9 3 2 3")
DET_TICKS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
DET_LEAST, DET_MOST = 0.0005, 0.6  # shown of a curve unless its sample reaches further
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)

_NORMAL = NormalDist()


def _cut(text: str) -> str:
    return text if len(text) <= LABEL else text[: LABEL - 1] + "\u2026"


def _score(value: float) -> str:
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.4g}"


def _text(x: float, y: float, text: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _svg(width: float, height: float, parts: Sequence[str], label: str) -> Markup:
    body = "".join(parts)
    return Markup(
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in NICE if step * power >= value * (1 - 1e-9))


def bars(rates: Sequence[tuple[str, dict[str, Any]]], name: str) -> Markup:
    """A row each: the rate as a dot, its two-sided interval as a line, the bound that claims rest on as a tick."""
    known = [(label, rate) for label, rate in rates if rate["n"]]
    left, right, row, top = 230.0, 70.0, 22.0, 8.0
    plot = 400.0
    highest = max((rate["ci95"][1] for _, rate in known), default=1.0)
    scale = min(1.0, nice_ceiling(highest))
    bottom = top + row * len(known)
    parts = []
    for step in range(5):
        x = left + plot * step / 4
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        parts.append(_text(x, bottom + 16, percent(scale * step / 4), "middle"))
    for index, (label, rate) in enumerate(known):
        y = top + row * (index + 0.5)
        low, high = (left + plot * min(1.0, value / scale) for value in rate["ci95"])
        x, bound = (left + plot * min(1.0, rate[key] / scale) for key in ("value", "bound95"))
        parts.append(f"<g><title>{escape(label)}: {rate['errors']} of {rate['n']}</title>")
        parts.append(_text(left - 10, y + 4, _cut(label), "end"))
        parts.append(f'<line class="interval" x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<line class="bound" x1="{bound:.1f}" y1="{y - 6:.1f}" x2="{bound:.1f}" y2="{y + 6:.1f}"/>')
        parts.append(f'<circle class="rate" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        parts.append(_text(left + plot + 12, y + 4, percent(rate["value"])))
        parts.append("</g>")
    return _svg(left + plot + right, bottom + 24, parts, name)


def histogram(edges: Sequence[float], bona_fide: Sequence[int], attacks: Sequence[int], threshold: float) -> Markup:
    """Shares of each class in bins of the score; the threshold as a line. Each class fills its own height."""
    width, height, bottom = 300.0, 90.0, 18.0
    low, high = edges[0], edges[-1]

    def place(score: float) -> float:
        return width * min(1.0, max(0.0, (score - low) / (high - low)))

    parts = [f'<line class="axis" x1="0" y1="{height}" x2="{width}" y2="{height}"/>']
    for counts, kind in ((bona_fide, "bona-fide"), (attacks, "attack")):
        most = max([*counts, 1])
        for index, count in enumerate(counts):
            if count:
                x, tall = place(edges[index]), (height - 4) * count / most
                wide = place(edges[index + 1]) - x
                parts.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{height - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
                )
    if low <= threshold <= high:
        x = place(threshold)
        parts.append(f'<line class="threshold" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height}"/>')
    parts.append(_text(0, height + 14, _score(low)))
    parts.append(_text(width, height + 14, _score(high), "end"))
    return _svg(width, height + bottom, parts, "scores of bona fide presentations and of attacks")


def det(curves: Sequence[tuple[str, dict[str, Any]]]) -> Markup:
    """BPCER over APCER on probit axes, at most `SERIES` curves; a rate of 0 is drawn on the edge."""
    shown = curves[:SERIES]
    least = min([DET_LEAST, *(value for _, curve in shown for value in (*curve["apcer"], *curve["bpcer"]) if value)])
    least = max(least, DET_TICKS[0])
    most = DET_TICKS[-1] if any(curve["eer"] > DET_MOST / 2 for _, curve in shown) else DET_MOST
    side, left, top = 420.0, 58.0, 10.0
    ends = _NORMAL.inv_cdf(least), _NORMAL.inv_cdf(most)

    def along(rate: float) -> float:
        return side * (_NORMAL.inv_cdf(min(most, max(least, rate))) - ends[0]) / (ends[1] - ends[0])

    parts = []
    for tick in DET_TICKS:
        if least <= tick <= most:
            at = along(tick)
            x, y = left + at, top + side - at
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + side}"/>')
            parts.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + side}" y2="{y:.1f}"/>')
            parts.append(_text(x, top + side + 16, percent(tick), "middle"))
            parts.append(_text(left - 6, y + 4, percent(tick), "end"))
    parts.append(f'<rect class="frame" x="{left}" y="{top}" width="{side}" height="{side}"/>')
    parts.append(_text(left + side / 2, top + side + 34, "APCER", "middle"))
    middle = top + side / 2
    parts.append(_text(14, middle, "BPCER", "middle", f' transform="rotate(-90 14 {middle:.1f})"'))
    for index, (name, curve) in enumerate(shown):
        points = " ".join(
            f"{left + along(x):.1f},{top + side - along(y):.1f}" for x, y in _steps(curve["apcer"], curve["bpcer"])
        )
        dash = DASHES[index % len(DASHES)]
        style = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline class="curve s{index}" points="{points}"{style}><title>{escape(name)}</title></polyline>'
        )
        y = top + 10 + 20 * index
        parts.append(
            f'<line class="curve s{index}" x1="{left + side + 16}" y1="{y}" x2="{left + side + 46}" y2="{y}"{style}/>'
        )
        parts.append(_text(left + side + 54, y + 4, _cut(name)))
    return _svg(left + side + 54 + 230, top + side + 42, parts, "detection error trade-off, one curve a species")


def _steps(apcer: Sequence[float], bpcer: Sequence[float]) -> list[tuple[float, float]]:
    """The corners with what lies between them: between two of them one rate changes after the other."""
    points = [(1.0, bpcer[0])]
    for index, (x, y) in enumerate(zip(apcer, bpcer, strict=True)):
        if index:
            points.append((apcer[index - 1], y))
        points.append((x, y))
    points.append((apcer[-1], 1.0))
    return points
