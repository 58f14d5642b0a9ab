"""Two families of errors.

`DermisError` and its children are raised where something goes wrong and are meant to be caught.
`WireError` is raised only in handlers (`dermis.app.commands`); the server turns it into a response
that carries a code, a name and a sentence that says what to do.
"""


class DermisError(Exception):
    """Something of ours failed; the message is one sentence that says what to do."""


class BadInput(DermisError):
    """Bytes from outside do not mean what they should."""


class SensorFault(DermisError):
    """A peripheral does not answer, or answers what it cannot."""


class TooBright(SensorFault):
    """Light that is not ours drowns what a sensor should see."""


class InterlockOpen(DermisError):
    """The diffuser's interlock forbids the projector."""


class NotCalibrated(DermisError):
    """There is no calibration record, or it is not for this module."""


# SMP's own codes (MCUmgr `mcumgr_err_t`), used in every group.
RC_OK = 0
RC_UNKNOWN = 1
RC_NO_MEMORY = 2
RC_INVALID = 3
RC_TIMEOUT = 4
RC_NO_ENTRY = 5
RC_BAD_STATE = 6
RC_TOO_LONG = 7
RC_NOT_SUPPORTED = 8
RC_CORRUPT = 9
RC_BUSY = 10
RC_ACCESS_DENIED = 11

NAMES = {
    RC_OK: "ok",
    RC_UNKNOWN: "unknown",
    RC_NO_MEMORY: "no_memory",
    RC_INVALID: "invalid",
    RC_TIMEOUT: "timeout",
    RC_NO_ENTRY: "no_entry",
    RC_BAD_STATE: "bad_state",
    RC_TOO_LONG: "too_long",
    RC_NOT_SUPPORTED: "not_supported",
    RC_CORRUPT: "corrupt",
    RC_BUSY: "busy",
    RC_ACCESS_DENIED: "access_denied",
}


class WireError(Exception):
    """A request cannot be answered: `code` from the table above, `reason` one sentence."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code
        self.reason = reason
