"""The pages under docs/formats say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from dermis.core import burst, feature_tensor, partitions, vocabulary

PAGES = Path(__file__).parents[2] / "docs" / "formats"


def rows(page: str) -> list[list[str]]:
    """Cells of every table row of a page, without the rules."""
    lines = [line for line in (PAGES / page).read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-: ")]


def quoted(page: str) -> list[str]:
    """First cell of each row that is written as code, without the quotes; several names give several."""
    return [name for row in rows(page) for name in re.findall(r"`([^`]+)`", row[0])]


def test_flash_partitions():
    listed = {row[0]: row for row in rows("flash.md")[1:]}
    assert list(listed) == [partition.name for partition in partitions.PARTITIONS]
    for partition in partitions.PARTITIONS:
        size, unit = listed[partition.name][2].split()
        assert int(listed[partition.name][1], 16) == partition.offset
        assert float(size) * {"KiB": 1024, "MiB": 1024 * 1024}[unit] == partition.size


def test_partitions_fill_the_flash_without_overlap():
    end = 0
    for partition in partitions.PARTITIONS:
        assert partition.offset == end
        assert partition.size % partitions.BLOCK_SIZE == 0
        end += partition.size
    assert end == partitions.FLASH_SIZE


def test_feature_tensor():
    names = [name for name, _ in (*feature_tensor.MAP_CHANNELS, *feature_tensor.SPECTRA_FIELDS)]
    assert quoted("feature-tensor.md") == names
    page = (PAGES / "feature-tensor.md").read_text()
    assert f"version {feature_tensor.VERSION}" in page
    shape = (1, feature_tensor.ROWS, feature_tensor.COLUMNS, feature_tensor.CHANNELS)
    assert f"`maps` {shape}" in page
    assert f"`spectra` {(1, feature_tensor.SPECTRA)}" in page


def test_feature_units_stand_in_both():
    meanings = dict((*feature_tensor.MAP_CHANNELS, *feature_tensor.SPECTRA_FIELDS))
    for row in rows("feature-tensor.md"):
        name = row[0].strip("`")
        unit = row[2] if name in meanings else ""
        if unit.startswith("1/"):
            assert unit in meanings[name], (name, unit, meanings[name])


def test_recording():
    entries = quoted("recording.md")
    frames = {name.removeprefix("frame_") for name in entries if name.startswith("frame_")}
    assert frames == set(vocabulary.FRAMES)
    page = (PAGES / "recording.md").read_text()
    for key in burst.Burst().header():
        assert f"`{key}`" in page, key
