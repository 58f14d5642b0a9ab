"""Resets that nobody had to prove anything for: an update needs one or two, and only a few in a row are free."""

from __future__ import annotations

from dermis.app import few

FILE = "resets"
# An update takes two (into the new image, and back when it fails); a second attempt two more.
MOST_IN_A_ROW = 4
# After that, one in so long: who can only send bytes does not keep the module from its passages, or wear its flash.
CALM_MS = 60_000


def take(storage, uptime_ms):
    """Count one more. Raises WireError (busy) when there were too many in a row."""
    few.take(storage, FILE, uptime_ms, MOST_IN_A_ROW, CALM_MS, "the module was reset")
