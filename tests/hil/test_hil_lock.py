"""The access side as the rig's observer sees it: a living face opens, an instrument does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from dermis.core.wiegand import frame
from dermis_host import Module
from dermis_host.rig import LockObserver, Rig

SETTINGS = {
    "lock_start": "trigger",
    "lock_relay_ms": "1500",
    "lock_patience_ms": "0",
    "lock_wiegand": "26",
    "lock_facility": "7",
    "lock_card": "4711",
}
CARD = tuple(int(bit) for bit in frame("26", 7, 4711))
PASSAGE_S = 40.0
LOOK_S = 0.02

pytestmark = [pytest.mark.needs("scene", "lock", "trigger"), pytest.mark.render]


def observer(rig: Rig) -> LockObserver:
    """What looks at the lock; the tests ask for it."""
    assert rig.lock is not None
    return rig.lock


def write(module: Module, settings: dict[str, str]) -> None:
    """In force after a restart."""
    for name, value in settings.items():
        module.setting_write(name, value.encode())
    module.reset()


@pytest.fixture(scope="module")
def lock(calibrated_once) -> Iterator[Rig]:
    """The rig, its module set up for a trigger, a relay and a Wiegand controller; afterwards as it was."""
    if reason := calibrated_once.capabilities()["trigger"]:
        pytest.skip(f"needs trigger: {reason}")
    with calibrated_once.module() as module:
        before = {name: module.setting_read(name).decode() for name in SETTINGS}
    try:
        with calibrated_once.module() as module:
            write(module, SETTINGS)
        yield calibrated_once
        observer(calibrated_once).trigger(False)
    finally:
        with calibrated_once.module() as module:
            write(module, before)


def passage(rig: Rig, module: Module, heard: Callable[[], list[str]]) -> None:
    """Pulls the trigger; returns when the module has said what came of it."""
    before = len(heard())
    observer(rig).trigger(True)
    until = time.monotonic() + PASSAGE_S
    while not any('"passage"' in line for line in heard()[before:]):
        assert time.monotonic() < until, "no passage within the time"
        module.echo("?")  # reads the lines that came meanwhile
        time.sleep(LOOK_S)
    observer(rig).trigger(False)


def closures(rig: Rig) -> int:
    """How often a twin's relay closed: in virtual time it is over before anybody looks."""
    assert rig.twin is not None
    return len(rig.twin.request({"do": "lock_history"})["relay_closures"])


def sees_the_relay_close(rig: Rig, before: int) -> bool:
    until = time.monotonic() + int(SETTINGS["lock_relay_ms"]) / 1000
    while time.monotonic() < until:
        if observer(rig).relay() or (rig.virtual and closures(rig) > before):
            return True
        time.sleep(LOOK_S)
    return False


@pytest.mark.parametrize(
    ("scene", "opens"),
    [
        ("bona_fide_medium_spectacles", True),
        pytest.param("silicone_mask_3mm", False, marks=pytest.mark.thorough),
        pytest.param("empty", False, marks=pytest.mark.thorough),
    ],
)
def test_a_passage(lock, module, heard, scene, opens):
    lock.targets.show(scene)
    observer(lock).frames()  # from here on
    before = closures(lock) if lock.virtual else 0
    passage(lock, module, lambda: heard.lines)
    assert sees_the_relay_close(lock, before) == opens
    assert observer(lock).frames() == ([CARD] if opens else [])
