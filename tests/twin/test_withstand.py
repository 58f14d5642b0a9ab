"""Parts that are absent, dead or stuck, at a start and in the middle of a burst: the module answers, says which, does
not decide, and decides again when the part does what it should. One module before one face for all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dermis.core import calibration, vocabulary
from dermis_host import Module, cli
from dermis_host.errors import EXIT_NO_DECISION, HostError
from dermis_hw.twin import Twin
from dermis_hw.twin.peripherals import PARTS

from tests.twin.conftest import wait_for
from tests.twin.indulgent import INDULGENT, indulgent_model
from tests.twin.quick_record import quick_record

REFUSED = (vocabulary.NO_DECISION, vocabulary.SENSOR_FAULT)
# A fault, in the middle of a burst where it can come there, and what the module must say of it.
FAULTS = [
    ("dead_part", {"part": "imager"}, "imager"),
    ("dead_part", {"part": "imager", "after": 4}, "imager"),
    ("silent_imager", {}, "imager sent no frame"),
    ("silent_imager", {"after": 3}, "imager sent no frame"),
    ("frozen_imager", {}, "imager"),
    ("frozen_imager", {"after": 3}, "same frame again"),
    ("short_frames", {"missing": 1}, "not whole"),
    ("short_frames", {"missing": 40_000, "after": 3}, "not whole"),
    ("dead_part", {"part": "lights"}, "lights"),
    ("dead_part", {"part": "lights", "after": 3}, "lights"),
    ("dead_light", {"light": "dots"}, "dots"),  # lights that die in a pulse: test_hostile.py
    ("interlock_open", {}, "diffuser"),
    ("dead_part", {"part": "swir_adc"}, "SWIR"),
    ("dead_part", {"part": "swir_adc", "after": 3}, "SWIR"),
    ("stuck_adc", {"value": 0}, "SWIR"),
    ("stuck_adc", {"value": 700}, "SWIR"),
    ("dead_part", {"part": "thermometer"}, "thermometer"),
    ("dead_part", {"part": "i2c"}, "I2C"),
    ("dead_part", {"part": "i2c", "after": 8}, "I2C"),
]


@pytest.fixture(scope="module")
def before_a_face(make_shared_twin, tmp_path_factory) -> Iterator[tuple[Twin, Module]]:
    """A twin and its calibrated module, which lets the face pass, by one burst."""
    twin = make_shared_twin(model=indulgent_model(tmp_path_factory.mktemp("model")))
    with Module(twin.url) as module:
        module.setting_write("profile", INDULGENT.encode())
        module.store_calibration(quick_record(module.identity()))
        assert passes(module)
        yield twin, module


def passes(module: Module) -> bool:
    return module.verify().verdict == vocabulary.BONA_FIDE


@contextmanager
def fault(twin: Twin, name: str, **arguments) -> Iterator[None]:
    twin.fault(name, **arguments)
    try:
        yield
    finally:
        twin.fault("clear")


def restarted(twin: Twin) -> None:
    """A reset, and the firmware is there again."""
    twin.reset()
    wait_for(lambda: twin.status()["said_hello"], "the firmware to start")


def refused(twin: Twin, module: Module, word: str) -> None:
    verdict = module.verify()
    assert (verdict.verdict, verdict.reasons[0]) == REFUSED, verdict
    assert word in verdict.evidence["fault"], verdict.evidence
    assert not twin.lights()["any_on"]


@pytest.mark.parametrize(("name", "arguments", "word"), FAULTS, ids=[f"{f[0]} {f[1]}" for f in FAULTS])
def test_a_part_that_fails_is_named_and_nothing_is_decided(before_a_face, name, arguments, word):
    twin, module = before_a_face
    boots = twin.status()["boots"]
    with fault(twin, name, **arguments):
        refused(twin, module, word)
        module.echo("still there")
    assert passes(module), "it does what it should again"
    assert twin.status()["boots"] == boots


def test_old_frames_are_no_frames_of_this_burst(before_a_face):
    """They were lit by what was lit then: nothing may be decided from them."""
    twin, module = before_a_face
    for count in (1, 3):
        with fault(twin, "old_frames", count=count):
            assert module.verify().verdict in (vocabulary.NO_DECISION, vocabulary.BONA_FIDE)
    assert passes(module)


def test_several_parts_at_once(before_a_face):
    twin, module = before_a_face
    with fault(twin, "dead_part", part="i2c", after=8):
        twin.fault("silent_imager", after=2)
        twin.fault("stuck_adc")
        verdict = module.verify()
        assert (verdict.verdict, verdict.reasons[0]) == REFUSED, verdict
        failed = {check["name"] for check in module.selftest().checks if not check["ok"]}
        assert {"imager", "thermometer"} <= failed and any(name.startswith("swir") for name in failed)
    assert passes(module)


@pytest.mark.parametrize("part", ["imager", "i2c"])  # lights, SWIR head and thermometer hang on the bus
def test_a_part_that_is_absent_at_a_start(before_a_face, part):
    twin, module = before_a_face
    sentence = PARTS[part][0]
    with fault(twin, "dead_part", part=part):
        restarted(twin)
        assert module.identity().calibrated, "it answers"
        refused(twin, module, sentence)
        assert sentence in json.dumps([check["todo"] for check in module.selftest().checks if not check["ok"]])
    assert passes(module), "without another reset"


def test_flash_that_dies_and_is_dead_at_a_start(before_a_face):
    """What runs runs on, and says that nothing is kept; what starts has no keys and no record, and is in the field."""
    twin, module = before_a_face
    with fault(twin, "dead_part", part="flash"):
        assert "storage" in {check["name"] for check in module.selftest().checks if not check["ok"]}
        with pytest.raises(HostError, match="could not be stored"):
            module.store_calibration(quick_record(module.identity()))
        restarted(twin)
        assert (module.identity().state, module.verify().reasons) == ("field", [vocabulary.NOT_CALIBRATED])
    restarted(twin)
    assert module.identity().state == "bench" and passes(module)


def test_a_brown_out_in_a_burst_ends_the_burst_and_nothing_else(before_a_face):
    twin, module = before_a_face
    for light in ("", "dots"):
        boots = twin.status()["boots"]
        with fault(twin, "brown_out", light=light):
            with pytest.raises(HostError, match="restarted"):
                module.verify()
            assert twin.status()["boots"] == boots + 1 and not twin.lights()["any_on"]
        wait_for(lambda: twin.status()["said_hello"], "the firmware to start")
        assert passes(module)


def test_a_brown_out_while_a_record_is_written_leaves_a_whole_one_in_force(before_a_face):
    twin, module = before_a_face
    before = module.calibration_record()
    with fault(twin, "power_cut", after=40, torn=100), pytest.raises(HostError):
        module.store_calibration(quick_record(module.identity()))
    wait_for(lambda: twin.status()["said_hello"], "the firmware to start")
    assert calibration.name_of(before) == module.calibration_state().hash
    assert passes(module)


def test_a_script_is_told_by_the_exit_code(before_a_face, capsys):
    twin, module = before_a_face
    module.close()
    with fault(twin, "dead_part", part="thermometer"):
        code = cli.main(["verify", "-p", twin.url, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == EXIT_NO_DECISION and "thermometer" in told["evidence"]["fault"]
