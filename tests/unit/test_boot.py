"""`boot.py` drives every emitter's pin to its dark level, and stops at no board file."""

import json
import sys
from types import SimpleNamespace

import pytest
from dermis import boot


@pytest.fixture
def pins(monkeypatch):
    """number -> level of the pins driven."""
    driven = {}

    class Pin:
        OUT = "out"

        def __init__(self, number, mode, value):
            assert mode == Pin.OUT
            driven[number] = value

    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(Pin=Pin))
    return driven


def test_every_pin_goes_to_its_dark_level(pins, tmp_path):
    path = tmp_path / "board.json"
    path.write_text(json.dumps({"emitter_pins": {"4": 0, "17": 1}}))
    boot.darken(str(path))
    assert pins == {4: 0, 17: 1}


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "7", "{}", '{"emitter_pins": {}}'])
def test_a_board_file_without_pins_drives_nothing(pins, tmp_path, text):
    path = tmp_path / "board.json"
    if text is not None:
        path.write_text(text)
    boot.darken(str(path))
    assert pins == {}
