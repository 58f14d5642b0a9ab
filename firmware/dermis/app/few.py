"""What may be done without a session, but only a few times in a row: counted over restarts, which are free as well."""

from __future__ import annotations

from dermis.core.errors import RC_BUSY, WireError
from dermis.drivers.storage import ENOENT


def take(storage, file, uptime_ms, most, calm_ms, what):
    """Count one more in that file. Raises WireError (busy) when there were `most` in a row; `what` says of what, such
    as "the module was reset".

    In a row are those of starts that did not live for `calm_ms`. Where storage fails, none of them is free.
    """
    in_a_row = 0 if uptime_ms >= calm_ms else _read(storage, file, most)
    if in_a_row >= most:
        raise WireError(
            RC_BUSY,
            "%s %d times in a row; ask again in %d s, or in a session"
            % (what, in_a_row, (calm_ms - uptime_ms + 999) // 1000),
        )
    try:
        storage.write(file, bytes([in_a_row + 1]))
    except OSError:
        if uptime_ms < calm_ms:
            raise WireError(
                RC_BUSY,
                "that %s cannot be noted, so it is not free yet; ask again in %d s, or in a session"
                % (what, (calm_ms - uptime_ms + 999) // 1000),
            )


def _read(storage, file, most):
    note = bytearray(1)
    try:
        storage.read_into(file, note)
    except OSError as error:
        return 0 if error.errno == ENOENT else most
    return note[0]
