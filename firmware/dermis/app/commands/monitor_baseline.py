from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app.sensor_claim import SensorClaim
from dermis.core import vocabulary

if TYPE_CHECKING:
    from dermis.app.module import Module


async def handle(module: Module, _request):
    with SensorClaim(module, "monitor_baseline"):
        await module.taker.learn_levels()
        await module.taker.take(None, vocabulary.LIGHTS, swir=False)  # a light's first frame is named like it
        return {"levels": module.taker.monitor_levels()}
