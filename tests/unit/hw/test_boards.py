"""What the firmware is told of a board, and that a board's file that cannot be so is refused by one sentence."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from dermis.core.errors import DermisError
from dermis_hw import boards
from dermis_hw.boards import wiring
from dermis_hw.boards.wiring import BoardError, checked
from dermis_hw.optics import DM1

Toml = dict[str, Any]
# What the twin's file held before boards had pins; images and recordings were made with it.
TWIN_KEYS = {
    "format",
    "board",
    "focal_px_q8",
    "centre_u_q8",
    "centre_v_q8",
    "baseline_um",
    "z_ref_mm",
    "z_near_mm",
    "z_far_mm",
    "exposure_us",
    "gain_q8",
    "buffers",
    "row_time_us",
    "frame_period_us",
    "latency_us",
    "level_q8",
    "longest_pulse_us",
    "monitor_columns",
    "monitor_nominal",
    "gamma_q8",
    "black_code",
    "swir",
    "swir_pairs",
    "swir_centre_um",
    "swir_fwhm_urad",
    "profile",
}


@pytest.fixture
def own() -> Toml:
    return copy.deepcopy(wiring._toml("esp32s3"))


@pytest.fixture
def coral() -> Toml:
    return copy.deepcopy(wiring._toml("coral"))


@pytest.fixture
def common() -> Toml:
    return copy.deepcopy(wiring._toml("dm1"))


def test_the_twin_has_no_pins():
    twin = boards.board_file("twin")
    assert set(twin) == TWIN_KEYS
    assert json.loads(boards.hardware_json("twin")) == {"board": "twin", "revision": 1}


@pytest.mark.parametrize("damaged", [b"\xff", b"[pins", b'format = 1\nboard = "x'])
def test_a_damaged_file_is_refused_in_a_sentence(monkeypatch, tmp_path, damaged):
    (tmp_path / "esp32s3.toml").write_bytes(damaged)
    monkeypatch.setattr(wiring, "HERE", tmp_path)
    with pytest.raises(DermisError, match="is no TOML"):  # which the tools tell as it is
        wiring._toml("esp32s3")


@pytest.mark.parametrize("board", wiring.WIRED)
def test_a_wired_board_says_what_the_twin_says_and_where_its_wires_go(board):
    told = json.loads(boards.board_json(board))
    twin = boards.board_file("twin")
    # As the device reads it: lists for tuples. Linux stamps a frame as its last byte comes, others when they get to it.
    same = TWIN_KEYS - {"board", "latency_us"}
    assert {key: told[key] for key in same} == {key: twin[key] for key in same}
    least, most = twin["latency_us"]
    assert told["latency_us"] == [0 if board == "coral" else least, most]
    assert told["i2c"] == {"expander": 0x20, "thermometer": 0x48, "swir_adc": 0x4D}
    assert told["expander"]["light_fault"] == [12, 0]
    assert told["expander"]["light_select_1"] == [1, 0]
    assert told["light_select"] == {"850": 0, "970": 1, "1050": 2, "dots": 3}
    assert told["one_shots"]["light_us"] >= told["longest_pulse_us"] == DM1.longest_pulse_us
    assert told["duty_limit_q8"] / 256 <= DM1.duty_limit and told["duty_window_us"] == DM1.duty_window_us
    assert told["nominal_duty_u16"] == 65_535
    assert told["level_q8"].keys() == told["light_select"].keys()
    assert told["swir_select"].keys() == {"1050", "1200", "1300", "1450", "1550"}


def test_pins_are_numbers_on_the_esp32s3_and_lines_on_the_coral():
    s3, coral = (json.loads(boards.board_json(board)) for board in wiring.WIRED)
    assert s3["pins"]["light_pulse"] == 14
    assert coral["pins"]["light_pulse"] == ["/dev/gpiochip0", 6]
    assert s3["rmt_channels"].keys() <= s3["pins"].keys()
    assert coral["devices"]["i2c"] == "/dev/i2c-1"


def test_the_first_stage_is_told_every_pin_that_lights_something():
    stated = json.loads(boards.hardware_json("esp32s3"))
    assert stated == {"board": "esp32s3", "revision": 1, "emitter_pins": {"14": 0, "21": 0, "38": 0}}
    assert json.loads(boards.hardware_json("esp32s3", 7))["revision"] == 7


def test_the_coral_has_no_boot_partition():
    with pytest.raises(KeyError, match="no board 'coral'"):
        boards.hardware_json("coral")


def test_limits_come_from_the_optics():
    told = boards.board_file("esp32s3", replace(DM1, duty_limit=0.3, duty_window_us=5_000_000, longest_pulse_us=90_000))
    assert (told["duty_limit_q8"], told["duty_window_us"], told["longest_pulse_us"]) == (76, 5_000_000, 90_000)


def pin(name: str, **values: Any):
    """A change of a pin of the ESP32-S3; None takes the value away."""

    def change(own: Toml, _common: Toml) -> None:
        changed = own["pins"].setdefault(name, {})
        changed.update(values)
        for key in [key for key, value in changed.items() if value is None]:
            del changed[key]

    return change


def put(table: str, name: str, value: Any):
    """A change of an entry of a table of `dm1.toml`."""

    def change(_own: Toml, common: Toml) -> None:
        common[table][name] = value

    return change


def of_own(name: str, value: Any):
    def change(own: Toml, _common: Toml) -> None:
        own[name] = value

    return change


REFUSED = {
    "unknown key of a board": (of_own("colour", 1), "esp32s3.toml holds colour, which nobody reads"),
    "unknown key of a pin": (pin("relay", level=1), "pin relay holds level, which nobody reads"),
    "unknown clock": (of_own("clocks", {"moon_hz": 1}), "clocks holds moon_hz"),
    "a clock of 0": (of_own("clocks", {"cpu_hz": 0}), "clocks.cpu_hz is 0: give a whole number above 0"),
    "another format": (of_own("format", 2), "must begin with `format = 1`"),
    "another board's file": (of_own("board", "coral"), "must begin with"),
    "no revision": (of_own("revision", 0), "lacks a `revision`"),
    "a gpio used twice": (pin("spare", gpio=47), "gpio 47 is given to relay and to spare"),
    "a gpio of the flash": (pin("spare", gpio=27), "gpio 27 of pin spare belongs to flash and PSRAM"),
    "a gpio of the PSRAM": (pin("spare", gpio=37), "gpio 37 of pin spare belongs to flash and PSRAM"),
    "a gpio of USB": (pin("usb_dm", direction="in"), "19 and 20 belong to USB"),
    "USB elsewhere": (pin("spare", direction="usb"), "19 and 20 belong to USB"),
    "a gpio that is not bonded": (pin("spare", gpio=23), "needs a `gpio` that the ESP32-S3 has"),
    "no gpio": (pin("spare", gpio=None), "needs a `gpio` that the ESP32-S3 has"),
    "no direction": (pin("spare", direction=None), "pin spare needs a `direction`"),
    "an idle level of 2": (pin("relay", idle=2), "pin relay idles at 2"),
    "an emitter that is an input": (pin("spare", emits=True), "pin spare lights something: it must be an output"),
    "an emitter without darkness": (pin("light_pulse", idle=None), "give the `idle` level of darkness"),
    "a strapping pin held low": (pin("spare", gpio=45, direction="out", idle=1), "gpio 45 must be 0 at reset"),
    "the boot button's pin": (pin("boot_button", direction="out", idle=0), "gpio 0 must be 1 at reset"),
    "a strapping pin of no idle level": (pin("spare", gpio=46, direction="out"), "gpio 46 must be 0 at reset"),
    "idle high where it is low": (pin("i2c_sda", direction="out", idle=1), "gpio 1 is low for a moment at power-up"),
    "idle low where it is high": (pin("camera_d5", direction="out", idle=0), "gpio 18 is high for a moment"),
    "an RMT channel twice": (of_own("rmt_channels", {"relay": 0, "spare": 0}), "gives 0 to relay and to spare"),
    "an RMT channel too many": (of_own("rmt_channels", {"relay": 4}), "rmt_channels.relay is 4"),
    "an RMT channel of no pin": (of_own("rmt_channels", {"moon": 0}), "names moon, which is no pin"),
    "an address twice": (
        put("i2c", "moon", {"address": 0x48, "part": "X"}),
        "0x48 is given to thermometer and to moon",
    ),
    "a reserved address": (put("i2c", "moon", {"address": 0x78, "part": "X"}), "i2c.moon needs an `address`"),
    "a device of no part": (put("i2c", "moon", {"address": 0x30}), "the `part` that has it"),
    "a bit twice": (
        put("expander", "moon", {"bit": 9, "direction": "in", "active": 0}),
        "bit 9 .* trigger and to moon",
    ),
    "an output among inputs": (put("expander", "moon", {"bit": 9, "direction": "out", "idle": 0}), "expander.moon"),
    "an input of no level": (put("expander", "moon", {"bit": 13, "direction": "in"}), "its `active` level"),
    "an output of no decoder": (put("light_select", "moon", 4), "light_select.moon is 4: give a number from 0 to 3"),
    "an output twice": (put("swir_select", "moon", 4), "swir_select gives 4 to 1550 and to moon"),
    "a one-shot too short": (put("one_shots", "light_us", 199_999), "ends the longest pulse too soon: 200000 us"),
    "a SWIR one-shot too short": (put("one_shots", "swir_us", 99), "before the sample is taken: 100 us"),
    "a guard too short": (put("one_shots", "dots_guard_us", 219_999), "would cut a single pulse: 220000 us"),
    "an unknown one-shot": (put("one_shots", "moon_us", 1), "one_shots holds moon_us"),
    "a Wiegand pulse of 0": (put("wiegand", "pulse_us", 0), "wiegand.pulse_us is 0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_so_is_refused(what, own, common):
    change, sentence = REFUSED[what]
    checked("esp32s3", own, common)
    change(own, common)
    with pytest.raises(BoardError, match=sentence) as refused:
        checked("esp32s3", own, common)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("duty", [0, 65_536, None, 0.5])
def test_a_nominal_duty_that_is_none(duty, own, common):
    common["nominal_duty_u16"] = duty
    with pytest.raises(BoardError, match="nominal_duty_u16"):
        checked("esp32s3", own, common)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"line": 7}, "line 7 of /dev/gpiochip0 is given to light_pulse and to swir_pulse"),
        ({"header": 29}, "header pin 29 is given to light_pulse and to swir_pulse"),
        ({"gpio": 3}, "and no `gpio`"),
        ({"header": None}, "needs `chip`, `line` and `header`"),
    ],
)
def test_a_line_of_the_coral_is_given_once(changes, sentence, coral, common):
    coral["pins"]["light_pulse"].update(changes)
    with pytest.raises(BoardError, match=sentence):
        checked("coral", coral, common)


def test_an_unknown_device_of_the_coral(coral, common):
    coral["devices"]["moon"] = "/dev/moon"
    with pytest.raises(BoardError, match="devices holds moon"):
        checked("coral", coral, common)
