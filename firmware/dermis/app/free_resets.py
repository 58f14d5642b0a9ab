"""Resets that nobody had to prove anything for: an update needs one or two, and only a few in a row are free."""

from __future__ import annotations

from dermis.core.errors import RC_BUSY, WireError
from dermis.drivers.storage import ENOENT

FILE = "resets"
# An update takes two (into the new image, and back when it fails); a second attempt two more.
MOST_IN_A_ROW = 4
# After that, one in so long: who can only send bytes does not keep the module from its passages, or wear its flash.
CALM_MS = 60_000


def take(storage, uptime_ms):
    """Count one more. Raises WireError (busy) when there were too many in a row.

    In a row are those of starts that did not live for `CALM_MS`. Where storage fails, none of them is free.
    """
    in_a_row = 0 if uptime_ms >= CALM_MS else _read(storage)
    if in_a_row >= MOST_IN_A_ROW:
        raise WireError(
            RC_BUSY,
            "the module was reset %d times in a row; ask again in %d s, or in a session"
            % (in_a_row, (CALM_MS - uptime_ms + 999) // 1000),
        )
    try:
        storage.write(FILE, bytes([in_a_row + 1]))
    except OSError:
        if uptime_ms < CALM_MS:
            raise WireError(RC_BUSY, "the reset cannot be noted, so that it is not free yet; ask again in a minute")


def _read(storage):
    note = bytearray(1)
    try:
        storage.read_into(FILE, note)
    except OSError as error:
        return 0 if error.errno == ENOENT else MOST_IN_A_ROW
    return note[0]
