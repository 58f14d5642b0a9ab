"""The OSDP panel's view of a module, on fakes: what it is told, for how long, and what it may do."""

from __future__ import annotations

import asyncio

import pytest
from dermis.app.lock import key as base_keys
from dermis.app.lock.panel import FRESH_MS, MOST_EVENTS, VENDOR
from dermis.core import osdp
from dermis.core.errors import SensorFault
from dermis.core.wiegand import frame, packed
from dermis.drivers.lock import Inputs

from tests.unit import fakes
from tests.unit.lock_module import ATTACK, BONA_FIDE, NOBODY, LockModule
from tests.unit.panel_side import PanelSide

CARD = frame("26", 7, 4711)
KEY = bytes(range(50, 66))
SETTINGS = {"osdp": "on", "osdp_address": "5", "start": "trigger", "patience_ms": "0"}
TAMPERED = Inputs(False, True, True)


@pytest.fixture
def rig():
    """In the field, with a panel that holds the key."""
    drivers = fakes.drivers()
    base_keys.keep(drivers.storage, fakes.SERIAL, KEY)
    rig = LockModule(SETTINGS, [BONA_FIDE], drivers)
    rig.module.state = "field"
    return rig


@pytest.fixture
def panel(rig):
    panel = PanelSide(rig.side.panel.device, KEY, 5)
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    return panel


def begin(transaction=b"gate", bits=CARD):
    return VENDOR + b"\x01" + transaction + bytes([len(bits)]) + packed(bits)


def last(panel):
    """The reply to who asks for the last answer again."""
    return panel.ask(osdp.MFG, VENDOR + b"\x03")


def passed(rig, panel, data):
    """Replies to the polls after a passage that the panel began."""

    async def script():
        assert panel.ask(osdp.MFG, data).code == osdp.ACK
        await rig.until(lambda: rig.passages(), "a passage")

    asyncio.run(script())
    replies = []
    while True:
        reply = panel.ask(osdp.POLL)
        if reply.code == osdp.ACK:
            return replies
        replies.append((reply.code, reply.data))


def test_card_and_verdict_come_in_one_reply_and_a_bona_fides_card_after_it(rig, panel):
    assert passed(rig, panel, begin()) == [
        (osdp.MFGREP, VENDOR + b"\x81gate\x01\x00" + (9000).to_bytes(2, "little") + b"\x1a" + packed(CARD) + b"border"),
        (osdp.RAW, b"\x00\x01\x1a\x00" + packed(CARD)),
    ]
    assert last(panel).data[:8] == VENDOR + b"\x81gate"  # again, for who asks
    assert not rig.of("relay") and not rig.of("wiegand")  # what follows is the panel's to say


@pytest.mark.parametrize("outcome", [ATTACK, NOBODY])
def test_no_card_without_a_bona_fide(rig, panel, outcome):
    rig.outcomes = [outcome]
    [(code, data)] = passed(rig, panel, begin())
    assert code == osdp.MFGREP and data.endswith(",".join(["border", *outcome["reasons"]]).encode())
    assert data[8] == {"attack": 2, "no_decision": 0}[outcome["verdict"]]


def test_a_passage_without_a_card_tells_none(rig, panel):
    assert [code for code, _ in passed(rig, panel, begin(bits=""))] == [osdp.MFGREP]


def test_what_is_no_passage_is_refused(rig, panel):
    def refused(data):
        reply = panel.ask(osdp.MFG, data)
        return reply.code == osdp.NAK

    for data in (b"", VENDOR, b"abc\x01gate\x00", VENDOR + b"\x01gat", VENDOR + b"\x01gate\x08", VENDOR + b"\x09"):
        assert refused(data)
    assert refused(VENDOR + b"\x01gate\x41" + bytes(9)) and refused(begin()[:-1]) and refused(VENDOR + b"\x03")
    assert not rig.looks and not rig.side.passing

    async def twice():
        rig.held = True
        assert panel.ask(osdp.MFG, begin()).code == osdp.ACK
        await rig.until(lambda: rig.looks, "a look")
        assert refused(begin(b"next"))
        assert panel.ask(osdp.ABORT).code == osdp.ACK  # and no verdict comes of it
        await rig.until(lambda: not rig.side.passing, "its end")

    asyncio.run(twice())
    assert panel.ask(osdp.POLL).code == osdp.ACK and not rig.module.busy
    assert "passage_cancelled" in rig.log()


def test_what_is_not_fetched_is_forgotten(rig, panel):
    """A cable that comes back must not open a door for somebody who has long gone."""
    rig.side.panel.inputs_changed(Inputs(False, False, True), TAMPERED)
    asyncio.run(rig.clock.sleep_ms(FRESH_MS + 1))
    assert panel.ask(osdp.POLL).code == osdp.ACK

    rig.side.panel.passed(rig.side._next("trigger"), BONA_FIDE, True)
    assert last(panel).code == osdp.MFGREP
    panel.restart()  # another channel
    panel.ask(osdp.ID, b"\x00")
    assert panel.open() and panel.ask(osdp.POLL).code == osdp.ACK and last(panel).code == osdp.NAK

    panel.restart()
    panel.ask(osdp.ID, b"\x00")
    panel.up = False
    rig.side.panel.passed(rig.side._next("trigger"), BONA_FIDE, True)  # nobody listens
    assert panel.open() and panel.ask(osdp.POLL).code == osdp.ACK and last(panel).code == osdp.NAK

    rig.side.panel.passed(rig.side._next("trigger"), BONA_FIDE, True)
    asyncio.run(rig.clock.sleep_ms(FRESH_MS + 1))
    assert last(panel).code == osdp.NAK


def test_a_passage_that_was_cancelled_too_late_is_not_told(rig, panel):
    for cancel in ((osdp.ABORT, b""), (osdp.MFG, VENDOR + b"\x02")):
        rig.side.panel.passed(rig.side._next("trigger"), BONA_FIDE, True)
        rig.side.panel.inputs_changed(Inputs(False, False, True), TAMPERED)
        assert panel.ask(*cancel).code == osdp.ACK
        assert [panel.ask(osdp.POLL).code for _ in range(2)] == [osdp.LSTATR, osdp.ACK]
        assert last(panel).code == osdp.NAK


def test_events_are_few(rig, panel):
    for _ in range(3 * MOST_EVENTS):
        rig.side.panel.inputs_changed(Inputs(False, False, True), TAMPERED)
    count = 0
    while panel.ask(osdp.POLL).code == osdp.LSTATR:
        count += 1
    assert count == MOST_EVENTS


def test_status(rig, panel):
    rig.side.inputs = Inputs(True, True, False)
    assert panel.ask(osdp.LSTAT).data == b"\x01\x01" and panel.ask(osdp.ISTAT).data == b"\x01"
    assert panel.ask(osdp.OSTAT).data == b"\x00" and panel.ask(osdp.RSTAT).data == b"\x02"
    assert panel.ask(0x6B, b"text").data == bytes([osdp.UNKNOWN_COMMAND])


def test_commands_that_make_no_sense_do_nothing(rig, panel):
    wrong = [
        (osdp.OUT, b""),
        (osdp.OUT, b"\x00\x05\x00"),
        (osdp.OUT, b"\x00\x05\x00\x00"),  # no time
        (osdp.OUT, b"\x00\x05\x59\x02"),  # longer than a minute
        (osdp.OUT, b"\x01\x05\x0a\x00"),
        (osdp.OUT, b"\x00\x02\x0a\x00"),  # without end
        (osdp.LED, b"\x00" * 13),
        (osdp.LED, b"\x00\x00\x02\x01\x01\x04\x00\x0a\x00\x00\x00\x00\x00\x00"),  # blue
        (osdp.LED, b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x0a\x00\x07\x00"),
        (osdp.LED, b"\x01" + bytes(13)),
        (osdp.BUZ, b"\x00\x02\x01\x01"),
        (osdp.BUZ, b"\x01\x02\x01\x01\x01"),
        (osdp.BUZ, b"\x00\x03\x01\x01\x01"),
        (osdp.COMSET, b"\x05\x80\x25\x00"),
        (osdp.COMSET, b"\x7f\x80\x25\x00\x00"),
        (osdp.COMSET, b"\x05\x2c\x01\x00\x00"),
    ]
    for code, data in wrong:
        assert panel.ask(code, data).code == osdp.NAK, (hex(code), data)
    rig.side.signals.tick()
    assert not rig.lock.history and not rig.side.relay_closed and rig.side.panel.device.address == 5


def test_comset_moves_the_device_and_is_kept(rig, panel):
    bus = rig.bus
    asyncio.run(asyncio.sleep(0))
    panel_of = rig.side.panel

    async def script():
        task = asyncio.create_task(panel_of.run())
        await asyncio.sleep(0.01)
        assert bus.baud == 9600
        bus.incoming.append(panel.packet(osdp.COMSET, b"\x09\x00\xc2\x01\x00"))  # 115200
        await rig.until(lambda: bus.baud == 115200, "the new speed")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(script())
    assert len(bus.written) == 1 and bus.baud == 0
    assert panel_of.device.address == 9 and rig.module.settings.get("lock_osdp_baud") == "115200"
    assert rig.module.settings.get("lock_osdp_address") == 9


def test_only_the_last_of_packets_that_came_together_is_answered(rig, panel):
    poll = panel.packet(osdp.POLL)
    rig.side.panel._take(poll + poll + poll)  # a panel that asked again and again while Python was busy
    assert len(rig.bus.written) == 1
    rig.side.panel._take(poll + PanelSide(None, address=6).packet(osdp.POLL))  # and now waits for somebody else
    assert len(rig.bus.written) == 1


def test_a_bus_that_fails_is_tried_again(rig, monkeypatch):
    monkeypatch.setattr("dermis.app.lock.panel.RETRY_S", 0.01)
    rig.bus.fault = SensorFault("the UART takes nothing more")

    async def script():
        task = asyncio.create_task(rig.side.panel.run())
        await asyncio.sleep(0.05)
        assert rig.log().count("bus_fault") == 1
        rig.bus.fault = None
        await rig.until(lambda: rig.bus.baud, "the bus")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(script())


def test_a_key_is_the_panels_the_provisioned_one_or_none():
    storage = fakes.FakeStorage()

    class Keys:
        def osdp(self):
            return bytes(range(32))

    def key():
        return base_keys.base_key(storage, fakes.SERIAL, Keys())

    assert key() == bytes(range(16))
    base_keys.keep(storage, fakes.SERIAL, KEY)
    assert key() == KEY
    assert base_keys.base_key(storage, "DM1-0043", Keys()) == b""  # another module's
    whole = bytes(storage.files["osdp"])
    for at in range(0, len(whole), 5):
        spoiled = bytearray(whole)
        spoiled[at] ^= 1
        storage.files["osdp"] = bytes(spoiled)
        assert key() == b"", at  # and not the older one
    storage.files["osdp"] = whole[:-1]
    assert key() == b""
    storage.broken = True
    assert key() == b""
    storage.broken = False
    base_keys.forget(storage)
    assert key() == bytes(range(16))
    storage.full = True
    with pytest.raises(OSError):
        base_keys.keep(storage, fakes.SERIAL, KEY)


def test_a_key_that_storage_does_not_take_stays_the_old_one(rig, panel):
    rig.drivers.storage.full = True
    assert panel.ask(osdp.KEYSET, b"\x01\x10" + bytes(range(1, 17))).data == bytes([osdp.CANNOT])
    rig.drivers.storage.full = False
    assert panel.open(KEY)
