"""Findings from the burst itself, beside those of its analysis."""

from dermis.core import vocabulary

# Dark slots of one burst lie less than a second apart: lamps flicker by a few percent of what they give (the
# imager's rows average them), clouds take longer. What differs by more was switched, or something moved through.
DARK_CHANGE_PERCENT = 25
DARK_CHANGE_COUNTS = 1300  # 2% of full scale: less does not disturb the bands
# Halves of a SWIR band's reading lie less than a second apart: who walks up to the module in that time is a quarter
# brighter, and judged in the next burst. Noise of a sound head is some 4 counts between halves; a loose cable's is
# thousands, and may make skin of anything.
SWIR_CHANGE_PERCENT = 25
SWIR_CHANGE_COUNTS = 64


def swir_differs(first, second):
    """Whether two readings of one band (counts a pair, lit less dark) are of no one scene."""
    change = abs(first - second)
    return change > SWIR_CHANGE_COUNTS and change * 100 > SWIR_CHANGE_PERCENT * max(first, second)


def dark_changes(levels):
    """Whether the scene's level (linear counts) differed between the dark slots of a burst."""
    if len(levels) < 2:
        return False
    change = max(levels) - min(levels)
    return change > DARK_CHANGE_COUNTS and change * 100 > DARK_CHANGE_PERCENT * max(levels)


def dark_slot_unseen(burst):
    """Whether a slot in which every light was off gave no dark frame: somebody else's light filled it, or its frame
    was lost. A burst without any levels (a recording from elsewhere) tells nothing."""
    return 0 < len(burst.dark_levels) < burst.order.count(vocabulary.DARK)


def add_findings(analysis, burst):
    """Adds `moving` to an analysis whose burst saw a different darkness each time it looked, or none where there
    should have been one, or a light that was not on: what is not ours cannot be taken off then. No decision rather
    than attack: a lamp switched on by chance looks the same. Adds `sensor_fault` where the SWIR head contradicts
    itself."""
    if dark_changes(burst.dark_levels) or dark_slot_unseen(burst) or burst.foreign_frames:
        analysis.evidence["dark_levels"] = list(burst.dark_levels)
        analysis.findings.append((vocabulary.NO_DECISION, vocabulary.MOVING))
    if burst.swir_uneven:
        analysis.evidence["swir_uneven"] = burst.swir_uneven
        analysis.findings.append((vocabulary.NO_DECISION, vocabulary.SENSOR_FAULT))
