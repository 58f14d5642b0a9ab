"""`docs/hardware.md` gives every figure of `dermis_hw.optics`, and the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

import pytest
from dermis_hw import layout, optics, power
from dermis_hw.boards.wiring import WIRED
from dermis_hw.eye_safety.__main__ import worksheet

PAGE = Path(__file__).parents[3] / "docs" / "hardware.md"
ROW = re.compile(r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ORIGINS = ("given", "measured", "simulated", "ours", "the same")


def numbers(value: object) -> Iterator[float]:
    """The numbers of a figure, in the order in which it holds them."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            yield from numbers(part)
    else:
        assert isinstance(value, int | float)
        yield float(value)


def figures() -> dict[str, list[float]]:
    """Name on the page -> its numbers, of everything that `optics` holds."""
    named = {field.name: getattr(optics.DM1, field.name) for field in fields(optics.DM1)}
    for table in ("NIR_BANDS", "SWIR_BANDS"):
        named |= {f"{table}.{label}": astuple(band) for label, band in getattr(optics, table).items()}
    named["DOTS"] = astuple(optics.DOTS)
    return {name: list(numbers(value)) for name, value in named.items()}


ROWS = {name: (value, origin) for name, value, origin in ROW.findall(PAGE.read_text())}


def test_the_page_names_every_figure_once():
    assert sorted(name for name, *_ in ROW.findall(PAGE.read_text())) == sorted(figures())


@pytest.mark.parametrize("name", figures())
def test_the_page_gives_the_figure_that_is_used(name):
    value, origin = ROWS[name]
    wanted = figures()[name]
    # Behind the numbers a unit may hold digits; the figure's own come first.
    assert [float(number) for number in NUMBER.findall(value)][: len(wanted)] == wanted
    assert any(word in origin for word in ORIGINS), "say where it comes from"


@pytest.mark.parametrize(
    "printed", [layout.table(), worksheet(), *(power.table(board) for board in WIRED)], ids=lambda text: text[:30]
)
def test_the_page_shows_what_the_commands_print(printed):
    assert f"\n{printed}\n" in PAGE.read_text()


def test_the_page_shows_the_drawings():
    linked = set(re.findall(r"\(\.\./(hw/drawings/[\w-]+\.svg)\)", PAGE.read_text()))
    root = PAGE.parents[1]
    assert linked == {path.relative_to(root).as_posix() for path in (root / "hw/drawings").iterdir()}


def test_the_page_says_what_has_not_met_hardware():
    page = PAGE.read_text()
    assert "## What has not met hardware" in page
    assert "**Fail-safe egress is never ours to block.**" in page
