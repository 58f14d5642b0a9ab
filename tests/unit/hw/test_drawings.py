"""The committed drawings are what the command makes of the board data, and every one can be read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from dermis_hw.boards.wiring import WIRED, wired
from dermis_hw.drawings import __main__, drawings
from dermis_hw.drawings.blocks import block_diagram
from dermis_hw.drawings.svg import DrawingError, Sheet
from dermis_hw.drawings.wiring import wiring_diagram

FOLDER = Path(__file__).parents[3] / "hw" / "drawings"
MADE = drawings()


def test_the_committed_drawings_are_those_of_the_board_data():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(MADE)
    for name, svg in MADE.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == svg, "run: python -m dermis_hw.drawings"


def test_the_command_writes_them(tmp_path, capsys):
    __main__.main([str(tmp_path / "new")])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(MADE)
    assert "optical-layout.svg" in capsys.readouterr().out


@pytest.mark.parametrize("name", MADE)
def test_a_drawing_is_well_formed_and_says_that_nothing_was_built(name):
    root = ElementTree.fromstring(MADE[name])
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any("No such" in (line or "") for line in words)


@pytest.mark.parametrize("name", WIRED)
def test_the_wiring_shows_every_pin_and_every_bit(name):
    board, svg = wired(name), MADE[f"wiring-{name}.svg"]
    for pin in board.pins.values():
        assert f">{pin.name}<" in svg and f">{pin.gpio if pin.gpio is not None else pin.header}<" in svg
    for bit in board.expander.values():
        assert f">{bit.name}<" in svg and f">bit {bit.bit}<" in svg and f">{escape(bit.to)}<" in svg
    for one, other in board.wires.items():
        assert f">{escape(one)}<" in svg and f">{escape(other)}<" in svg
    for device in board.i2c.values():
        assert f"{device.address:#04x}" in svg


@pytest.mark.parametrize("draw", [block_diagram, wiring_diagram])
def test_another_pin_is_another_drawing(draw):
    board = wired("esp32s3")
    moved = replace(board, pins=board.pins | {"light_pulse": replace(board.pins["light_pulse"], gpio=48)})
    assert draw(board).svg() != draw(moved).svg()


@pytest.mark.parametrize("name", WIRED)
def test_the_block_diagram_names_the_parts(name):
    board, svg = wired(name), MADE[f"blocks-{name}.svg"]
    for part in ("light_one_shot", "light_decoder", "dots", "photodiode", "bus_transceiver", "relay", "dots_switch"):
        assert re.search(rf">[^<]*{re.escape(board.parts[part])}", svg), part


def test_texts_that_lie_over_each_other_are_found():
    sheet = Sheet(400, 200, "t")
    sheet.text(100, 100, "one beside")
    assert not sheet.faults()
    sheet.text(140, 104, "another")
    with pytest.raises(DrawingError, match="'one beside' and 'another' lie over each other"):
        sheet.svg()


def test_a_text_beyond_the_sheet_is_found():
    sheet = Sheet(400, 200, "t")
    sheet.text(380, 100, "too far to the right")
    assert sheet.faults() == ["'too far to the right' lies beyond the sheet"]


@pytest.mark.parametrize(
    ("points", "through"),
    [
        ([(90, 97), (200, 97)], True),
        ([(120, 50), (120, 150)], True),
        ([(90, 60), (200, 140)], True),
        ([(90, 120), (200, 120)], False),
        ([(90, 80), (95, 140)], False),
    ],
)
def test_a_line_through_a_text_is_found(points, through):
    sheet = Sheet(400, 200, "t")
    sheet.text(100, 100, "some words")
    sheet.line(points)
    assert sheet.faults() == (["a line goes through 'some words'"] if through else [])


def test_a_text_that_does_not_fit_into_its_box_is_refused():
    sheet = Sheet(400, 200, "t")
    with pytest.raises(DrawingError, match="does not fit into a box of 50 px"):
        sheet.box(10, 60, 60, 120, ["much too long"])
    with pytest.raises(DrawingError, match="does not fit into 20"):
        sheet.box(10, 80, 300, 100, ["one", "two", "three"])


def test_boxes_over_each_other_are_found():
    sheet = Sheet(400, 200, "t")
    sheet.box(10, 80, 200, 120, ["one"])
    sheet.box(190, 90, 300, 180, ["two"])
    assert sheet.faults() == ["the boxes 'one' and 'two' lie over each other"]
