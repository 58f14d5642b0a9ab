"""One at a time: whoever lights the lights and reads the imager claims them first."""

from dermis.core.errors import RC_BUSY, WireError


class SensorClaim:
    """`with SensorClaim(module, "verify"):` holds the sensors. Raises WireError (busy) when somebody has them.

    The frames of the burst held are given up: whoever claims overwrites them.
    """

    def __init__(self, module, name):
        self._module = module
        self._name = name

    def __enter__(self):
        if self._module.busy:
            raise WireError(RC_BUSY, "the module is busy with %s; ask again when that has ended" % self._module.busy)
        self._module.busy = self._name
        self._module.give_up_burst()
        return self

    def __exit__(self, *_):
        self._module.busy = ""
