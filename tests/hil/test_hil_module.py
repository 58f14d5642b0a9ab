"""What a module says of itself and does when asked, by our client on the rig's port."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from dermis.core import vocabulary
from dermis.core.burst import FRAME_BYTES
from dermis_host import RequestFailed
from dermis_host.recording import SHAPE

VERDICTS = ("bona_fide", "attack", "no_decision")
WATCHED = 3


def test_identity(module):
    identity = module.identity()
    assert identity.serial and identity.board and identity.firmware and identity.runtime and identity.imager
    assert identity.model and len(identity.model_hash) == 16
    assert identity.state in ("bench", "field", "service")
    assert bool(identity.swir_head) == identity.swir
    assert identity.calibrated == bool(identity.calibration) == module.calibration_state().calibrated


def test_echo_parameters_and_clock(module):
    assert module.echo("über allen Gipfeln") == "über allen Gipfeln"
    parameters = module.parameters()
    assert parameters.buf_size >= 1024 and parameters.buf_count >= 1
    assert len(module.datetime_read()) >= len("2026-01-01T00:00:00")


def test_selftest_passes_and_each_check_has_its_limits(calibrated, module):
    outcome = module.selftest()
    assert outcome.ok, [check for check in outcome.checks if not check["ok"]]
    names = {check["name"] for check in outcome.checks}
    lights = {f"light_{light}" for light in (*vocabulary.NIR_BANDS, "dots")}
    assert {"imager", "thermometer", "storage", "model", "calibration", *lights} <= names
    for check in outcome.checks:
        if check["low"] is not None:
            assert check["value"] >= check["low"], check
        if check["high"] is not None:
            assert check["value"] <= check["high"], check


@pytest.mark.needs("swir")
def test_selftest_lights_each_swir_led(module):
    names = {check["name"] for check in module.selftest().checks}
    assert {f"swir_{band}" for band in vocabulary.SWIR_BANDS} <= names


def test_a_burst_holds_every_frame(module):
    burst = module.burst()
    assert set(vocabulary.LIGHTS) <= set(burst.frames)
    frame = module.frame(burst, "850")
    assert len(frame) == FRAME_BYTES and len(set(frame)) > 1


def test_a_burst_of_some_lights(module):
    burst = module.burst(lights=("850",))
    assert "850" in burst.frames and "970" not in burst.frames


def test_a_burst_that_is_over_is_refused(module):
    first = module.burst(lights=("850",))
    module.burst(lights=("850",))
    with pytest.raises(RequestFailed):
        module.burst_part(first.id, "850")


def test_a_capture_says_what_made_it(module):
    identity = module.identity()
    recording = module.capture()
    assert {name: frame.shape for name, frame in recording.frames.items()} == dict.fromkeys(recording.frames, SHAPE)
    assert recording.module["serial"] == identity.serial
    assert recording.module["simulated"] == (identity.board == "twin")


def test_a_verdict_says_what_it_was_made_with(calibrated, module):
    identity = module.identity()
    verdict = module.verify(nonce=b"of this moment", transaction=b"gate 7")
    assert verdict.verdict in VERDICTS and verdict.bursts >= 1
    assert verdict.verdict == "bona_fide" or verdict.reasons
    assert verdict.nonce == b"of this moment"
    assert (verdict.firmware, verdict.model_hash) == (identity.firmware, identity.model_hash)
    assert (verdict.calibration, verdict.profile) == (identity.calibration, identity.profile)
    assert module.evidence()


def test_watch_tells_verdicts_until_it_is_stopped(module):
    with contextlib.closing(module.watch(0)) as events:
        seen = list(itertools.islice(events, WATCHED))
    assert len(seen) == WATCHED and all(event["verdict"] in VERDICTS for event in seen)
    assert module.burst().frames  # the sensors are free again


def test_posture(module):
    posture = module.posture()
    assert posture.state == module.identity().state and not posture.faults
    assert not set(posture.open) & set(posture.locked)
    assert posture.defaults == [] or not posture.provisioned


@pytest.mark.parametrize(
    "ask",
    [
        lambda module: module.burst(lights=("ultraviolet",)),
        lambda module: module.setting_read("no_such_setting"),
        lambda module: module.calibration_read(slot="attic"),
        lambda module: module.state_change("retired"),
    ],
    ids=["light", "setting", "slot", "state"],
)
def test_what_cannot_be_is_refused_in_a_sentence(module, ask):
    with pytest.raises(RequestFailed) as refused:
        ask(module)
    assert len(refused.value.sentence.split()) > 2
    assert module.echo("still there") == "still there"
