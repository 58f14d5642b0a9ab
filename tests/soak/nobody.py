"""What the twin shows when the hours of a soak are over and it is looked at: the empty room, for good."""

from __future__ import annotations

from dermis_hw.lightfield import LightField

from tests.soak import scenery, timetable

PROVIDER = f"{__name__}:show"


def show(_at_s: float) -> LightField:
    """A provider of the twin. It knows of no time in which nothing happens, so none is skipped."""
    return scenery.field(timetable.NOBODY)
