"""A module that starts from an image, is calibrated, given keys, handed sessions and an update, all without a restart:
its heap is still in pieces large enough for the next verification, and fits what an ESP32-S3 is promised.

`python -m tests.bench heap` prints where it goes.
"""

from __future__ import annotations

import json

import pytest
from dermis.core import slot
from dermis_host import Module
from dermis_host.access import provisioning
from dermis_host.access.keyring import Keyring
from dermis_host.building import signing
from dermis_host.recording import load
from dermis_hw import scenes
from dermis_hw.module_instance import draw

from tests.bench import heap_life

# With this computer's pointers of 64 bits; near 1,800 KiB the last pieces are used up (docs/timing.md). A firmware that
# has outgrown this is too large for an ESP32-S3's promise, too.
HEAP_K = 1856
# In one piece: a packet, its answer and the small things of a verification, several times over.
LARGEST_PIECE_LEFT = 32 * 1024

pytestmark = [pytest.mark.render, pytest.mark.timeout(120)]


def test_after_all_of_it_the_next_verification_finds_room(make_flashed_twin, built, tmp_path):
    image = built.image.read_bytes()
    later = heap_life.later_image(image)
    twin = make_flashed_twin(
        parts={"slot0": image.ljust(slot.MARK_AT, b"\xff") + signing.file_image(image).hash, "slot1": later},
        provider=None,
        scene=scenes.builtin(heap_life.SCENE),
        module=draw(heap_life.MODULE_SEED),
        interpreter=str(heap_life.with_heap(tmp_path, HEAP_K)),
    )
    with Module(twin.url) as module:
        assert module.update_state().slot == "slot0"
        module.selftest()
        record = load(heap_life.RECORDING).calibration
        module.store_calibration(record)
        assert module.verify().verdict == "bona_fide"
        keyring = Keyring.create(tmp_path / "keyring", fleet="test", update_keys=[])
        records = provisioning.records_signed_anew(module, keyring)
        heap_life.give_keys(module, keyring)
        provisioning.store_records(module, records)
        provisioning.prove(module, keyring)
        assert module.verify().verdict == "bona_fide"
        module.posture()
        module.image_mark(signing.file_image(later).hash)  # its signature is checked
        assert module.update_state().pending == "slot1"
        provisioning.store_records(module, records)  # and says what piece is left
        assert module.verify().verdict == "bona_fide"
    log = heap_life.log_lines(twin.state_dir / "console.log")
    left = [line["heap_largest"] for line in log if line["event"] == "calibration_stored"]
    assert len(left) == 3 and min(left) >= LARGEST_PIECE_LEFT, f"largest free pieces: {left} bytes"
    assert twin.status()["boots"] == 1, "it was restarted on the way"
    assert not [line for line in log if "MemoryError" in json.dumps(line)]
