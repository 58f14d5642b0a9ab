"""An image that is being tried: its self-test, and the time until it goes back by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dermis.app import update
from dermis.app.log import ERROR
from dermis.app.self_test import self_test
from dermis.app.sensor_claim import SensorClaim
from dermis.core import boot_state
from dermis.core.errors import RC_BUSY, DermisError, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from dermis.app.module import Module

    Pause = Callable[[float], Coroutine[Any, Any, None]]

# Who updates a module from a lorry or over a slow line still has the time to look at it, and a door that waits for
# somebody to confirm is not left with an image that nobody wants.
BACK_AFTER_S = 600
BEGIN_AFTER_S = 1  # what asks for the module's identity after its start comes first
BUSY_PAUSE_S = 1
# What an image can break and no lamp, window or visitor can: that a peripheral answers at all, and that what is stored
# can be used. A light that is too weak was so before.
ANSWERING = ("imager", "thermometer", "storage", "swir")


def broken(checks: list, calibrated: bool) -> list:
    """Names of the checks of a self-test for which an update goes back. calibrated: there was a calibration record in
    force under the image before."""
    names = []
    for check in checks:
        if check["ok"]:
            continue
        kind = check["name"].split("_")[0]
        silent = kind in ANSWERING and check["value"] is None
        if silent or kind == "model" or (kind == "calibration" and calibrated):
            names.append(check["name"])
    return names


async def run(module: Module, pause: Pause = asyncio.sleep) -> None:
    """Runs beside the server, until the image is confirmed or the module goes back. pause: seconds, in real time: a
    twin's virtual time would pass at once."""
    control = update.of(module)
    control.back_at_ms = module.uptime_ms() + BACK_AFTER_S * 1000
    try:
        await _tried(module, control, pause)
    except Exception as error:  # noqa: BLE001 - nobody awaits this task, and what fails here is the image
        module.log.failure("update_trial_failed", error)
        _back(module, control, boot_state.CRASH)


async def _tried(module: Module, control, pause: Pause):
    await pause(BEGIN_AFTER_S)
    calibrated = control.slots.state.calibrated
    failed = None  # not known yet
    waited = BEGIN_AFTER_S
    while True:
        if failed is None:
            failed = await _tested(module, calibrated)
            if failed and control.slots.testing:
                module.log.event("update_self_test_failed", ERROR, checks=failed)
                _back(module, control, boot_state.SELF_TEST)
                return
            if failed is not None and not failed:
                module.log.event("update_self_test_passed")
                if control.slots.testing and control.slots.state.permanent:
                    control.confirm()
        # Also while something keeps the sensors busy: who watches all the time must not keep an image that is tried.
        if not control.slots.testing or waited >= BACK_AFTER_S:
            break
        await pause(BUSY_PAUSE_S)
        waited += BUSY_PAUSE_S
    if control.slots.testing:
        _back(module, control, boot_state.NOT_CONFIRMED)


async def _tested(module, calibrated):
    """Names of the checks that failed for good; None while the sensors are busy."""
    try:
        with SensorClaim(module, "selftest"):
            return broken(await self_test(module), calibrated)
    except WireError as error:
        if error.code != RC_BUSY:
            raise
        return None
    except DermisError as error:
        return [str(error)]


def _back(module, control, why):
    """Into the image before. Where storage does not take the note, the first stage still finds that the image was
    tried and not confirmed."""
    try:
        if control.slots.state.pending != boot_state.NO_SLOT:
            control.give_up(why)
    except OSError as error:
        module.log.event("update_not_noted", ERROR, reason=str(error))
    module.emitters.dark()
    module.system.reset()
