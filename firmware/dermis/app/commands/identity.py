from dermis.app import module as modules
from dermis.core import messages


async def handle(module, _request):
    return {
        "serial": module.system.serial(),
        "board": module.board["board"],
        "firmware": modules.FIRMWARE_VERSION,
        "runtime": modules.runtime(),
        "messages": messages.VERSION,
        "model": module.model_name(),
        "model_hash": module.model_hash(),
        "profile": module.profile.name,
        "calibrated": module.calibration.record is not None,
        "calibration": module.calibration.hash(),
        "state": module.state,
        "swir": module.swir.fitted,
        "imager": module.sensors["imager"],
        "swir_head": module.sensors["swir"],
        "uptime_ms": module.uptime_ms(),
    }
