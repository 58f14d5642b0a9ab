"""Each peripheral of the fake ESP32-S3 absent, dead or stuck, at the start and in the middle of a burst: the module
answers, says which it is, gives no verdict but no decision, leaves nothing burning and hangs for nobody."""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.esp32s3.session import WATCHDOG_MS, Chip, Hung, calibrated_data

Dm1 = Any
FED_EVERY_MS = 10_000
MIDDLES_MS = (50, 200, 350, 500)  # after the request, of a burst of 0.9 s by a module whose imager is awake
# What `BREAKS` changes.
CHANGED = {
    "imager": ("absent", "silent", "short_bytes", "frozen", "saturated"),
    "lights": ("dead",),
    "expander": ("absent", "outside", "shorted"),
    "thermometer": ("absent", "raw"),
    "adc": ("absent", "stuck"),
}


def put(where: Callable[[Dm1], Any], **values: Any) -> Callable[[Dm1], None]:
    def broken(dm1: Dm1) -> None:
        for name, value in values.items():
            setattr(where(dm1), name, value)

    return broken


def input_at(name: str, level: int) -> Callable[[Dm1], None]:
    return lambda dm1: dm1.expander.outside.update({dm1.board["expander"][name][0]: level})


# What happens -> the words by which it must be named, in the verdict's evidence or by the self-test.
BREAKS: dict[str, tuple[Callable[[Dm1], None], str]] = {
    "imager absent": (put(lambda dm1: dm1.imager, absent=True), "imager"),
    "imager silent": (put(lambda dm1: dm1.imager, silent=True), "imager"),
    "imager cut short": (put(lambda dm1: dm1.imager, short_bytes=100), "imager sent a frame that is not whole"),
    "imager frozen": (put(lambda dm1: dm1.imager, frozen=True), "imager sends the same frame"),
    "imager blinded": (put(lambda dm1: dm1.imager, saturated=True), "saturated"),
    "LED dead": (lambda dm1: dm1.lights.dead.add("850"), "light 850 stays dark"),
    "projector dead": (lambda dm1: dm1.lights.dead.add("dots"), "light dots stays dark"),
    "diffuser missing": (input_at("interlock", 0), "diffuser"),
    "light driver at fault": (input_at("light_fault", 0), "lights' driver"),
    "expander absent": (put(lambda dm1: dm1.expander, absent=True), "expander at 0x20"),
    "expander stuck": (lambda dm1: dm1.expander.shorted.update({0: 1, 1: 0}), "expander's outputs"),
    "thermometer absent": (put(lambda dm1: dm1.thermometer, absent=True), "thermometer at 0x48"),
    "thermometer stuck": (put(lambda dm1: dm1.thermometer, raw=-0x8000), "thermometer"),
    "ADC absent": (put(lambda dm1: dm1.adc, absent=True), "adc at 0x4d"),
    "ADC stuck": (put(lambda dm1: dm1.adc, stuck=45), "ADC gives the same value"),
    "SWIR LED dead": (lambda dm1: dm1.swir_levels.update({"1450": 0.0}), "LED of 1450 nm"),
    "SDA held low": (lambda dm1: dm1.hold.begin("sda"), "I2C bus low"),
    "SCL held low": (lambda dm1: dm1.hold.begin("scl"), "I2C bus low"),
}


@pytest.fixture(scope="module")
def data() -> bytes:
    return calibrated_data()


def names_it_and_decides_nothing(session, answer: dict, words: str, what: str) -> None:
    assert answer["verdict"] == "no_decision", (what, answer)
    assert answer["reasons"], what
    said = str(answer["evidence"])
    if words not in said:
        said += str(session.failing())
    assert words in said, (what, said)
    assert not session.dm1.lights.burning() and not session.dm1.swir.burning(), what


@pytest.mark.parametrize("what", BREAKS)
def test_broken_at_the_start(data, what):
    broken, words = BREAKS[what]
    with Chip(data=data).started(broken) as session:
        names_it_and_decides_nothing(session, session.verify(), words, what)


@contextlib.contextmanager
def mended_after(dm1: Dm1) -> Iterator[None]:
    """Whatever is broken within is whole again."""
    parts = [(getattr(dm1, name), attribute) for name, changed in CHANGED.items() for attribute in changed]
    parts.append((dm1, "swir_levels"))
    before = [copy.copy(getattr(part, attribute)) for part, attribute in parts]
    try:
        yield
    finally:
        for (part, attribute), value in zip(parts, before, strict=True):
            setattr(part, attribute, value)
        dm1.hold.end()


def test_broken_in_the_middle_of_a_burst_and_mended(data):
    """In one life: what one fault leaves behind must not hide the next one, nor outlast its end."""
    chip = Chip(data=data)
    with chip.started() as session:
        for number, (what, (broken, words)) in enumerate(BREAKS.items()):
            middle_ms = MIDDLES_MS[number % len(MIDDLES_MS)]
            with mended_after(chip.dm1):
                answer = session.verify(at={middle_ms: lambda broken=broken: broken(chip.dm1)})
                names_it_and_decides_nothing(session, answer, words, f"{what} after {middle_ms} ms")
        assert session.verify()["verdict"] == "bona_fide"


def test_flash_that_breaks_is_named_and_the_sensors_still_speak(data):
    """No light passes through the flash: with the record in memory the verdict stands, and the self-test says more."""
    chip = Chip(data=data)

    def broken(dm1):
        dm1.chip.flash.broken = True

    with chip.started() as session:
        assert session.verify(at={200: lambda: broken(chip.dm1)})["verdict"] == "bona_fide"
        assert "data partition" in session.failing()["storage"]
    with Chip(data=data).started(broken) as session:
        names_it_and_decides_nothing(session, session.verify(), "storage", "flash at the start")


def test_a_module_at_the_service_headers_uart_says_the_same(data):
    with Chip(data=data, link="uart").started() as session:
        assert session.verify()["verdict"] == "bona_fide"
        assert not session.dm1.chip.usb.sent, "the other console hears nothing of it"


def test_a_host_that_stops_reading_holds_nothing_up(data):
    chip = Chip(data=data)
    with chip.started() as session:
        usb = chip.dm1.chip.usb
        session.ask(("identity", {}))
        usb.reading = False
        session.patience_ms = 5000
        with pytest.raises(Hung):  # nobody hears the answer
            session.verify()
        assert not chip.dm1.lights.burning()
        usb.reading = True
        assert session.verify()["verdict"] == "bona_fide"


def test_what_hangs_is_ended_by_the_watchdog_in_the_dark_and_told_after_the_restart(data, tmp_path):
    (tmp_path / "data").write_bytes(data)
    command = [sys.executable, "-m", "tests.esp32s3.hanging", str(tmp_path / "data")]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert said["why"] == "watchdog" and said["burning"] == ["", ""], said
    assert WATCHDOG_MS <= said["after_ms"] <= WATCHDOG_MS + FED_EVERY_MS + 1000, said
    assert 0 < said["longest_pulse_us"] <= said["allowed_us"], said

    def by_the_watchdog(dm1):
        dm1.chip.reset_state.start("watchdog")

    with Chip(data=data).started(by_the_watchdog) as session:
        assert session.module.system.reset_cause() == "watchdog"
        assert session.verify()["verdict"] == "bona_fide"
