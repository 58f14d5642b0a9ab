"""The bring-up checklist names commands, options, pins and figures that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dermis_host import cli
from dermis_hw.boards.wiring import wired
from dermis_hw.environment import SUPPLY_V
from dermis_hw.eye_safety import cases
from dermis_hw.optics import DM1

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "bring-up.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`dermis ([^`]+)`", PAGE)))
BOARD = wired("esp32s3")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command, capsys):
    words = command.split()
    named = [word for word in words if not word.startswith("-") and word.islower()][:2]
    named = named[: 2 if named[0] == "calibrate" else 1]
    assert cli.main([*named, "--help"]) == 0
    told = capsys.readouterr().out
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(^|[\s\[]){option}\b", told), option


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("gpio 14, 21, 38 and 47 to ground", ("light_pulse", "light_current", "swir_pulse", "relay")),
        ("gpio 41, 42 (Wiegand)", ("wiegand_d0", "wiegand_d1")),
        ("SCCB (gpio 4, 5)", ("camera_sda", "camera_scl")),
        ("XCLK (gpio 15", ("camera_xclk",)),
        ("VSYNC (gpio 6)", ("camera_vsync",)),
        ("SDA (gpio 1)", ("i2c_sda",)),
        ("(gpio 20 and 19)", ("usb_dp", "usb_dm")),
        ("gpio 11, 9, 8, 10, 12, 18, 17, 16 are D0 to D7", tuple(f"camera_d{bit}" for bit in range(8))),
    ],
)
def test_a_pin_is_the_board_data_s(words, names):
    assert words in PAGE
    told = re.findall(r"\d+", words.split("are D0")[0])
    assert [int(number) for number in told] == [BOARD.pins[name].gpio for name in names]


def test_times_are_the_board_data_s():
    shots, off = BOARD.one_shots, cases.ONE_SHOT_TOLERANCE
    assert f"{shots['light_us'] * (1 - off) / 1000:.0f} to {shots['light_us'] * (1 + off) / 1000:.0f} ms" in PAGE
    assert f"{shots['swir_us'] * (1 - off):.0f} to {shots['swir_us'] * (1 + off):.0f} us" in PAGE
    assert f"none longer than {DM1.longest_pulse_us // 1000} ms" in PAGE
    assert f"within {cases.interlock_us(cases.brightest()):.1f} us" in PAGE
    assert SUPPLY_V[0] < 12 < SUPPLY_V[1]


def test_bits_are_the_board_data_s():
    assert (BOARD.expander["trigger"].bit, BOARD.expander["tamper"].bit) == (9, 10)
    assert "bits 9 and 10" in PAGE


def test_what_is_linked_is_there():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        assert (ROOT / "docs" / target).exists() or target == "lock.md", target
