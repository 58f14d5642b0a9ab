from dermis.app.self_test import self_test
from dermis.app.sensor_claim import SensorClaim


async def handle(module, _request):
    with SensorClaim(module, "selftest"):
        checks = await self_test(module)
    failed = [check["name"] for check in checks if not check["ok"]]
    if failed:
        module.audit.note("self_test_failed", checks=failed)
    return {"ok": not failed, "checks": checks}
