from dermis.app import module as modules
from dermis.app.bound_verdict import bound
from dermis.app.sensor_claim import SensorClaim
from dermis.app.verification import verification
from dermis.core.binding import LONGEST_NONCE, LONGEST_TRANSACTION
from dermis.core.errors import RC_INVALID, WireError


async def handle(module, request):
    must_be_sound(request)
    if len(request["transaction"]) > LONGEST_TRANSACTION:
        raise WireError(
            RC_INVALID, "the transaction has %d bytes; at most %d" % (len(request["transaction"]), LONGEST_TRANSACTION)
        )
    with SensorClaim(module, "verify"):
        answer = await verification(module, request["time_limit_ms"])
        module.judged(answer)
    complete(module, answer, request["nonce"])
    answer["bound"] = bound(module, answer, request["transaction"])
    return answer


def must_be_sound(request):
    """Raises WireError (invalid) for a nonce or a time limit that there cannot be."""
    if len(request["nonce"]) > LONGEST_NONCE:
        raise WireError(RC_INVALID, "the nonce has %d bytes; at most %d" % (len(request["nonce"]), LONGEST_NONCE))
    if request["time_limit_ms"] < 0:
        raise WireError(RC_INVALID, "time_limit_ms is negative; give 0 for the profile's")


def complete(module, answer, nonce):
    """Adds to a verdict what made it."""
    answer["profile"] = module.profile.name
    answer["nonce"] = nonce
    answer["firmware"] = modules.FIRMWARE_VERSION
    answer["model_hash"] = module.model_hash()
    answer["calibration"] = module.calibration.hash()
