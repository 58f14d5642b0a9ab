"""Composition root: board file -> drivers -> module -> server.

A device's `/main.py` and the twin call `main()`, which returns when the prompt is wanted. `DERMIS_BOARD` names the
board file and `DERMIS_MODEL` the model (else the board file's `model`, else `spoof.tflite` beside the board file);
with `DERMIS_SKIP_MAIN` nothing is started.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

from dermis.app import heap

# Before the other sources are compiled: what that leaves behind would lie between the big buffers.
heap.load()

from dermis.app import rights  # noqa: E402
from dermis.app.log import INFO  # noqa: E402
from dermis.app.module import FIRMWARE_VERSION, Module, read_board, runtime  # noqa: E402
from dermis.app.server import PROMPT, Server  # noqa: E402
from dermis.core import handover  # noqa: E402
from dermis.core.errors import BadInput, DermisError  # noqa: E402

if TYPE_CHECKING:
    from dermis.drivers.composed import Drivers
    from dermis.drivers.system import System

BOARD_FILE = "/board.json"
MODEL_FILE = "spoof.tflite"
FAILED = 1
# Many times what the longest step between two turns of the loop takes, so that it bites only what hangs.
WATCHDOG_MS = 60_000
FEED_EVERY_S = 10
# At the prompt nobody feeds it, and it cannot be stopped.
PROMPT_WATCHDOG_MS = 24 * 3_600_000
# Outside the bench a service session opened the prompt; forgotten, it closes as late as the session would have.
FIELD_PROMPT_WATCHDOG_MS = 15 * 60_000


def setting(name: str, default: str) -> str:
    """An environment variable where the platform has them, else the default."""
    getenv = getattr(os, "getenv", None)
    return (getenv(name) if getenv else None) or default


def drivers_of(board: dict) -> Drivers:
    """The drivers of the board that the file names. Raises BadInput, SensorFault."""
    if board["board"] == "twin":
        from dermis.drivers.twin_board import drivers

        return drivers(board)
    if board["board"] == "esp32s3":
        from dermis.drivers.esp32s3_board import drivers

        return drivers(board)
    if board["board"] == "coral":
        from dermis.drivers.coral_board import drivers

        return drivers(board)
    raise BadInput("this firmware has no drivers for the board %r; it knows: twin, esp32s3, coral" % board["board"])


def compose() -> Module:
    """The module, its emitters dark and its lock's side safe. Raises BadInput, SensorFault."""
    path = setting("DERMIS_BOARD", handover.APP + BOARD_FILE if handover.found() else BOARD_FILE)
    board = read_board(path)
    drivers = drivers_of(board)
    if drivers.lock:
        drivers.lock.safe()
    drivers.emitters.dark()
    beside = path[: path.rfind("/") + 1] + MODEL_FILE
    try:
        return Module(drivers, board, setting("DERMIS_MODEL", board.get("model") or beside))
    except KeyError as missing:
        raise BadInput("the board file %s lacks %r; write it with the flasher and restart" % (path, missing.args[0]))


def announce(module: Module) -> None:
    """That the module starts, and as what: on the console and in the audit log."""
    module.log.event(
        "boot",
        INFO,
        serial=module.system.serial(),
        board=module.board["board"],
        firmware=FIRMWARE_VERSION,
        runtime=runtime(),
        inference=module.model.backend if module.model else "",
        state=module.state,
        calibrated=module.calibration.record is not None,
        heap_free=heap.free(),
    )
    note_boot(module, handover.found() or {})


def note_boot(module: Module, left: dict) -> None:
    """Into the audit log: what starts, and what was given up for it. left: what the first stage left."""
    if module.audit.trying and not left.get("testing"):  # an image that crashed or hung could not say so itself
        version, why = left.get("given_up") or ("", "")
        module.audit.note("update_reverted", version=version, why=why)
    module.audit.note(
        "boot",
        cause=module.system.reset_cause(),
        firmware=FIRMWARE_VERSION,
        testing=bool(left.get("testing")),
        state=module.state,
        profile=module.profile.name,
        model=module.model_hash(),
        calibration=module.calibration.hash(),
    )


async def serve(module: Module) -> str:
    """How the server ended; beside it the watchdog is fed, the lock is served, and an image that is being tried is
    looked after."""
    module.system.start_watchdog(WATCHDOG_MS)
    beside = [asyncio.create_task(feed(module.system))]
    if module.lock_side:
        beside.append(asyncio.create_task(module.lock_side.run()))
    if (handover.found() or {}).get("testing"):
        from dermis.app import trial  # only after an update

        beside.append(asyncio.create_task(trial.run(module)))
    try:
        return await Server(module).run()
    finally:
        for task in beside:
            task.cancel()


async def feed(system: System) -> None:
    """Tells the watchdog that the loop turns. In real time, as the watchdog is."""
    while True:
        system.feed()
        await asyncio.sleep(FEED_EVERY_S)


def prompt_limit_ms(state: str) -> int:
    """How long MicroPython's prompt may stay open before the watchdog starts the firmware again."""
    return PROMPT_WATCHDOG_MS if state == rights.BENCH_STATE else FIELD_PROMPT_WATCHDOG_MS


def main():
    """Serves until the link closes, then exits; returns when the prompt is wanted. A server that fails is logged and
    the module restarted."""
    if setting("DERMIS_SKIP_MAIN", ""):
        return
    reason = ""
    try:
        module = compose()
    except DermisError as error:
        reason = str(error)
    except MemoryError as error:
        reason = "the module's memory does not hold the firmware and its model (%s); install a smaller model" % error
    except Exception as error:  # noqa: BLE001 - whatever it is, a module that fails must not end at the prompt
        reason = (
            "the firmware failed to start (%r); restart the module, and flash it anew when that does not help" % error
        )
    if reason:
        # There is no link yet, or nothing to serve: the console says why, as a log line would.
        print(json.dumps({"level": "error", "event": "start_failed", "reason": reason}))
        sys.exit(FAILED)
    try:
        announce(module)
        ended = asyncio.run(serve(module))
    except KeyboardInterrupt:  # where the console's Ctrl-C is a signal: it opens what the byte would, and no more
        if not module.prompt_allowed():
            module.safe()
            module.system.reset()
        ended = PROMPT
    except Exception as error:  # a module that fails starts anew; it must not end at the prompt
        module.safe()
        try:
            module.log.failure("server_failed", error)
        finally:
            module.system.reset()
        raise
    finally:
        module.safe()
    if ended != PROMPT:
        sys.exit(0)
    module.system.start_watchdog(prompt_limit_ms(module.state))
    module.log.event("prompt", INFO)
    module.link.release()


if __name__ == "__main__":
    main()
