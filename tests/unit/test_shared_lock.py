"""What a verdict drives: relay, LED, buzzer, Wiegand; who may ask; and that everything ends safe."""

import asyncio

import fakes
from dermis.app import setting_change, settings, watching
from dermis.app.commands import watch
from dermis.app.lock import service
from dermis.app.lock.signals import SHOWN_MS
from dermis.app.module import Module
from dermis.app.sensor_claim import SensorClaim
from dermis.core import cbor
from dermis.core.errors import RC_BUSY, SensorFault, WireError
from dermis.core.wiegand import frame
from dermis.drivers.lock import Inputs
from lock_module import ATTACK, BONA_FIDE, LOOK_MS, NOBODY, LockModule

CARD = {"wiegand": "26", "facility": "7", "card": "4711"}
IDLE, PRESSED = Inputs(False, False, True), Inputs(True, False, True)


def pressed(rig):
    async def press():
        before = rig.passages()
        rig.lock.now = PRESSED
        await rig.until(lambda: rig.passages() > before and not rig.side.passing, "a passage")
        rig.lock.now = IDLE
        await rig.seen()

    return press


def test_a_module_without_its_settings_has_none_of_it():
    module = Module(fakes.drivers(), dict(fakes.BOARD), None)
    assert module.lock_side is None
    module.safe()
    rig = LockModule({"relay_ms": 500}, [BONA_FIDE])
    assert rig.side is None


def test_a_bona_fide_closes_the_relay_and_sends_the_card():
    values = {"start": "trigger", "relay_ms": 1500}
    values.update(CARD)
    rig = LockModule(values, [BONA_FIDE])

    async def script():
        await pressed(rig)()
        await rig.until(lambda: rig.of("relay")[-1][1] is False, "an open relay")
        await rig.until(lambda: rig.of("led")[-1][1] == "off", "a dark LED")

    rig.run(script)
    (closed_ms, on), (opened_ms, off) = rig.of("relay")
    assert (on, off) == (True, False) and 1500 <= opened_ms - closed_ms <= 1600
    assert [bits for _, bits in rig.of("wiegand")] == [frame("26", 7, 4711)]
    assert [colour for _, colour in rig.of("led")] == ["amber", "green", "off"]
    assert len(rig.looks) == 1 and closed_ms >= rig.looks[0] // 1000 + LOOK_MS
    assert '"verdict": "bona_fide"' in rig.log() and '"asked_by": "trigger"' in rig.log()


def test_nothing_else_opens_anything():
    for outcome in (ATTACK, NOBODY):
        values = {"start": "trigger", "patience_ms": 0}
        values.update(CARD)
        rig = LockModule(values, [outcome])
        rig.run(pressed(rig))
        assert rig.of("relay") == rig.of("wiegand") == []
        assert "red" in [colour for _, colour in rig.of("led")] and "green" not in [c for _, c in rig.of("led")]


def test_a_passage_looks_again_until_its_patience_is_over():
    rig = LockModule({"start": "trigger", "patience_ms": 5000}, [NOBODY, NOBODY, BONA_FIDE])
    rig.run(pressed(rig))
    assert len(rig.looks) == 3 and rig.of("relay")
    rig = LockModule({"start": "trigger", "patience_ms": 3000}, [NOBODY])
    rig.run(pressed(rig))
    assert 3 <= len(rig.looks) <= 5 and not rig.of("relay")
    rig = LockModule({"start": "trigger", "patience_ms": 5000}, [NOBODY, ATTACK, BONA_FIDE])
    rig.run(pressed(rig))
    assert len(rig.looks) == 2 and not rig.of("relay")  # an attack ends it


def test_one_question_one_answer():
    """A trigger that stays, bounces or comes while a passage is under way asks once."""
    rig = LockModule({"start": "trigger", "relay_ms": 100}, [BONA_FIDE])

    async def script():
        rig.held = True
        rig.lock.now = PRESSED
        await rig.until(lambda: rig.looks, "a passage")
        for now in (IDLE, PRESSED, IDLE, PRESSED):
            rig.lock.now = now
            await rig.seen()
        rig.held = False
        await rig.seen()
        assert not rig.side.passing

    rig.run(script)
    assert len(rig.looks) == rig.passages() == 1
    rig = LockModule({"start": "trigger"}, [BONA_FIDE])

    async def bounce():
        for _ in range(10):  # shorter than two looks
            rig.lock.now = PRESSED
            await asyncio.sleep(0.005)
            rig.lock.now = IDLE
            await asyncio.sleep(0.025)

    rig.run(bounce)
    assert len(rig.looks) <= 1


def test_a_stuck_trigger_asks_nothing():
    """Closed at the start, and closed when the inputs can be read again: only who lets go may ask."""
    rig = LockModule({"start": "trigger"}, [BONA_FIDE])
    rig.lock.now = PRESSED

    async def stuck():
        await rig.seen()
        assert rig.side.inputs.trigger
        rig.lock.fault = SensorFault("the expander does not answer")
        await rig.seen()
        assert not rig.side.inputs.trigger
        rig.lock.fault = None
        await rig.seen()
        assert rig.side.inputs.trigger and not rig.looks
        rig.lock.now = IDLE
        await rig.seen()
        await pressed(rig)()

    rig.run(stuck)
    assert len(rig.looks) == 1


def test_sensors_that_somebody_has_are_waited_for():
    rig = LockModule({"start": "trigger", "patience_ms": 5000}, [BONA_FIDE])

    async def script():
        claim = SensorClaim(rig.module, "verify")
        claim.__enter__()
        rig.side.ask("trigger")
        await rig.clock.sleep_ms(1000)
        claim.__exit__()
        await rig.until(rig.passages, "a passage")

    rig.run(script)
    assert rig.of("relay")
    rig = LockModule({"start": "trigger", "patience_ms": 600}, [BONA_FIDE])

    async def busy():
        with SensorClaim(rig.module, "verify"):
            await pressed(rig)()

    rig.run(busy)
    assert not rig.of("relay") and not rig.looks and '"reasons": ["busy"]' in rig.log()


def test_the_hosts_verdicts_count_where_they_should():
    for start in ("host", "trigger"):
        rig = LockModule({"start": start}, [BONA_FIDE])

        async def script(rig=rig):
            rig.module.judged(BONA_FIDE)
            await rig.seen()

        rig.run(script)
        assert bool(rig.of("relay")) == (start == "host")
        rig.module.judged(ATTACK, False)


def test_watching_opens_for_each_and_pauses_meanwhile():
    rig = LockModule({"start": "watch", "relay_ms": 3000}, [NOBODY, NOBODY, BONA_FIDE, NOBODY])

    async def script():
        await rig.until(lambda: len(rig.looks) > 6, "looks")

    rig.run(script)
    (closed_ms, _), (opened_ms, _) = rig.of("relay")[:2]
    assert opened_ms - closed_ms >= 3000
    between = [at for at in rig.looks if closed_ms < at // 1000 < closed_ms + 2900]
    assert not between and rig.log().count('"event": "passage"') == 1


def test_a_fault_of_the_outputs_is_told_once_and_opens_the_relay():
    rig = LockModule({"start": "trigger"}, [BONA_FIDE])

    async def script():
        noted = []
        rig.module.audit.note = lambda event, **fields: noted.append((event, fields))
        rig.lock.fault = SensorFault("the expander does not answer")
        await rig.seen()
        assert rig.side.inputs.tampered and not rig.side.inputs.power_good
        assert rig.log().count("lock_fault") == 1
        rig.lock.fault = None
        await rig.seen()
        assert not rig.side.inputs.tampered
        assert noted == [("tamper", {"open": True}), ("tamper", {"open": False})]
        await pressed(rig)()

    rig.run(script)
    assert rig.of("relay")[0][1] is True
    rig = LockModule({"start": "host"}, [BONA_FIDE])

    async def stuck():
        rig.lock.fault = SensorFault("the relay's output does not follow")
        before = rig.lock.safes
        rig.module.judged(BONA_FIDE)
        await rig.seen()
        assert rig.lock.safes > before and not rig.side.relay_closed

    rig.run(stuck)


def test_a_fault_of_the_led_alone_is_told_once():
    rig = LockModule({"start": "trigger"}, [BONA_FIDE])
    rig.lock.faults["led"] = SensorFault("the LED does not follow")

    async def script():
        await pressed(rig)()
        await rig.seen()

    rig.run(script)
    assert rig.log().count("lock_fault") == 1 and rig.of("relay")


def test_an_output_that_fails_as_nobody_foresaw_ends_safe():
    for output in ("relay", "wiegand"):
        values = {"start": "host"}
        values.update(CARD)
        rig = LockModule(values, [BONA_FIDE])

        async def script(rig=rig, output=output):
            rig.lock.faults[output] = OSError("a bug")
            before = rig.lock.safes
            rig.module.judged(BONA_FIDE)
            await rig.seen()
            assert rig.lock.safes > before and not rig.side.relay_closed and rig.lock.last("relay") is not True
            rig.lock.faults = {}
            rig.module.judged(BONA_FIDE)
            await rig.until(lambda: [on for _, on in rig.of("relay") if on], "the next passage's relay")

        rig.run(script)
        assert "lock_failed" in rig.log()


def test_the_hosts_watching_is_no_passage_without_a_decision():
    outcomes = [dict(outcome, bursts=1, evidence={}) for outcome in (NOBODY, ATTACK)]
    rig = LockModule({"start": "host"}, outcomes + [None])
    before, watching.verification = watching.verification, rig._verify

    async def script():
        with SensorClaim(rig.module, "watch") as claim:
            await watching.watching(rig.module, 10, claim)  # until it fails

    try:
        rig.run(script)
    finally:
        watching.verification = before
    assert rig.log().count('"event": "verdict"') == 2 and rig.log().count('"event": "passage"') == 1


def test_what_nobody_foresaw_ends_safe_and_the_next_passage_works():
    rig = LockModule({"start": "trigger", "relay_ms": 60000}, [None, BONA_FIDE])
    rig.run(pressed(rig))
    assert "passage_failed" in rig.log() and not rig.of("relay") and not rig.module.busy
    rig = LockModule({"start": "watch"}, [None, BONA_FIDE])
    before = service.RESTART_MS
    service.RESTART_MS = 10

    async def script():
        await rig.until(lambda: rig.of("relay"), "the passage after the failure")

    try:
        rig.run(script)
    finally:
        service.RESTART_MS = before
    assert "lock_failed" in rig.log()


def test_the_end_is_safe():
    rig = LockModule({"start": "trigger", "relay_ms": 60000}, [BONA_FIDE])

    async def script():
        rig.lock.now = PRESSED
        await rig.until(lambda: rig.of("relay"), "a closed relay")

    rig.run(script)  # and the server ends there
    assert rig.lock.last("relay") is False and rig.lock.last("led") in (None, "off") and not rig.lock.last("buzzer")
    rig = LockModule({"start": "trigger"}, [BONA_FIDE])

    async def in_the_middle():
        rig.held = True
        rig.lock.now = PRESSED
        await rig.until(lambda: rig.looks, "a look")

    rig.run(in_the_middle)
    assert not rig.of("relay") and not rig.module.busy
    rig.lock.history.append((0, "relay", True))
    rig.module.safe()
    assert rig.lock.last("relay") is False


def test_signals():
    rig = LockModule({"start": "host"}, [BONA_FIDE])
    signals, clock, lock = rig.side.signals, rig.clock, rig.lock

    def at(ms):
        clock.now = ms * 1000
        signals.tick()
        return lock.last("led"), lock.last("buzzer")

    signals.panel("led", True, "red", 100, "off", 300, 0)
    assert [at(ms)[0] for ms in (0, 99, 100, 399, 400, 4050)] == ["red", "red", "off", "off", "red", "red"]
    signals.panel("led", False, "green", 0, "off", 0, 500)  # for half a second
    assert [at(ms)[0] for ms in (4050, 4500, 4551)] == ["green", "green", "off"]
    signals.panel("led", False, "green", 0, "off", 0, 0)
    signals.panel_cancels("led")
    assert at(4800)[0] == "red"
    signals.verdict(True)
    assert at(4800) == ("green", True) and at(4800 + 130) == ("green", False)
    assert at(4800 + SHOWN_MS) == ("red", False)  # the panel's again
    signals.verdict(False)
    start = 4800 + SHOWN_MS
    assert [at(start + ms)[1] for ms in (0, 130, 250, 370, 500)] == [True, False, True, False, False]


def test_settings():
    rig = LockModule({"start": "host"}, [BONA_FIDE])
    module = rig.module

    def written(name, text):
        setting = setting_change.found("lock_" + name)
        try:
            setting_change.change(module, setting, settings.parsed(setting, text))
        except (WireError, settings.BadInput):
            return False
        return module.settings.get("lock_" + name) == (int(text) if setting.kind == "int" else text)

    good = (("start", "watch"), ("relay_ms", "0"), ("relay_ms", "60000"), ("patience_ms", "60000"), ("osdp", "on"))
    good += (
        ("facility", "255"),
        ("card", "65535"),
        ("wiegand", "26"),
        ("osdp_address", "126"),
        ("osdp_baud", "115200"),
    )
    for name, text in good:
        assert written(name, text), name
    bad = (("start", "always"), ("relay_ms", "60001"), ("wiegand", "27"), ("osdp_address", "127"), ("osdp_baud", "300"))
    bad += (("facility", "256"), ("card", "65536"), ("card", "-1"), ("osdp", "yes"), ("relay_ms", ""))
    for name, text in bad:
        assert not written(name, text), name
    assert written("wiegand", "37") and written("facility", "256") and written("card", "524287")
    assert not written("wiegand", "26") and module.settings.get("lock_wiegand") == "37"
    assert len(rig.drivers.storage.files["settings"]) <= settings.LARGEST_FILE
    assert Module(rig.drivers, dict(fakes.BOARD), None).settings.get("lock_card") == 524287
    assert setting_change.found("lock_card").right == "setup"
    setting_change.change(module, setting_change.found("lock_wiegand"), None)
    assert module.settings.get("lock_wiegand") == "off"
    rig.drivers.storage.files["settings"] = cbor.dumps({1: "watch", "lock_card": "7"})
    read = Module(rig.drivers, dict(fakes.BOARD), None).settings
    assert read.get("lock_card") == 7 and read.get("lock_start") == "off"  # what has no name is nobody's


def test_a_host_that_watches_cannot_keep_the_sensors_from_passages():
    """It may vanish without a word, and a door that it holds would let nobody through any more."""

    async def asked(module):
        try:
            return await watch.handle(module, {"on": True, "period_ms": 100})
        except WireError as error:
            return error.code
        finally:
            await watch.handle(module, {"on": False, "period_ms": 100})

    for values in ({"start": "trigger"}, {"start": "watch"}, {"osdp": "on"}):
        module = LockModule(values, [NOBODY]).module
        assert asyncio.run(asked(module)) == RC_BUSY and not module.busy
    module = LockModule({"start": "host"}, [NOBODY]).module
    assert asyncio.run(asked(module)) == {"on": True} and not module.busy
