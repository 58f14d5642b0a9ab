"""A verdict's `bound`: what ties it to a face, a passage and a time, under the module's verdict key."""

from __future__ import annotations

from dermis.app import settings
from dermis.app.log import ERROR
from dermis.core import binding
from dermis.core.errors import DermisError


def bound(module, answer: dict, transaction: bytes) -> dict:
    """answer: that of `verify`, complete but for this. The face is the last burst's; without one the box is empty."""
    evidence = answer["evidence"]
    out = {
        "serial": module.system.serial(),
        "transaction": transaction,
        "time": module.clock.unix_time(),
        "uptime_ms": module.uptime_ms(),
        "expires_s": module.settings.get(settings.EXPIRY),
        "box": list(evidence.get("face_box_px", ())),
        "distance_mm": evidence.get("distance_mm", 0),
    }
    facts = dict(answer)
    facts.update(out)
    try:
        out["mac"] = binding.mac(module.verdict_key(), facts)
    except DermisError as error:  # the keys are damaged: the verdict stands, and nobody can prove it
        module.log.event("verdict_unbound", ERROR, reason=str(error))
        out["mac"] = b""
    return out
