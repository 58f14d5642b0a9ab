"""Fields of view and statures, against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dermis_hw import layout
from dermis_hw.layout import Mount
from dermis_hw.optics import DM1


def test_the_fields_of_view():
    upright, across = layout.field_deg()
    # 2 atan(160 / 330) and 2 atan(120 / 330).
    assert upright == pytest.approx(51.75, abs=0.02) and across == pytest.approx(39.96, abs=0.02)


def test_what_a_level_mount_covers():
    # 450 mm * 160 / 330 = 218.2 mm each way; the dots begin a baseline higher.
    lowest, highest = layout.heights_mm(Mount(1500, 0), 450)
    assert lowest == pytest.approx(1500 + 40 - 218.2, abs=0.1) and highest == pytest.approx(1718.2, abs=0.1)
    low, high = layout.statures_mm(Mount(1500, 0), 450)
    assert low == pytest.approx(1321.8 + 130 + 105 - 25, abs=0.1)
    assert high == pytest.approx(1718.2 - 60 + 105 - 25, abs=0.1)


def test_a_tilt_looks_up():
    level, tilted = (layout.heights_mm(Mount(1400, tilt), 600) for tilt in (0, 10))
    assert tilted[0] > level[0] and tilted[1] > level[1]


def test_nobody_is_seen_from_too_near():
    low, high = layout.statures_mm(layout.RECOMMENDED, 150)
    assert low > high


def test_everybody_is_seen_from_the_distance_that_is_given_and_not_before():
    shortest, tallest = layout.everybody()
    assert (shortest, tallest) == (1355, 1770)
    for tilt in layout.TILTS_DEG:
        mount = layout.mounted(tilt)
        least = layout.covers_everybody_from_mm(mount)
        assert least is not None
        for distance, seen in ((least, True), (least - 10, False)):
            low, high = layout.eyes_mm(mount, distance)
            assert (low <= shortest and high >= tallest) is seen


def test_a_field_that_is_too_small_covers_everybody_nowhere():
    narrow = replace(DM1, focal_px=660.0)
    assert layout.covers_everybody_from_mm(layout.mounted(0.0, narrow), narrow) is None
    assert "nowhere" in layout.table(narrow)


def test_the_table_gives_every_distance():
    text = layout.table()
    assert all(f"{distance} mm" in text for distance in layout.DISTANCES_MM)
