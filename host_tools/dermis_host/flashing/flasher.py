"""Flashing modules, several at once: each is found, looked at, written, verified, reset, and asked what it runs."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.core import partitions

from dermis_host import port_holders
from dermis_host.answers import Identity
from dermis_host.errors import HostError, LinkError, NotDermis
from dermis_host.flashing import complaints
from dermis_host.flashing.esptool import BAUD, CHIP, Esptool, Found, Stopped
from dermis_host.flashing.plan import Plan
from dermis_host.module import Module

NEEDED_MIB = partitions.FLASH_SIZE >> 20
FLASH_SIZE = f"{NEEDED_MIB}MB"  # as esptool names it
# A first start formats the data partition and loads the model; native USB is gone for a second at each reset.
START_S = 60.0
AGAIN_S = 0.5
LOST = "Lost connection"  # as esptool says it before it tries again by itself
CHIP_NAME = "ESP32-S3"
REASON = re.compile(r'"reason": ?"([^"]+)"')  # of an event, which is JSON on one line

FLASHED, FAILED, STOPPED = "flashed", "failed", "stopped"


@dataclass
class Outcome:
    """What became of one module. sentence: why it was not flashed; else what runs."""

    port: str
    outcome: str = FAILED
    sentence: str = ""
    found: Found | None = None
    identity: Identity | None = None
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        """For --json."""
        found = self.found._asdict() if self.found else {}
        identity = dataclasses.asdict(self.identity) if self.identity else None
        return {
            "port": self.port,
            "outcome": self.outcome,
            "sentence": self.sentence,
            **found,
            "runs": identity,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Watcher:
    """Who hears of it, from several threads: what is being done, and how many bytes of the plan are written."""

    on_step: Callable[[str, str], None]
    on_bytes: Callable[[str, int], None]
    on_line: Callable[[str, str], None]


def flash_all(
    ports: Sequence[str],
    plan: Plan,
    watcher: Watcher,
    *,
    chip: str = CHIP,
    baud: int = BAUD,
) -> list[Outcome]:
    """Flashes every port's module at once; one that fails does not hold the others. When this is interrupted, every
    esptool has ended before it raises."""
    stop = threading.Event()
    with plan.files() as files, ThreadPoolExecutor(len(ports), "flash") as pool:
        try:
            runs = [pool.submit(_flash, port, plan, files, watcher, chip, baud, stop) for port in ports]
            return [run.result() for run in runs]
        finally:
            stop.set()  # of those that still run when this ends early; the pool waits for them


def _flash(
    port: str,
    plan: Plan,
    files: list[tuple[int, Path]],
    watcher: Watcher,
    chip: str,
    baud: int,
    stop: threading.Event,
) -> Outcome:
    made = Outcome(port)
    started = time.monotonic()

    def heard(line: str) -> None:
        watcher.on_line(port, line)
        if LOST in line:
            watcher.on_step(port, "the link broke; going on when it is back")

    try:
        if port_holders.holders(port):
            raise LinkError(port_holders.busy(port))
        tool = Esptool(port, chip, baud, heard, stop)
        watcher.on_step(port, "looking for the loader")
        try:
            made.found = tool.find()
            _check_chip(port, made.found)
        except complaints.WrongModule:
            with contextlib.suppress(HostError):  # why it is not flashed matters more than that it stays in its loader
                tool.leave()
            raise
        if plan.erase_data:
            data = partitions.partition("data")
            watcher.on_step(port, "erasing the data partition")
            tool.erase(data.offset, data.size)
        watcher.on_step(port, "writing")
        tool.write(files, FLASH_SIZE, lambda offset, part: watcher.on_bytes(port, _written(plan, offset, part)))
        watcher.on_bytes(port, plan.total)
        watcher.on_step(port, "verified; waiting for the module to start")
        made.identity, runs = _started(port, stop)
        _check_running(made.identity, runs, plan)
        made.outcome = FLASHED
        made.sentence = f"{made.identity.serial} runs {made.identity.firmware} on {made.identity.runtime}."
    except Stopped as problem:
        made.outcome, made.sentence = STOPPED, str(problem)
    except HostError as problem:
        made.sentence = str(problem)
    made.seconds = time.monotonic() - started
    return made


def _check_chip(port: str, found: Found) -> None:
    if found.chip != CHIP_NAME:
        raise complaints.WrongModule(
            f"The chip on {port} is {found.chip or 'unknown'}, and Dermis runs on an {CHIP_NAME}: nothing was written; "
            "name another port (`dermis devices` lists them)."
        )
    if found.flash_mib < NEEDED_MIB:
        raise complaints.too_small(port, found.flash.replace("MB", " MB") or "an unknown size", NEEDED_MIB)


def _written(plan: Plan, offset: int, part: float) -> int:
    """Bytes of the plan that are written when this part of the file at that offset is."""
    before = sum(len(write.data) for write in plan.writes if write.offset < offset)
    return before + round(part * sum(len(write.data) for write in plan.writes if write.offset == offset))


def _started(port: str, stop: threading.Event) -> tuple[Identity, bytes]:
    """Waits until the module answers; who it is, and the hash of the image that it runs.

    Raises LinkError with its own words, if it has any, when it does not answer in time.
    """
    until = time.monotonic() + START_S
    says = ""

    def heard(line: str) -> None:
        nonlocal says
        found = REASON.search(line)
        says = found[1] if found else line if not line.startswith("{") else says

    while True:
        try:
            with Module(port, greeting_s=max(1.0, until - time.monotonic()), on_log=heard) as module:
                images = module.image_state().images
                return module.identity(), next((image["hash"] for image in images if image["active"]), b"")
        except (NotDermis, LinkError):
            if stop.is_set():
                raise Stopped(f"Stopped; {port} was flashed and verified, and not asked what it runs.") from None
            if time.monotonic() >= until:
                heard_last = f"; it says: {says.rstrip('.')}" if says else ""
                raise LinkError(
                    f"{port} was flashed and verified, but no firmware answers within {START_S:g} s{heard_last}: is "
                    "the runtime the right build for this board? See docs/flash.md."
                ) from None
        stop.wait(AGAIN_S)


def _check_running(identity: Identity, runs: bytes, plan: Plan) -> None:
    if runs != plan.image.hash:
        raise complaints.FlashFailed(
            f"{identity.serial} runs {identity.firmware} for {identity.board}, and {plan.manifest.version} for "
            f"{plan.manifest.board} was flashed: look at its slots with `dermis update --status`, or flash it with "
            "--erase-data."
        )
