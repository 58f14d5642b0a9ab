from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.sensor_claim import SensorClaim
from dermis.core import vocabulary
from dermis.core.errors import RC_INVALID, WireError

if TYPE_CHECKING:
    from dermis.app.module import Module

SHORTEST_US, LONGEST_US = 200, 20_000  # of an exposure: the tab's weakest light still shows; slots stay below a pulse


async def handle(module: Module, request):
    wanted = request["lights"] or vocabulary.FRAMES
    for name in wanted:
        if name not in vocabulary.FRAMES:
            raise WireError(RC_INVALID, "there is no frame %r; there are: %s" % (name, ", ".join(vocabulary.FRAMES)))
    exposure_us = request["exposure_us"]
    if exposure_us and not SHORTEST_US <= exposure_us <= LONGEST_US:
        raise WireError(
            RC_INVALID, "exposure_us must lie within %d and %d, or be 0 for the board's" % (SHORTEST_US, LONGEST_US)
        )
    record = module.calibration.record
    with SensorClaim(module, "burst"):
        if record is None:
            await module.taker.learn_levels(exposure_us)
        module.burst = burst = await module.taker.take(record, wanted, exposure_us=exposure_us)
        module.burst_id += 1
    meta = burst.header()
    return {"id": module.burst_id, "frames": meta["frames"], "meta": meta}
