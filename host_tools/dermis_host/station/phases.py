"""What is done to a unit, phase by phase; each takes the pass and the hands it works with. No word of OpenHTF here.

A phase notes what it measures, calls `pass.fail` when the module is at fault, and raises when nothing can be known of
the module: `causes.py` gives each such error its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dermis.core import calibration as record_format
from dermis.core import vocabulary

from dermis_host import files
from dermis_host.access import provisioning
from dermis_host.calibration import clock, procedure, record_file, report, verify, words
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.live_bench import LiveBench
from dermis_host.calibration.operators import Operator, RunningTwin
from dermis_host.calibration.outcome import Cause, Outcome
from dermis_host.calibration.steps import Step, StepData
from dermis_host.calibration.targets import Target
from dermis_host.calibration.work import TOOL
from dermis_host.commands.calibrate.store import store
from dermis_host.errors import CalibrationFailed, HostError, sentence
from dermis_host.module import FACTORY, USER, Module
from dermis_host.output import Output
from dermis_host.recording import Recording
from dermis_host.station import flash, judged, label
from dermis_host.station.prompts import Asker, Placing
from dermis_host.station.unit_pass import UnitPass
from dermis_host.station.unit_record import SKIPPED, Measured
from dermis_host.twin_access import TwinControl, scene_file, twin_errors

CARD = "grey_50"  # the grey that a calibrated module is checked on
# On the twin: a scene of each kind, and the verdict that it must get.
TWIN_SCENES = (("bona_fide_light", vocabulary.BONA_FIDE), ("silicone_mask_3mm", vocabulary.ATTACK))
# What the bench or its operator did wrong: nothing is known of the module then.
BENCH_CAUSES = frozenset(
    {
        "wrong_target",
        "wrong_distance",
        "room_light",
        "tilted_target",
        "dirty_target",
        "no_card",
        "tilted_card",
    }
)
FLASH_LOG = "flash.txt"
RECORD, REPORT, SUMMARY = "record.cal", "calibration.html", "calibration.json"
AFTER_FLASH_S = 30.0  # for a module that starts anew on the port


class WrongSerial(HostError):
    """Another module than the one that was scanned."""


class BadSelfTest(HostError):
    """The module's answer says neither that it passed nor what failed."""


@dataclass
class Hands:
    """What a phase works with besides the pass. show: a measurement on the page and the terminal. say: a line for
    people."""

    asker: Asker
    show: Callable[[Measured], None]
    say: Callable[[str], None]
    by_itself: bool  # nobody is asked


def prepare(unit: UnitPass, hands: Hands) -> None:
    """Clock, fixture, and whether this unit was tested before. Nothing is done to the module."""
    settings, today = unit.settings, clock.now().date()
    clock.check_clock(today, settings.fixture.certified)
    unit.record.fixture.overdue = today > settings.fixture.due
    if unit.record.fixture.overdue:
        raise clock.Overdue(
            f"The fixture {settings.fixture.id} was due for certification on {settings.fixture.due}: have it certified "
            "before units are tested in it."
        )
    if unit.earlier:
        last = unit.earlier[-1]
        times = "once" if len(unit.earlier) == 1 else f"{len(unit.earlier)} times"
        told = f"{unit.record.serial} was tested {times} before; the last time, {last.started}, it {last.outcome}."
        hands.say(told)
        if not hands.by_itself:
            hands.asker.place(f"{told} Test it again?")


def put_firmware(unit: UnitPass, hands: Hands) -> None:
    """The line's own flash command, or none."""
    settings = unit.settings
    if settings.flash is None:
        hands.say(f"Firmware: {flash.NOT_FLASHED}.")
        unit.record.phases[-1].outcome = SKIPPED
        return
    command = flash.words(settings.flash, port=_port(unit), serial=unit.record.serial, folder=unit.folder)
    hands.say("Flashing.")
    try:
        flash.run(settings.flash, command, unit.folder / FLASH_LOG, unit.record.flash, unit.check)
    finally:
        unit.attach(FLASH_LOG, "what the flash command said")
    hands.show(_note(unit, judged.word("exit code", "flash", str(unit.record.flash.exit_code), "0")))


def self_test(unit: UnitPass, hands: Hands) -> None:
    """Opens the module, sees that it is the one that was scanned, has it check itself."""
    unit.module = module = Module(_port(unit), greeting_s=AFTER_FLASH_S, keyring=unit.settings.keys.keyring)
    identity = module.identity()
    unit.met(identity)
    if identity.serial != unit.record.serial:
        done = "nothing but flashing" if unit.record.flash.done else "nothing"
        raise WrongSerial(
            f"{unit.record.serial} was scanned, but the module on the station says that it is {identity.serial}: put "
            f"the right one on, or scan it again; {done} was done to it."
        )
    _self_test(unit, hands, "self-test", with_record=False)
    if unit.settings.provision and not unit.over:
        _give_keys(unit, hands, module)


def calibrate(unit: UnitPass, hands: Hands) -> None:
    """The whole procedure; the record onto the module only when it passed: the factory's when it has none yet."""
    module = _held(unit)
    unit.bench_operator = _operator(unit, hands)
    bench = _StoppableBench(module, unit.bench_operator, hands.say, unit.check)
    key = unit.settings.keys.signing(module)  # refused before half an hour of measuring
    began, started = clock.now(), time.monotonic()
    steps = procedure.plan(unit.settings.fixture, bench.board)
    watcher = _Watcher(unit, hands)
    outcome = procedure.run(bench, unit.settings.fixture, watcher, operator=unit.record.operator)
    for measurement in outcome.measurements[watcher.told :]:
        watcher.note(measurement)
    record = outcome.record(key) if outcome.passed else b""
    about = report.Run(
        bench.serial,
        bench.sensors,
        bench.firmware,
        unit.record.module.board,
        unit.settings.fixture,
        False,
        unit.record.operator,
        TOOL,
        began,
        time.monotonic() - started,
        (),
    )
    report.write(unit.folder, about, outcome, steps, record, (SUMMARY, REPORT))
    unit.attach(SUMMARY, "calibration, all numbers")
    unit.attach(REPORT, "calibration, report for people")
    if not outcome.passed:
        _refuse(unit, outcome)
        return
    with files.whole(unit.folder / RECORD) as file:
        file.write(record)
    unit.attach(RECORD, "calibration record")
    unit.record.calibration.hash = report.record_hash(record)
    unit.check()  # the last moment at which nothing was written
    there = {row["slot"] for row in module.calibration_state().records}
    slot = USER if FACTORY in there else FACTORY
    parsed = record_file.parse(record, record_file.keys_of(key), RECORD)
    state = store(module, parsed, slot, True, Output(as_json=True)).state
    if state.hash != unit.record.calibration.hash:  # a user record of somebody's was there before the factory's
        state = module.calibration_select(slot)
    unit.record.calibration.slot, unit.record.calibration.in_force = slot, state.hash
    if state.hash != unit.record.calibration.hash:
        raise CalibrationFailed(
            f"The module keeps record {state.hash or 'none'} in force instead of this pass's: run `dermis selftest`."
        )
    hands.say(f"Calibration {state.hash} written as the {slot} record and read back.")


def check_on_targets(unit: UnitPass, hands: Hands) -> None:
    """The calibrated module on a grey card; on the twin, a bona fide presentation and an attack as well."""
    module = _held(unit)
    assert unit.bench_operator
    bench = _StoppableBench(module, unit.bench_operator, hands.say, unit.check)
    card = unit.settings.fixture.targets[CARD]
    record = record_format.decode(module.calibration_record())
    found = verify.judge(record, verify.take(bench, card), card)
    for measurement in found.measurements:
        hands.show(_note(unit, judged.calibration(measurement, "verify")))
    _because(unit, "verify", found.causes)
    if not found.measurements and not unit.over:
        unit.give_up("incomplete", "verify", "Nothing was measured on the grey card: test the unit again.")
    if isinstance(unit.bench_operator, RunningTwin) and not unit.over:
        _verdicts(unit, hands, module)
    if not unit.over:
        _self_test(unit, hands, "verify", with_record=True)
    _fail_for_measurements(unit, "verify", "does not measure as its record says: clean its window, then test it again")


def make_label(unit: UnitPass, hands: Hands) -> None:
    """Label data of a unit that passed, which leaves the bench state first where this station provisions."""
    if unit.settings.provision:
        state = provisioning.change_state(_held(unit), provisioning.FIELD).state
        hands.show(_note(unit, judged.word("state", "label", state, provisioning.FIELD)))
    for file, what in label.write(unit.folder, unit.record).items():
        unit.attach(file, what)
    hands.say(f"Label: {unit.folder / label.DATA}")


def _give_keys(unit: UnitPass, hands: Hands, module: Module) -> None:
    """Before it is calibrated: what the development key signs would not be trusted any more."""
    keyring = unit.settings.keys.keyring
    assert keyring
    unit.check()
    if module.posture().provisioned:
        provisioning.prove(module, keyring)
    else:
        provisioning.give_keys(module, keyring)
    hands.show(_note(unit, judged.word("keys", "self-test", module.posture().fleet, keyring.fleet)))


def _verdicts(unit: UnitPass, hands: Hands, module: Module) -> None:
    assert unit.settings.twin
    twin = TwinControl(unit.settings.twin)
    for scene, expected in TWIN_SCENES:
        unit.check()
        hands.say(f"Verdict on {scene}.")
        with twin_errors():
            twin.set_scene(scene_file(scene))
        hands.show(_note(unit, judged.verdict(scene, module.verify(), expected, "verify")))


def _self_test(unit: UnitPass, hands: Hands, phase: str, with_record: bool) -> None:
    unit.check()
    failed: list[tuple[str, str]] = []
    outcome = _held(unit).selftest()
    if not outcome.checks or (with_record and not outcome.ok and all(check.get("ok") for check in outcome.checks)):
        raise BadSelfTest("The module's self-test fails without saying why: flash its firmware again.")
    for measured, todo in judged.self_test(outcome, phase, with_record):
        hands.show(_note(unit, measured))
        if measured.result == judged.FAILED:
            failed.append((measured.name, todo or "see `dermis selftest`"))
    for name, todo in failed:
        unit.fail(f"selftest_{name}", phase, sentence(f"The self-test found {name} bad: {todo}"), (name,))


def _refuse(unit: UnitPass, outcome: Outcome) -> None:
    """Why there is no record: the bench's fault first, for then nothing is known of the module."""
    _because(unit, "calibrate", outcome.causes)
    _fail_for_measurements(unit, "calibrate", "could not be calibrated: see calibration.html")
    if not unit.over:
        unit.give_up("incomplete", "calibrate", "The calibration is not whole: test the unit again.")


def _because(unit: UnitPass, phase: str, found: Sequence[Cause]) -> None:
    for cause in sorted(found, key=lambda each: each.name not in BENCH_CAUSES):
        end = unit.give_up if cause.name in BENCH_CAUSES else unit.fail
        end(cause.name, phase, cause.sentence, cause.because)


def _fail_for_measurements(unit: UnitPass, phase: str, what: str) -> None:
    """A measurement outside its limits fails the unit even where no cause names it."""
    names = [one.name for one in unit.record.measurements if one.phase == phase and one.result == judged.FAILED]
    if names and not unit.over:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        unit.fail(
            f"outside_{names[0].split()[0]}", phase, f"{unit.record.serial} {what} (outside: {shown}).", tuple(names)
        )


def _note(unit: UnitPass, measured: Measured) -> Measured:
    unit.measured(measured)
    return measured


def _held(unit: UnitPass) -> Module:
    assert unit.module
    return unit.module


def _port(unit: UnitPass) -> str:
    if unit.settings.twin is not None:
        return TwinControl(unit.settings.twin).status()["url"]
    return unit.settings.port


def _operator(unit: UnitPass, hands: Hands) -> Operator:
    if unit.settings.twin is not None:
        return RunningTwin(TwinControl(unit.settings.twin))
    return Placing(hands.asker)


class _StoppableBench(LiveBench):
    """A live bench that gives up between two bursts."""

    def __init__(self, module: Module, operator: Operator, tell: Callable[[str], None], checked: Callable[[], None]):
        super().__init__(module, operator, tell)
        self._checked = checked

    def show(self, target: Target) -> None:
        self._checked()
        super().show(target)

    def burst(self, frames: tuple[str, ...] = (), exposure_us: int = 0) -> Recording:
        self._checked()
        return super().burst(frames, exposure_us)


class _Watcher:
    """`procedure.Watcher`. told: how many measurements were noted."""

    def __init__(self, unit: UnitPass, hands: Hands):
        self._unit, self._hands = unit, hands
        self.told = 0

    def begin(self, step: Step, number: int, of: int) -> None:
        self._unit.check()
        self._hands.say(f"Calibration {number}/{of}: {step.title}")

    def reading(self, text: str) -> None:
        self._unit.check()

    def measured(self, measurements: Sequence[Measurement]) -> None:
        for measurement in measurements:
            self.note(measurement)

    def finished(self, step: Step, data: StepData) -> None:
        """Nothing is kept: a unit that was interrupted is tested anew."""

    def note(self, measurement: Measurement) -> None:
        self.told += 1
        self._hands.show(_note(self._unit, judged.calibration(measurement, "calibrate")))
        if not measurement.passed:
            self._hands.say(words.sentence(measurement))


Phase = Callable[[UnitPass, Hands], Any]
PHASES: tuple[tuple[str, Phase], ...] = (
    ("prepare", prepare),
    ("flash", put_firmware),
    ("self-test", self_test),
    ("calibrate", calibrate),
    ("verify", check_on_targets),
    ("label", make_label),
)
