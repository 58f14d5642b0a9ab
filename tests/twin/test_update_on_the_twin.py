"""Updates of a flashed module, from slot to slot: images that are kept, that crash, hang, fail their self-test, and a
data partition that is lost. By the real first stage and firmware; the second image lies in its slot already.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from dermis.core import boot_state, manifest, partitions, slot
from dermis_host import Module
from dermis_host.auditing.fetching import fetch
from dermis_host.building import littlefs_image, signing
from dermis_host.errors import HostError, RequestFailed
from dermis_hw.twin import Twin

from tests.twin.conftest import FACE, wait_for
from tests.twin.flashed import write_parts

MAIN = PurePosixPath("dermis/main.mpy")
MODEL = PurePosixPath("spoof.tflite")
# Sets the watchdog to what a test can wait for, then does nothing any more.
HANGS = b"""
def main():
    from dermis.drivers.twin_first import parts
    parts().system.start_watchdog(300)
    while True:
        pass
"""


@pytest.fixture(scope="module")
def other(built) -> Callable[..., bytes]:
    """`other(**files)`: an image of the same firmware with a higher version and other files (None: left out)."""
    image = signing.file_image(built.image.read_bytes())
    body = built.image.read_bytes()[image.body_offset : image.body_offset + image.body_size]
    files = littlefs_image.contents(body)

    def make(changes: dict[PurePosixPath, bytes | None] | None = None, version: str = "0.9.0+0") -> bytes:
        changed = {place: data for place, data in (files | (changes or {})).items() if data is not None}
        fields = _manifest(image, version.removesuffix("+0"))
        return signing.signed(
            littlefs_image.smallest(changed, partitions.partition("slot0").size),
            fields,
            image.security_counter,
            version,
            signing.development_key(),
        )

    return make


def _manifest(image, version: str) -> bytes:
    stated = dict(zip(manifest.FIELDS, image.manifest, strict=True))
    return manifest.encode(stated | {"version": version})


@pytest.fixture
def make_updated(make_flashed_twin, built) -> Callable[[bytes], Twin]:
    """`make_updated(image)`: a twin that runs the tests' build, confirmed, and has that image in its other slot."""

    def make(image: bytes) -> Twin:
        running = built.image.read_bytes()
        marked = running.ljust(slot.MARK_AT, b"\xff") + signing.file_image(running).hash
        return make_flashed_twin(parts={"slot0": marked, "slot1": image})

    return make


def _mark(twin: Twin, image: bytes) -> None:
    """Mark that image and reset."""
    with Module(twin.url) as module:
        module.image_mark(signing.file_image(image).hash)
        module.reset(wait=False)


def _state(twin: Twin):
    with Module(twin.url) as module:
        return module.update_state()


def _said(twin: Twin, event: str) -> None:
    log = twin.state_dir / "console.log"
    wait_for(lambda: f'"{event}"' in log.read_text(errors="replace"), event, 40)


def test_an_image_is_tried_confirmed_and_stays(make_updated, other):
    image = other()
    twin = make_updated(image)
    _mark(twin, image)
    _said(twin, "update_self_test_passed")
    state = _state(twin)
    assert state.testing and state.slot == "slot1" and 0 < state.back_s <= 600
    with Module(twin.url) as module:
        assert [entry["slot"] for entry in module.image_state().images if entry["active"]] == [1]
        module.image_mark(confirm=True)
        module.reset()
        state = module.update_state()
        assert not state.testing and state.slot == "slot1"
        assert [entry["confirmed"] for entry in module.image_state().images] == [False, True]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({MAIN: None, MAIN.with_suffix(".py"): b"raise ValueError('no')\n"}, boot_state.CRASH),
        ({MAIN: None, MAIN.with_suffix(".py"): HANGS}, boot_state.WATCHDOG),
        ({MODEL: None}, boot_state.SELF_TEST),
    ],
    ids=["crashes", "hangs", "fails its self-test"],
)
def test_an_image_that_fails_goes_back_by_itself(make_updated, other, changes, why):
    image = other(changes)
    twin = make_updated(image)
    _mark(twin, image)
    wait_for(lambda: twin.status()["boots"] >= 3, "the way back", 40)
    state = _state(twin)
    assert (state.slot, state.testing, state.why) == ("slot0", False, why)
    assert state.version == "0.9.0" and state.hash == signing.file_image(image).hash
    with Module(twin.url) as module:
        told = [line for line in fetch(module, module.identity().serial).entries() if line.event == "update_reverted"]
    assert [line.fields for line in told] == [{"version": "0.9.0", "why": why}]


def test_a_mark_that_was_cut_and_data_that_are_lost_leave_what_was_confirmed(make_updated, other):
    """Of the cuts of `python -m tests.bench update-power` one, through the whole module; then the image that was
    confirmed starts, not the newer one, which nobody ever kept."""
    image = other()
    twin = make_updated(image)
    with Module(twin.url) as module:
        assert module.update_state().slot == "slot0"  # what its first use writes is written
    twin.fault("power_cut", after=3, torn=100)
    with contextlib.suppress(HostError):  # the link goes with the power
        _mark(twin, image)
    wait_for(lambda: twin.status()["boots"] > 1, "the cut", 40)
    twin.fault("clear")
    state = _state(twin)
    assert state.slot == "slot0" or state.testing
    twin.stop()
    place = partitions.partition("data")
    write_parts(twin.state_dir, {"data": (b"\0" * 8 + b"littlefs" + b"\0" * 4080) * (place.size // 8192)})
    with Twin(twin.state_dir, provider=FACE, virtual_time=True) as again, Module(again.url) as module:
        state = module.update_state()
        assert state.slot == "slot0" and not state.testing
        with pytest.raises(RequestFailed, match="cannot be read"):
            module.image_mark(signing.file_image(image).hash)
