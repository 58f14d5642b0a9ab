"""The bill of materials holds every part that the board data names, and says of each whether anybody has checked it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from dermis_hw import power
from dermis_hw.boards.wiring import WIRED, wired

BOM = Path(__file__).parents[3] / "hw" / "bom.csv"
COLUMNS = ["part", "maker", "number", "quantity", "boards", "function", "alternatives", "verified"]


def rows() -> list[dict[str, str]]:
    with BOM.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = rows()


def of_board(board: str) -> list[dict[str, str]]:
    return [row for row in ROWS if board in row["boards"].split(",")]


def test_the_columns():
    assert list(ROWS[0]) == COLUMNS
    # A field with a comma that was not quoted spills into a column that has no name.
    assert all(None not in row and None not in row.values() for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['part']} {row['number']}")
def test_a_row_is_whole(row):
    assert all(row[column] for column in COLUMNS if column != "alternatives")
    assert int(row["quantity"]) > 0
    assert set(row["boards"].split(",")) <= set(WIRED)
    assert "yes" in row["verified"] or "not verified" in row["verified"] or "computed" in row["verified"]


@pytest.mark.parametrize("board", WIRED)
def test_every_part_of_the_board_data_stands_there(board):
    data = wired(board)
    numbers = [row["number"] for row in of_board(board)]
    wanted = {*data.parts.values(), *(device.part for device in data.i2c.values()), data.controller}
    missing = sorted(part for part in wanted if not any(number.startswith(part) for number in numbers))
    assert not missing
    kinds = [row["part"] for row in of_board(board)]
    for light in data.light_select:
        assert (f"LED {light}" if light != "dots" else "dot projector") in kinds
    assert all(f"SWIR LED {band}" in kinds for band in data.swir_select)


def test_as_many_as_are_used():
    of_part = {row["part"]: int(row["quantity"]) for row in ROWS}
    assert of_part["LED 850"] == of_part["LED 970"] == of_part["LED 1050"] == 2  # opposed pairs
    data = wired("esp32s3")
    assert of_part["one-shots"] == of_part["decoders"] == of_part["step-down converters"] == 2
    assert of_part["sink transistors"] == len(data.light_select)
    assert of_part["projector's crowbar and SWIR switches"] == 1 + len(data.swir_select)


def test_the_fuses_are_those_of_the_power_budget():
    fuse = next(row for row in ROWS if row["part"] == "fuse")["number"]
    for board in WIRED:
        assert f"{power.budget(board).fuse_a:g} A ({board})" in fuse
