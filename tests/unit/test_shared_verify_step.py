"""`verify_step`: what a stepped verification says, what it does not do, and all that ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import fakes
import test_shared_verification as whole
from access_module import asked, in_field, opened, passed
from dermis.app import fields, rights, sessions, stepped
from dermis.app.commands import burst, verify, verify_step
from dermis.app.commands.burst_part import handle as part
from dermis.app.module import Module
from dermis.app.sensor_claim import SensorClaim
from dermis.core import messages, profiles, vocabulary
from dermis.core.errors import RC_BUSY, RC_INVALID, RC_NO_ENTRY, SensorFault, WireError

if TYPE_CHECKING:
    from typing import Any

GOOD, FLAT = ([], 9000), ([("attack", "flat")], None)
NOBODY = ([("no_decision", "no_face")], None)


def made(*script) -> Any:
    """A module whose bursts say what the script has, the last of it again and again."""
    return scripted(Module(fakes.drivers(), dict(fakes.BOARD), None), *script)


def scripted(module, *script) -> Any:
    module.calibration.record = fakes.FakeRecord()
    module.model = whole.Model()
    module.pipeline = whole.ScriptedPipeline(module.clock, script or [GOOD])
    return module


def step(module, **given):
    return asyncio.run(verify_step.handle(module, fields.taken(messages.by_name("verify_step"), given)))


def refused(module, **given):
    """(code, sentence) of a step that is refused."""
    try:
        step(module, **given)
    except WireError as error:
        return error.code, error.reason
    raise AssertionError("the step was taken")


def counted(module):
    return module.statistics.fields("verdicts", module)


def stepped_through(module, **given):
    """The answers of all steps."""
    answers = [step(module, **given)]
    while not answers[-1]["done"]:
        answers.append(step(module, after=answers[-1]["id"]))
    return answers


def test_it_says_what_verify_says_and_holds_every_burst_on_the_way():
    for script in ([FLAT], [FLAT, GOOD], [NOBODY, GOOD]):
        module, alone = made(*script), made(*script)
        request = fields.taken(messages.by_name("verify"), {"nonce": b"12"})
        expected = asyncio.run(verify.handle(alone, request))
        expected.pop("bound")
        answers = stepped_through(module, nonce=b"12")
        verdict = answers[-1]["verdict"]
        for timed in (expected, verdict):  # the fakes' random slots differ
            assert timed.pop("stages_us")["analysis"] == 1000 * len(answers)
        assert verdict == expected and len(answers) == expected["bursts"], script
        assert [answer["verdict"] for answer in answers[:-1]] == [{}] * (len(answers) - 1)
        assert [answer["id"] for answer in answers] == list(range(1, len(answers) + 1))
        assert answers[0]["frames"] == list(vocabulary.FRAMES) == answers[0]["meta"]["frames"]
        assert module.stepped is None and module.busy == "" and module.evidence == verdict["evidence"]


def test_the_burst_that_was_judged_is_held():
    module = made()
    first = step(module)
    taken = bytes(module.burst.frames["850"])
    request = fields.taken(messages.by_name("burst_part"), {"id": first["id"], "frame": "850"})
    assert asyncio.run(part(module, request))["data"] == taken[:3968]
    assert module.burst.header() == first["meta"] and not first["done"]
    last = step(module, after=first["id"])
    assert last["done"] and module.burst.header() == last["meta"]  # until the sensors are used again
    try:
        asyncio.run(part(module, request))
    except WireError as error:
        assert error.code == RC_NO_ENTRY
    else:
        raise AssertionError("the burst before is held no more")


def test_it_is_counted_once_and_drives_no_lock_and_is_bound_to_nothing():
    class LockSide:
        asks = False

        def judged(self, outcome):
            raise AssertionError("a lock heard of it")

    module = made()
    module.lock_side = LockSide()
    first = step(module)
    assert sum(counted(module).values()) == 0
    last = step(module, after=first["id"])
    assert counted(module) == {"bona_fide": 1, "attack": 0, "no_decision": 0}
    assert last["verdict"]["verdict"] == "bona_fide" and "bound" not in last["verdict"]
    module = made(([("attack", "flat"), ("attack", "not_skin_nir")], None))
    before = module.audit.next
    assert step(module)["done"] and counted(module)["attack"] == 1 and module.audit.next > before


def test_the_time_between_the_steps_is_not_counted():
    module = made(NOBODY)
    first = step(module, time_limit_ms=1500)
    module.clock.now += 20_000_000  # the frames are fetched
    second = step(module, after=first["id"])
    assert not first["done"] and not second["done"]
    module.clock.now += 20_000_000
    third = step(module, after=second["id"])
    assert third["done"] and third["verdict"]["reasons"] == ["no_face"]
    assert len(stepped_through(made(NOBODY), time_limit_ms=1500)) == 3


def gone(spoil, script=(GOOD,)):
    """The sentence with which a verification ends that was spoilt between two steps."""
    module = made(*script)
    first = step(module)
    spoil(module)
    code, sentence = refused(module, after=first["id"])
    assert code == RC_NO_ENTRY and "after = 0" in sentence and counted(module)["bona_fide"] == 0
    assert refused(module, after=first["id"])[0] == RC_NO_ENTRY  # and stays so
    assert step(module)["id"] > first["id"]  # a new one begins
    return sentence


def test_whatever_uses_the_sensors_ends_it():
    def claims(module):
        with SensorClaim(module, "selftest"):
            pass

    def bursts(module):
        asyncio.run(burst.handle(module, fields.taken(messages.by_name("burst"), {})))

    def verifies(module):
        asyncio.run(verify.handle(module, fields.taken(messages.by_name("verify"), {})))
        module.statistics = type(module.statistics)()

    def lends(module):
        module._lend_room()  # a calibration record is looked at

    for spoil in (claims, bursts, verifies, lends):
        assert "used by somebody else" in gone(spoil), spoil


def test_it_goes_on_only_with_what_it_began_with():
    def changes_profile(module):
        module.profile = profiles.by_name("turnstile")

    def changes_record(module):
        module.calibration.record = fakes.FakeRecord()

    def changes_model(module):
        module.model = whole.Model()

    def opens_a_session(module):
        module.sessions().opened += 1
        module.sessions()._role = "bench"

    for spoil in (changes_profile, changes_record, changes_model, opens_a_session):
        assert "that it began with" in gone(spoil), spoil


def test_it_does_not_wait_for_ever():
    def waits(module):
        module.clock.now += 1000 * stepped.LONGEST_PAUSE_MS + 1

    def goes_back(module):
        module.clock.now -= 1

    for spoil in (waits, goes_back):
        assert "30 s" in gone(spoil)
    module = made()
    first = step(module)
    module.clock.now += 1000 * stepped.LONGEST_PAUSE_MS
    assert step(module, after=first["id"])["done"]


def test_a_step_without_a_beginning_or_asked_twice():
    module = made(NOBODY)
    assert refused(module, after=1)[0] == refused(module, after=-1)[0] == RC_NO_ENTRY
    first = step(module)
    second = step(module, after=first["id"])
    code, sentence = refused(module, after=first["id"])  # a line that says everything twice
    assert code == RC_NO_ENTRY and f"burst {second['id']}" in sentence
    assert not step(module, after=second["id"])["done"]  # which ends nothing
    for given in ({"nonce": bytes(33)}, {"time_limit_ms": -1}):
        assert refused(module, **given)[0] == RC_INVALID
    with SensorClaim(module, "watch"):
        assert refused(module)[0] == RC_BUSY
    done = stepped_through(made())[-1]
    assert done["done"] and refused(module, after=done["id"])[0] == RC_NO_ENTRY  # nothing follows a verdict


def test_a_sensor_that_fails_in_the_middle_ends_it_as_it_ends_verify():
    module = made(FLAT)
    first = step(module)

    def fails():
        raise SensorFault("the thermometer does not answer; check its wires")

    module.thermometer.centi_celsius = fails
    last = step(module, after=first["id"])
    assert (last["done"], last["id"], last["frames"], last["meta"]) == (True, 0, [], {})
    verdict = last["verdict"]
    assert (verdict["verdict"], verdict["reasons"], verdict["bursts"]) == ("no_decision", ["sensor_fault"], 1)
    assert "thermometer" in verdict["evidence"]["fault"] and counted(module)["no_decision"] == 1
    assert module.stepped is None and module.burst is None and module.busy == ""


def test_without_a_record_or_a_model_there_is_no_burst():
    module = made()
    module.calibration.record = None
    only = step(module, nonce=b"1")
    assert (only["done"], only["id"], only["verdict"]["reasons"]) == (True, 0, ["not_calibrated"])
    assert only["verdict"]["nonce"] == b"1" and module.burst_id == 0


def test_what_fails_unforeseen_leaves_nothing_behind():
    module = made()
    first = step(module)

    def steps(_burst, _record):
        raise MemoryError

    kept, module.pipeline.steps = module.pipeline.steps, steps
    try:
        step(module, after=first["id"])
    except MemoryError:
        module.pipeline.steps = kept
    assert refused(module, after=first["id"])[0] == RC_NO_ENTRY and module.busy == ""


def test_in_the_field_it_needs_a_session_with_the_right_and_ends_with_it():
    module = scripted(in_field(), NOBODY)
    assert asked(module, "verify_step")["rc"] == asked(opened(module, "installer"), "verify_step")["rc"] == 11
    passed(module, 5000)

    def begun():
        opened(module, "bench")
        module.link.patience = 20000
        return step(module)

    first = begun()
    passed(module, stepped.LONGEST_PAUSE_MS)
    second = step(module, after=first["id"])
    opened(module, "bench")  # the next session, in the same role
    assert "session" in refused(module, after=second["id"])[1]
    first = begun()
    asked(module, "session_close")
    assert asked(module, "verify_step", after=first["id"])["rc"] == 11
    opened(module, "service")
    assert "session" in refused(module, after=first["id"])[1]
    assert sessions.IDLE_MS > stepped.LONGEST_PAUSE_MS and rights.granted("field", messages.FRAMES, "bench")
