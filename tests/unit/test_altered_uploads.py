"""Every altered image once more, as somebody uploads it: nothing is kept, nothing is marked, what runs stays whole."""

from __future__ import annotations

import hashlib

import altered_images
import pytest
from dermis.app import update
from dermis.core import boot_state, mcuboot, slot
from dermis.core.errors import RC_INVALID, WireError
from update_module import Bench, hash_of, image, refusal

RUNNING = image("0.1.0")
LARGE_PIECE = 8192
# What is refused at the first piece, before a block is erased for it.
AT_ONCE = (mcuboot.NOT_AN_IMAGE, mcuboot.EMPTY, mcuboot.CUT_SHORT)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(RUNNING)


def uploaded(bench: Bench, data: bytes) -> bool:
    """Whether all of it was stored; its first piece may be refused."""
    try:
        bench.upload(data, size=LARGE_PIECE)
    except WireError as error:
        assert error.code == RC_INVALID
        return False
    return True


def test_the_good_image_would_be_kept(monkeypatch):
    bench = Bench(RUNNING)
    monkeypatch.setattr(update.Update, "_facts", lambda *_: altered_images.FACTS)
    good = altered_images.image()
    assert uploaded(bench, good) and bench.update.refused == ""
    bench.mark(hash_of(good))
    assert bench.update.state()["pending"] == "slot1"


def test_nothing_that_was_altered_is_kept(bench, monkeypatch):
    monkeypatch.setattr(update.Update, "_facts", lambda *_: facts)
    state = bench.drivers.storage.files.get(boot_state.FILE)
    wrong = []
    for case in altered_images.altered():
        facts = case.facts  # what the lambda above gives
        stored = uploaded(bench, case.data)
        why = bench.update.refused_why
        if not (why in case.reasons if stored else set(case.reasons) & set(AT_ONCE)):
            wrong.append((case.name, stored, why, case.reasons))
        for wanted in (claimed(case.data), hashlib.sha256(case.data).digest()):
            if wanted:
                refusal(bench.mark, wanted)
        assert bench.content("slot0", len(RUNNING)) == RUNNING
        assert bench.drivers.storage.files.get(boot_state.FILE) == state
        assert bench.update.state()["pending"] == ""
    assert wrong == []
    bench.restart()
    assert bench.left == {"slot": 0, "testing": False, "cause": "software", "board": "twin", "revision": 1}
    assert slot.image_in(bench.drivers.flash, "slot0").hash == hash_of(RUNNING)


def claimed(data: bytes) -> bytes:
    """The hash that these bytes name as theirs, where they can be taken apart."""
    try:
        return hash_of(data)
    except mcuboot.BadImage:
        return b""
