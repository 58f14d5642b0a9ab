"""What a failing storage means for the calibration records, in one sentence."""

from dermis.core.errors import RC_NO_MEMORY, RC_UNKNOWN, WireError
from dermis.drivers.storage import ENOSPC


def storage_error(store, error):
    """The wire's error for an OSError that `store` (CalibrationStore) raised while its records were being changed."""
    left = store.fault or "the %s record is in force as before" % store.in_force
    if error.errno == ENOSPC:
        return WireError(
            RC_NO_MEMORY, "the module's storage is full and the record was not kept; %s; have it serviced" % left
        )
    return WireError(RC_UNKNOWN, "the record could not be stored; %s; run the self-test" % left)
