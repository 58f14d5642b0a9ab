"""The whole firmware with a fault in it: what asks for the echo of HANG finds it in an endless loop under a light."""

from dermis import main as firmware
from dermis.app.commands import echo

HANG = "hang"
WATCHDOG_MS, FEED_EVERY_S = 2500, 1  # what a test can wait for
PULSE_US = 150_000

_answer = echo.handle


async def _handle(module, request):
    if request["d"] == HANG:
        module.emitters.pulse("850", 256, PULSE_US)
        while True:
            pass
    return await _answer(module, request)


def main():
    firmware.WATCHDOG_MS, firmware.FEED_EVERY_S = WATCHDOG_MS, FEED_EVERY_S
    echo.handle = _handle
    firmware.main()
