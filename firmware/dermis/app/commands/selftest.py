from dermis.app.self_test import self_test
from dermis.app.sensor_claim import SensorClaim


async def handle(module, _request):
    with SensorClaim(module, "selftest"):
        checks = await self_test(module)
    return {"ok": all(check["ok"] for check in checks), "checks": checks}
