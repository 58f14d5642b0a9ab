"""An image that is being tried: its self-test, its time, and how it goes back."""

from __future__ import annotations

import asyncio

import pytest
from dermis.app import trial
from dermis.app.calibration_store import NO_RECORD
from dermis.app.self_test import check
from dermis.core import boot_state
from dermis.core.errors import SensorFault
from update_module import Bench, hash_of, image

OLD, NEW = image("0.1.0"), image("0.2.0")


@pytest.fixture
def tried(request) -> Bench:
    """A module whose update is being tried; `permanent` by the test's parameter."""
    bench = Bench(OLD)
    bench.upload(NEW)
    bench.mark(hash_of(NEW), confirm=getattr(request, "param", False))
    bench.restart()
    bench.module.model = SoundModel()
    return bench


class SoundModel:
    hash = "0123456789abcdef"

    def sound(self) -> bool:
        return True


def run(bench: Bench, meanwhile=None) -> float:
    """Seconds that the trial took, until it was over."""
    waited = 0.0

    async def pause(seconds):
        nonlocal waited
        waited += seconds
        if meanwhile is not None:
            meanwhile(waited)
        await asyncio.sleep(0)

    bench.update  # noqa: B018 - made here, with what the first stage left
    asyncio.run(trial.run(bench.module, pause))
    return waited


def stored(bench: Bench) -> boot_state.State:
    return boot_state.decode(bench.drivers.storage.read(boot_state.FILE))


def test_one_that_nobody_confirms_goes_back_after_ten_minutes(tried):
    assert run(tried) == trial.BACK_AFTER_S
    assert tried.drivers.system.resets == 1 and stored(tried).why == boot_state.NOT_CONFIRMED
    tried.restart()
    assert tried.update.state()["slot"] == "slot0"


def test_one_that_is_confirmed_stays(tried):
    def confirm(waited):
        if waited == 7:
            tried.update.confirm()

    assert run(tried, confirm) == 7
    assert tried.drivers.system.resets == 0 and stored(tried) == boot_state.fresh(1, 3)


@pytest.mark.parametrize("tried", [True], indirect=True)
def test_a_permanent_one_confirms_itself_when_its_self_test_passes(tried):
    assert run(tried) == trial.BEGIN_AFTER_S
    assert stored(tried) == boot_state.fresh(1, 3) and not tried.update.slots.testing


@pytest.mark.parametrize("tried", [False, True], indirect=True)
def test_one_whose_self_test_fails_goes_back_at_once(tried):
    tried.module.model = None
    assert run(tried) == trial.BEGIN_AFTER_S
    assert tried.drivers.system.resets == 1 and stored(tried).why == boot_state.SELF_TEST
    assert stored(tried).version == "0.2.0"


def test_a_silent_sensor_is_the_image_fault(tried):
    tried.drivers.thermometer.fault = SensorFault("the thermometer does not answer")
    run(tried)
    assert stored(tried).why == boot_state.SELF_TEST


def test_it_waits_for_the_sensors(tried):
    tried.module.busy = "verify"

    def finish(waited):
        if waited == 5:
            tried.module.busy = ""
        if waited == 9:
            tried.update.confirm()

    assert run(tried, finish) == 9 and tried.drivers.system.resets == 0


def test_sensors_that_stay_busy_do_not_keep_it(tried):
    tried.module.busy = "watch"
    assert run(tried) == trial.BACK_AFTER_S
    assert tried.drivers.system.resets == 1 and stored(tried).why == boot_state.NOT_CONFIRMED


def test_one_confirmed_before_its_self_test_is_not_started_again(tried):
    tried.module.busy = "verify"
    tried.module.model = None  # the self-test fails

    def confirm(waited):
        if waited == 5:
            tried.update.confirm()
            tried.module.busy = ""

    run(tried, confirm)
    assert tried.drivers.system.resets == 0 and stored(tried) == boot_state.fresh(1, 3)


def test_a_trial_that_fails_itself_goes_back(tried, monkeypatch):
    async def fails(_module):
        raise ZeroDivisionError

    monkeypatch.setattr(trial, "self_test", fails)
    run(tried)
    assert tried.drivers.system.resets == 1 and stored(tried).why == boot_state.CRASH


def test_storage_that_takes_no_note_does_not_keep_it(tried):
    def breaks(_waited):
        tried.drivers.storage.broken = True

    run(tried, breaks)
    assert tried.drivers.system.resets == 1
    tried.drivers.storage.broken = False
    assert stored(tried).tried  # so that the first stage goes back
    tried.restart("software")
    assert tried.update.state()["slot"] == "slot0" and tried.update.state()["why"] == boot_state.NOT_CONFIRMED


def test_only_what_an_image_can_break_counts():
    passed = check("imager", True, 3)
    weak = check("light_850", False, 10, "linear counts", 100, 200, "calibrate again")
    sun = check("imager", False, 40000, "linear counts", 0, 32768, "shade it")
    silent = check("imager", False, todo="no frame")
    dead = check("swir_1450", False, 1, "counts", 5, None, "replace the LED")
    unplugged = check("swir", False, todo="check its cable")
    model = check("model", False, "0123", todo="install it again")
    record = check("calibration", False, "", todo=NO_RECORD)
    full = check("storage", False, 100, "bytes", 1000, None, "remove files")
    assert trial.broken([passed, weak, sun, dead, full], True) == []
    assert trial.broken([silent, unplugged, model], False) == ["imager", "swir", "model"]
    assert trial.broken([record], False) == [] and trial.broken([record], True) == ["calibration"]
