"""The lock's side on the twin, and its OSDP device before the control panel of libosdp."""

from __future__ import annotations

import time

import osdp
import pytest
from dermis.core.osdp_secure import KEY_BYTES
from dermis.core.wiegand import frame
from dermis_host import Module
from dermis_host.access import provisioning
from dermis_host.access.keyring import Keyring
from dermis_host.building import signing

from tests.twin.conftest import wait_for
from tests.twin.osdp_panel import VENDOR, Panel, install, keys_set

ADDRESS = 5
KEY = bytes(range(50, 66))
PANELS_KEY = bytes(range(60, 76))
SETTINGS = {"lock_osdp": "on", "lock_osdp_address": str(ADDRESS), "lock_start": "trigger", "lock_patience_ms": "0"}
NOT_CALIBRATED = b"border,not_calibrated"


def set_up(twin, settings=SETTINGS, keyring=None):
    """The module with these settings in force."""
    with Module(twin.url, keyring=keyring) as module:
        for name, value in settings.items():
            module.setting_write(name, value.encode())
        module.reset()


def status_event(kind, report: bytes) -> dict:
    return {"event": osdp.Event.Status, "type": kind, "report": report}


def outcome(transaction: bytes, asker: int, words: bytes = NOT_CALIBRATED, bits: str = "") -> dict:
    """The manufacturer reply of a passage without a decision."""
    card = int(bits.ljust((len(bits) + 7) // 8 * 8, "0") or "0", 2).to_bytes((len(bits) + 7) // 8, "big")
    data = b"\x81" + transaction + bytes((0, asker, 0, 0, len(bits))) + card + words
    return {"event": osdp.Event.ManufacturerReply, "vendor_code": VENDOR, "data": data}


@pytest.fixture(scope="module")
def bench(make_shared_twin):
    """A twin on the bench with an OSDP device and the panel's key, which the panel set by the default one."""
    twin = make_shared_twin("bench", bus_port=0)
    set_up(twin)
    install(twin, ADDRESS, KEY)
    return twin


@pytest.fixture
def panel(bench):
    with Panel(bench.status()["bus"], ADDRESS, KEY) as panel:
        panel.wait_secured()
        yield panel


def test_identity_and_capabilities(bench, panel):
    assert panel.identity.vendor_code == VENDOR and panel.identity.serial_number == 0
    assert panel.capability(osdp.Capability.OutputControl) == (2, 1)
    assert panel.capability(osdp.Capability.CommunicationSecurity) == (1, 1)
    assert bench.status()["lock"]["bus_baud"] == 9600


def test_tamper_power_and_trigger_are_told(bench, panel):
    local = osdp.StatusReportType.Local
    bench.lock("tamper", True)
    assert panel.events(1) == [status_event(local, b"\x01\x00")]
    bench.lock("power", False)
    assert panel.events(1) == [status_event(local, b"\x01\x01")]
    bench.lock("tamper", False)
    bench.lock("power", True)
    events = panel.events(1)
    assert events[-1]["report"] == b"\x00\x00" or panel.events(1)[-1]["report"] == b"\x00\x00"
    bench.lock("trigger", True)
    inputs, passage = panel.events(2)
    assert inputs == status_event(osdp.StatusReportType.Input, b"\x01")
    assert passage["data"][5:] == outcome(b"0000", 1)["data"][5:]
    bench.lock("trigger", False)
    assert panel.events(1) == [status_event(osdp.StatusReportType.Input, b"\x00")]


def test_a_passage_of_the_panel_has_its_transaction_and_card_in_one_reply(bench, panel):
    bits = frame("26", 7, 4711)
    assert panel.begin(b"gate", bits)
    assert panel.events(1) == [outcome(b"gate", 0, bits=bits)]
    assert panel.silent_for(0.5)  # without a bona fide no card
    assert bench.status()["lock"]["wiegand"] is None


def closures(twin) -> list[list[int]]:
    """When the relay was closed and opened (world us), each that is over."""
    return [each for each in twin.request({"do": "lock_history"})["relay_closures"] if each[1] is not None]


def test_outputs(bench, panel):
    def shows(name, value):
        return lambda: bench.status()["lock"][name] == value

    assert panel.send(osdp.Command.Output, output_no=0, control_code=5, timer_count=30)
    [[closed_us, opened_us]] = wait_for(lambda: closures(bench), "the relay")  # virtual time passes at once
    assert 3_000_000 <= opened_us - closed_us < 3_200_000
    steady = {"reader": 0, "led_number": 0, "control_code": 1, "on_count": 10, "off_count": 0, "temporary": False}
    for colour, told in ((osdp.CommandLEDColor.Amber, "amber"), (osdp.CommandLEDColor.Black, "off")):
        assert panel.send(osdp.Command.LED, **steady, on_color=colour, off_color=colour)
        wait_for(shows("led", told), told)
    beep = {"reader": 0, "control_code": 2, "on_count": 200, "off_count": 0, "rep_count": 0}
    assert panel.send(osdp.Command.Buzzer, **beep)
    wait_for(shows("buzzer", True), "the buzzer")
    assert panel.send(osdp.Command.Buzzer, **{**beep, "control_code": 1})
    wait_for(shows("buzzer", False), "silence")
    assert panel.online and panel.secured


def test_a_relay_is_never_held_without_end(bench, panel):
    assert panel.send(osdp.Command.Output, output_no=0, control_code=2, timer_count=0)
    assert panel.silent_for(0.5) and bench.status()["lock"]["relay"] == "open"


def test_the_panel_sets_another_key_and_it_outlives_a_restart(bench):
    url = bench.status()["bus"]
    with Panel(url, ADDRESS, KEY) as panel:
        panel.wait_secured()
        before = keys_set(bench)
        assert panel.send(osdp.Command.Keyset, type=1, data=PANELS_KEY)
        wait_for(lambda: keys_set(bench) > before, "the key")
        time.sleep(0.3)
        panel.wait_secured()
    bench.reset()
    with Panel(url, ADDRESS, PANELS_KEY) as panel:
        panel.wait_secured()
        assert panel.send(osdp.Command.Keyset, type=1, data=KEY)  # and back
        wait_for(lambda: keys_set(bench) > before + 1, "the key")
        time.sleep(0.3)
        panel.wait_secured()


def test_noise_and_a_second_panel_are_borne(bench, panel):
    """Garbage between packets, a panel that polls another address, and packets of a moment ago, played again."""
    time.sleep(0.5)
    url = bench.status()["bus"]
    sealed = [packet for packet in panel.wire.sent if packet[6:8] in (b"\x02\x15", b"\x02\x17")]
    for noise in (b"\x53\x05", b"\xff\x53\x05\xff\x00\x04", bytes(range(256)), *sealed[-8:]):
        panel.wire.inject(noise)
        time.sleep(0.06)
    with Panel(url, ADDRESS + 1) as other:
        time.sleep(1.0)
        assert not other.online
    panel.wait_secured(15)
    bench.lock("tamper", True)
    assert panel.events(1, 10)[0]["report"] == b"\x01\x00"
    bench.lock("tamper", False)
    panel.events(1)


def test_a_line_that_is_cut_for_a_moment(bench, panel):
    panel.wire.cut = True
    time.sleep(0.5)
    panel.wire.cut = False
    panel.wait_secured()
    bench.lock("tamper", True)
    assert panel.events(1)[0]["report"] == b"\x01\x00"
    bench.lock("tamper", False)
    panel.events(1)


def test_in_the_field(make_twin, tmp_path):
    """With provisioned keys: the default key opens nothing, a wrong key neither, in the clear nothing is told."""
    signing.new_key(tmp_path / "update.pem")
    ring = Keyring.create(tmp_path / "ring", fleet="harbour", update_keys=[tmp_path / "update.pem"])
    twin = make_twin(bus_port=0)
    serial = twin.status()["serial"]
    with Module(twin.url) as module:
        provisioning.give_keys(module, ring)
        provisioning.change_state(module, "field")
    set_up(twin, {**SETTINGS, "lock_wiegand": "26"}, keyring=ring)
    with Module(twin.url) as module:
        posture = module.posture()
    assert posture.defaults == [] and {"wiegand", "relay"} <= set(posture.unverifiable)
    url = twin.status()["bus"]
    key = ring.osdp_key(serial)[:KEY_BYTES]
    with Panel(url, ADDRESS, key) as panel:
        panel.wait_secured()
        assert panel.begin(b"gate")
        assert panel.events(1) == [outcome(b"gate", 0, bits=frame("26", 0, 0))]
    for wrong, installs in ((KEY, True), (None, False)):  # the first tries its own key, then the default one
        with Panel(url, ADDRESS, wrong, install=installs) as panel:
            time.sleep(1.0)
            assert not panel.secured
            twin.lock("trigger", True)
            assert panel.silent_for(0.3)
            twin.lock("trigger", False)
            assert b"not_calibrated" not in panel.wire.heard
    assert twin.status()["lock"]["relay"] == "open"
