"""Whole passages of a calibrated module before a face: panel, trigger, relay, Wiegand, and its memory."""

from __future__ import annotations

import json

import osdp
from dermis.core.wiegand import frame
from dermis_host import Module

from tests.twin.conftest import wait_for
from tests.twin.indulgent import INDULGENT, STERN, indulgent_model
from tests.twin.osdp_panel import Panel, install
from tests.twin.quick_record import quick_record

ADDRESS, KEY = 5, bytes(range(50, 66))
SETTINGS = {
    "lock_osdp": "on",
    "lock_osdp_address": str(ADDRESS),
    "lock_start": "trigger",
    "lock_relay_ms": "1500",
    "lock_wiegand": "26",
    "lock_facility": "7",
    "lock_card": "4711",
    "profile": INDULGENT,
}
BONA_FIDE, ATTACK = 1, 2
PASSED, OWN = frame("26", 7, 99), frame("26", 7, 4711)  # the panel's card of a passage, and the settings'


def verdict_of(event: dict) -> tuple[bytes, int, bytes]:
    """(transaction, verdict, words) of a manufacturer reply with a card of 26 bits."""
    data = event["data"]
    assert event["event"] == osdp.Event.ManufacturerReply and data[0] == 0x81 and data[9] == 26
    return data[1:5], data[5], data[14:]


def bits_of(event: dict) -> str:
    assert event["event"] == osdp.Event.CardRead and event["format"] == osdp.CardFormat.Wiegand
    data = event["data"]
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"[: event["length"]]


def test_passages(make_twin, tmp_path):
    twin = make_twin(model=indulgent_model(tmp_path), bus_port=0)
    told: list[str] = []
    with Module(twin.url, on_log=told.append) as module:
        for name, value in SETTINGS.items():
            module.setting_write(name, value.encode())
        module.reset()
        module.store_calibration(quick_record(module.identity()))  # beside the lock's side, which takes memory
        install(twin, ADDRESS, KEY)
        with Panel(twin.status()["bus"], ADDRESS, KEY) as panel:
            panel.wait_secured()
            assert panel.begin(b"gate", PASSED)
            verdict, card = panel.events(2, 60)
            assert verdict_of(verdict) == (b"gate", BONA_FIDE, INDULGENT.encode()) and bits_of(card) == PASSED
            assert not twin.request({"do": "lock_history"})["relay_closures"]  # the panel decides what follows

            twin.lock("trigger", True)
            pressed, verdict, card = panel.events(3, 60)
            assert pressed["report"] == b"\x01"
            assert verdict_of(verdict)[1] == BONA_FIDE and bits_of(card) == OWN
            wait_for(lambda: twin.request({"do": "lock_history"})["frames"], "the Wiegand frame")
            history = twin.request({"do": "lock_history"})
            [[closed_us, opened_us]] = history["relay_closures"]
            assert 1_500_000 <= opened_us - closed_us < 1_700_000
            assert [each["bits"] for each in history["frames"]] == [OWN]
            twin.lock("trigger", False)
            panel.events(1)

            module.setting_write("profile", STERN.encode())
            twin.lock("trigger", True)
            _, verdict = panel.events(2, 60)
            _, what, words = verdict_of(verdict)
            assert (what, words) == (ATTACK, f"{STERN},model".encode()) and panel.silent_for(0.3)
            assert twin.request({"do": "lock_history"}) == history  # nothing opened
            assert panel.secured, "the panel lost the module while it was busy"
        module.setting_write("profile", INDULGENT.encode())
        assert module.verify().verdict == "bona_fide"
        assert twin.request({"do": "lock_history"}) == history  # the host's verdict is not the trigger's
    events = [json.loads(line)["event"] for line in told if line.startswith("{")]
    assert not [event for event in events if "fail" in event or "fault" in event], events
