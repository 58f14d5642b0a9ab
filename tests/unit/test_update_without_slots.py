"""A Coral has no slots: every message of an update is answered by the sentence that says what to do instead."""

from __future__ import annotations

import asyncio

import pytest
from dermis.core.errors import RC_NOT_SUPPORTED, SensorFault, WireError
from dermis.drivers.flash.coral import WHY, CoralFlash
from update_module import Bench, image


@pytest.fixture
def update():
    bench = Bench()
    bench.drivers = bench.drivers._replace(flash=CoralFlash())
    bench.restart()
    from dermis.app import update as app

    return app.of(bench.module)


def test_nothing_is_taken_marked_or_erased(update):
    data = image()
    for work in (
        lambda: update.receive(0, data[:512], 0, len(data), b"", False),
        lambda: update.mark(b"", True),
        lambda: update.erase(1),
    ):
        with pytest.raises(WireError, match=r"install\.sh") as caught:
            asyncio.run(work())
        assert caught.value.code == RC_NOT_SUPPORTED


def test_the_state_is_told(update):
    assert update.slots.table() == []
    state = update.state()
    assert state["slot"] == "" and state["held"] == 0 and not state["testing"]


def test_the_driver_itself_refuses():
    flash = CoralFlash()
    for work in (
        lambda: flash.read_at("slot0", 0, bytearray(4)),
        lambda: flash.erase("slot0", 0, 4096),
        lambda: flash.write("slot0", 0, b"1"),
        lambda: flash.mount("slot0", 0, 4096, "/app"),
    ):
        with pytest.raises(SensorFault) as caught:
            work()
        assert str(caught.value) == WHY
