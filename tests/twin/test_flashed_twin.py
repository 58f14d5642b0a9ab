"""A build in flash, from reset to an answer: the same firmware as from sources, and nothing of the checkout."""

from __future__ import annotations

import pytest
from dermis.core import release
from dermis_host import Module
from dermis_host.errors import LinkError

from tests.twin.conftest import wait_for


def test_a_flashed_module_takes_bursts_answers_and_outlives_its_cable(make_flashed_twin):
    twin = make_flashed_twin()
    with Module(twin.url) as module:
        assert module.echo("from flash") == "from flash"
        assert module.identity().firmware == release.VERSION
        assert module.burst().frames
        assert module.verify().reasons == ["not_calibrated"], "it was flashed, and not calibrated"
        status = twin.status()
        assert status["from_flash"] and status["boots"] == 1
        twin.fault("cable_pulled")
        with pytest.raises(LinkError, match="still plugged in"):
            module.echo("gone")
    with Module(twin.url) as module:
        assert module.echo("again") == "again"
    assert twin.status()["boots"] == 2


def test_without_an_image_it_says_so_and_opens_no_prompt(make_flashed_twin):
    twin = make_flashed_twin(parts={"slot0": b""})
    log = twin.state_dir / "console.log"
    said = wait_for(lambda: "nothing_to_start" in (text := log.read_text()) and text, "the reason")
    assert "dermis flash" in said and ">>>" not in said
    assert twin.status()["boots"] == 1
