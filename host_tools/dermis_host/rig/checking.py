"""`dermis rig --check`: every capability once, harmlessly, with what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dermis_host.errors import HostError
from dermis_host.rig.contract import RigError
from dermis_host.rig.rig import Rig

WATCH_S = 0.2  # between two looks at the relay
LITTLE_KLUX = 0.3  # an office's light: every lamp gives that
MILD_FAULT = {"name": "serial_garbage", "count": 16}  # of which the module must only stay alive


@dataclass(frozen=True)
class Check:
    """One capability: whether it did what it must, and what was seen or what is wrong."""

    capability: str
    ok: bool
    told: str
    seconds: float


def checks(rig: Rig, step: Callable[[str], None] = lambda _: None) -> Iterator[Check]:
    """Each capability that the rig has, one after the other; `step` hears which is coming. The rig is at rest after
    each. Nobody may have the module's port open."""
    steps: dict[str, Callable[[Rig], str]] = {
        "module": _module,
        "power": _power,
        "scene": _scene,
        "light": _light,
        "lock": _lock,
        "trigger": _trigger,
        "faults": _faults,
    }
    for capability, run in steps.items():
        if capability != "module" and not rig.has(capability):
            continue
        step(capability)
        started = time.monotonic()
        try:
            told, ok = run(rig), True
        except HostError as problem:
            told, ok = str(problem), False
        finally:
            rig.rest()
        yield Check(capability, ok, told, time.monotonic() - started)


def _module(rig: Rig) -> str:
    with rig.module() as module:
        identity = module.identity()
    return (
        f"{identity.serial}, {identity.board}, firmware {identity.firmware}, {'SWIR' if identity.swir else 'no SWIR'}"
    )


def _power(rig: Rig) -> str:
    """The module must be silent without power: a switch that confirms and switches something else is found here."""
    assert rig.power is not None
    rig.power.off()
    try:
        alive = rig.answers_now()
    finally:
        rig.rest()
    if alive:
        raise RigError("The power switch says off and the module still answers: it switches something else.")
    return f"off: silent; on again: answers after {rig.wait_for_module():.1f} s"


def _scene(rig: Rig) -> str:
    assert rig.targets is not None
    names = rig.targets.names()
    if not names:
        raise RigError("The rig's targets have no names: give it some in its rig.toml.")
    rig.targets.show(names[0])
    return f"{names[0]} stands before the module, one of {len(names)}"


def _light(rig: Rig) -> str:
    assert rig.light is not None
    rig.light.set(LITTLE_KLUX)
    rig.light.set(0.0)
    return f"{LITTLE_KLUX:g} klux, and dark again"


def _lock(rig: Rig) -> str:
    assert rig.lock is not None
    closed = rig.lock.relay()
    time.sleep(WATCH_S)
    if rig.lock.relay() != closed:
        raise RigError("The relay's contact changed while nobody asked: look at its wires.")
    frames = rig.lock.frames()
    return f"relay {'closed' if closed else 'open'}, {len(frames)} Wiegand frames since it was opened"


def _trigger(rig: Rig) -> str:
    assert rig.lock is not None
    rig.lock.trigger(True)
    rig.lock.trigger(False)
    return "set and released"


def _faults(rig: Rig) -> str:
    assert rig.faults is not None
    rig.faults.ask(**MILD_FAULT)
    rig.faults.clear()
    return "asked for one, and cleared"
