"""Puts the fake modules where the drivers look for them, and virtual time under asyncio.

Drivers import `machine` and the like at their top, so that they are forgotten before and after: each chip meets drivers
that were imported for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import importlib.util
import selectors
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

from tests.fakes.esp32s3.chip import TICK_US, TURN_US, Chip

# Each has `members(chip)`: module -> name -> what the firmware finds there. Who adds a peripheral adds its file.
PARTS = ["pins", "pwm", "i2c", "rmt", "camera_module", "flash", "uart", "reset"]
FORGET = ("dermis.drivers.", "dermis.first_stage", "dermis.main", "dermis.boot")
# What other boards use too, and what the fakes change within: `select`, `open`.
SHARED = ("dermis.drivers.link.stream", "dermis.drivers.storage.little")
TICKS_PERIOD = 1 << 30  # MicroPython's, on 32-bit ports


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    """What all parts offer, by module. Parts that nobody has written yet are left out."""
    found: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        name = f"tests.fakes.esp32s3.{part}"
        if importlib.util.find_spec(name) is None:
            continue
        for module, names in importlib.import_module(name).members(chip).items():
            found.setdefault(module, {}).update(names)
    return found


@contextlib.contextmanager
def installed(chip: Chip) -> Iterator[Chip]:
    """Within, `import machine`, `camera`, `esp32`... find the chip, `time.ticks_us` its time, and event loops turn in
    it."""
    before = {name: sys.modules.get(name) for name in members(chip)}
    policy = asyncio.get_event_loop_policy()
    _forget()
    gc.freeze()  # the firmware collects often: a chip's heap, not all that a test's interpreter holds
    try:
        for name, names in members(chip).items():
            module = types.ModuleType(name)
            module.__dict__.update(names)
            sys.modules[name] = module
        for name, function in _time(chip).items():
            setattr(time, name, function)
        asyncio.sleep_ms = _sleep_ms  # type: ignore[attr-defined]
        asyncio.set_event_loop_policy(_Policy(chip))
        yield chip
    finally:
        gc.unfreeze()
        asyncio.set_event_loop_policy(policy)
        del asyncio.sleep_ms  # type: ignore[attr-defined]
        for name in _time(chip):
            delattr(time, name)
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        _forget()


def _forget() -> None:
    for name in list(sys.modules):
        own = name.startswith(FORGET) and ("esp32s3" in name or not name.startswith("dermis.drivers."))
        if own or name in SHARED:
            del sys.modules[name]


def _time(chip: Chip) -> dict[str, Any]:
    """MicroPython's additions to `time`."""

    def ticks_us() -> int:
        chip.run(TICK_US)
        return chip.now_us % TICKS_PERIOD

    def ticks_diff(later: int, earlier: int) -> int:
        half = TICKS_PERIOD // 2
        return (later - earlier + half) % TICKS_PERIOD - half

    return {
        "ticks_us": ticks_us,
        "ticks_ms": lambda: ticks_us() // 1000,
        "ticks_diff": ticks_diff,
        "ticks_add": lambda ticks, delta: (ticks + delta) % TICKS_PERIOD,
        "sleep_us": lambda us: chip.run(max(0, us)),
        "sleep_ms": lambda ms: chip.run(max(0, ms) * 1000),
    }


def _sleep_ms(duration_ms: int):
    return asyncio.sleep(max(0, duration_ms) / 1000)


class Stuck(Exception):
    """Every task waits for what nobody will bring."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waiting takes no time but the chip's."""

    def __init__(self, chip: Chip):
        super().__init__()
        self._chip = chip

    def select(self, timeout: float | None = None):
        found = super().select(0)
        if found:
            return found
        if timeout is None:
            raise Stuck
        self._chip.run(max(TURN_US, round(timeout * 1e6)))
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, chip: Chip):
        self._chip = chip
        super().__init__(_Selector(chip))

    def time(self) -> float:
        return self._chip.now_us / 1e6


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, chip: Chip):
        super().__init__()
        self._chip = chip

    def new_event_loop(self):
        return VirtualLoop(self._chip)
