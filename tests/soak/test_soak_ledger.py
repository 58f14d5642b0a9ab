"""What a soak holds: each kind of failure is seen, and what a fault excuses is none."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
from dermis_host.recording import load
from dermis_hw.optics import DM1
from dermis_hw.twin.sensor import ImagerSensor

from tests.soak import scenery
from tests.soak.ledger import LEAP, LEAP_S, Ledger
from tests.soak.report import wear_by_day
from tests.soak.run import Options, Result, waits_at
from tests.soak.timetable import (
    ATTACK,
    BONA_FIDE,
    FACES,
    INSTRUMENTS,
    LONGEST_VERIFICATION_S,
    NOBODY,
    PASSER_BY,
    Timetable,
)

RELAY_S = 10.0
FACE = np.s_[100:140, 140:180]  # in the middle of the frame; what is nearly dark reads brighter by its noise
TIMETABLE = Timetable(seed=5, passages=2000)


def first(kind: str, after: int = 1):
    """The first passage of that kind from that number on."""
    return next(each for number in range(after, 1000) if (each := TIMETABLE.passage(number)).kind == kind)


def ledger(passage) -> Ledger:
    """One that begins with that passage."""
    return Ledger(TIMETABLE, passage.number * TIMETABLE.share_s, RELAY_S)


def let_through(book: Ledger, at_s: float, number: int = 1, held_s: float = RELAY_S + 0.05) -> None:
    book.told(at_s, 1, number, BONA_FIDE, [])
    book.relay(at_s + 0.01, at_s + 0.01 + held_s)


def test_who_stays_beyond_the_end_is_not_judged_and_who_comes_later_was_not_there():
    under_way = first(BONA_FIDE)
    book = ledger(under_way)
    end_s = under_way.comes_s + 1
    book.close(end_s, end_s + 0.5)
    let_through(book, end_s + 2)
    book.settle(over(TIMETABLE.passage(under_way.number + 5)))
    assert not book.problems and not book.passages and book.verdicts == {BONA_FIDE: 1}
    later = TIMETABLE.passage(under_way.number + 1)
    book.told(later.comes_s + 2, 1, 2, BONA_FIDE, [])
    assert "nobody stood there" in book.problems[0]


def over(passage) -> float:
    return passage.goes_s + LONGEST_VERIFICATION_S + RELAY_S + LONGEST_VERIFICATION_S


def test_a_day_has_its_passages_one_at_a_time():
    day = [TIMETABLE.passage(number) for number in range(2000)]
    assert day == [Timetable(5, 2000).passage(number) for number in range(2000)]
    assert day[0].comes_s >= 0 and day[-1].goes_s <= 86_400
    for before, after in pairwise(day):
        assert before.goes_s + LONGEST_VERIFICATION_S <= after.comes_s
    counts = {kind: sum(each.kind == kind for each in day) for kind in (BONA_FIDE, ATTACK, PASSER_BY)}
    assert 1500 < counts[BONA_FIDE] < 1700 and 240 < counts[ATTACK] < 360 and counts[PASSER_BY] > 60
    assert {each.scene for each in day} == {*FACES, *INSTRUMENTS}
    assert TIMETABLE.present(day[7].comes_s) == day[7] and TIMETABLE.present(day[7].goes_s) is None
    assert TIMETABLE.judged(day[7].goes_s + 1) == day[7] and TIMETABLE.judged(day[7].comes_s - 0.1) != day[7]


@pytest.mark.parametrize("passages", [0, -1, 4000])
def test_more_passages_than_a_day_has_room_for_are_refused(passages):
    with pytest.raises(ValueError, match="passages a day"):
        Timetable(1, passages)


def test_quiet_lasts_until_the_next_one_comes_or_is_waited_for():
    for number in range(1, 200):
        passage = TIMETABLE.passage(number)
        quiet_s = TIMETABLE.quiet_until(TIMETABLE.passage(number - 1).goes_s)
        assert quiet_s == pytest.approx(passage.comes_s - passage.waits_s)
        assert TIMETABLE.quiet_until(passage.comes_s + 1e-6) == passage.comes_s + 1e-6  # somebody is there


def test_a_bona_fide_that_is_let_through_is_all_right():
    passage = first(BONA_FIDE)
    book = ledger(passage)
    let_through(book, passage.comes_s + 1.5)
    book.settle(over(passage))
    assert not book.problems and book.passages[BONA_FIDE] == 1 and book.excused == book.refused == 0
    assert book.waits_ms == [pytest.approx(1500)]


def test_an_attack_or_an_empty_room_let_through_is_wrong_whatever_was_done():
    attack = first(ATTACK)
    book = ledger(attack)
    book.open(0.0, "a fault")
    let_through(book, attack.comes_s + 2)
    empty_s = attack.goes_s + LONGEST_VERIFICATION_S + 0.1
    book.told(empty_s, 1, 2, BONA_FIDE, [])
    assert [problem.split(":")[0] for problem in book.problems] == [
        f"wrong bona fide at {attack.comes_s + 2:.1f} s",
        f"wrong bona fide at {empty_s:.1f} s",
    ]


def test_a_bona_fide_without_a_verdict_is_seen_and_a_fault_excuses_it():
    passage = first(BONA_FIDE)
    book = ledger(passage)
    book.settle(over(passage))
    assert len(book.problems) >= 1 and "without a verdict" in book.problems[0]
    excused = ledger(passage)
    window = excused.open(passage.comes_s - 30, "dead_light")
    window.end_s = passage.comes_s + 1
    excused.settle(passage.goes_s + LONGEST_VERIFICATION_S + 0.1)
    assert not excused.problems and excused.excused == 1
    early = ledger(passage)
    early.open(passage.comes_s - 60, "dead_light").end_s = passage.comes_s - 30
    early.settle(passage.goes_s + LONGEST_VERIFICATION_S + 0.1)
    assert early.problems and not early.excused


def test_a_bona_fide_refused_is_counted_and_an_attack_told():
    passage = first(BONA_FIDE)
    book = ledger(passage)
    book.told(passage.comes_s + 2, 1, 1, "attack", ["model"])
    book.settle(passage.goes_s + LONGEST_VERIFICATION_S + 0.1)
    assert book.refused == 1 and not book.problems
    attack = first(ATTACK)
    book = ledger(attack)
    book.told(attack.comes_s + 2, 1, 1, "attack", ["model"])
    book.settle(attack.goes_s + LONGEST_VERIFICATION_S + 0.1)
    assert book.caught == 1 and not book.problems


def test_the_relay_follows_the_verdict_and_nothing_else():
    passage = first(BONA_FIDE)
    at_s = passage.comes_s + 1.5
    for act, told in (
        (lambda book: book.relay(at_s, at_s + RELAY_S), "without a bona fide"),
        (lambda book: let_through(book, at_s, held_s=RELAY_S + 2), "was held for 12.00 s"),
        (lambda book: let_through(book, at_s, held_s=1.0), "was held for 1.00 s"),
        (lambda book: book.told(at_s, 1, 1, BONA_FIDE, []), "did not close the relay"),
    ):
        book = ledger(passage)
        act(book)
        book.settle(over(passage))
        assert any(told in problem for problem in book.problems), (told, book.problems)
    book = ledger(passage)
    book.relay(book.begin_s - 5, math.inf)  # of before it began
    assert not book.problems


def test_a_line_that_is_heard_after_the_relay_has_opened_again_still_counts():
    passage = first(BONA_FIDE)
    at_s = passage.comes_s + 1.5
    book = ledger(passage)
    book.relay(at_s + 0.01, at_s + 0.01 + RELAY_S)
    book.told(at_s, 1, 1, BONA_FIDE, [])
    book.settle(over(passage))
    assert not book.problems


def test_lines_that_are_missing_are_counted_and_a_problem_without_a_fault():
    passage = first(BONA_FIDE)
    book = ledger(passage)
    let_through(book, passage.comes_s + 1, number=17)  # the first one heard may have any number
    book.told(passage.comes_s + 2, 1, 20, "attack", ["model"])
    assert book.lost_lines == 2 and "2 lines" in book.problems[0]
    book.told(passage.comes_s + 3, 2, 1, "attack", ["model"])  # a new life counts from 1
    assert book.lost_lines == 2
    book.told(passage.comes_s + 4, 2, 1, "attack", ["model"])
    assert "was told after" in book.problems[-1]
    cut = ledger(passage)
    let_through(cut, passage.comes_s + 1)
    cut.open(passage.comes_s + 1, "power_cut")
    cut.told(passage.comes_s + 2, 1, 3, "attack", ["model"])
    assert cut.lost_lines == 1 and not cut.problems
    noisy = ledger(passage)
    let_through(noisy, passage.comes_s + 1)
    noisy.open(passage.comes_s + 1.5, "serial_noise").end_s = passage.comes_s + 3
    noisy.told(passage.comes_s + 2, 1, 9, "attacj", ["model"])  # not to be believed, nor its number
    noisy.told(passage.comes_s + 4, 1, 4, "attack", ["model"])
    assert noisy.lost_lines == 1 and not noisy.problems and "attacj" not in noisy.verdicts


def test_a_clock_that_leaps_excuses_where_a_line_is_placed_and_nothing_else():
    passage, attack = first(BONA_FIDE), first(ATTACK)
    book = ledger(passage)
    book.open(passage.comes_s - 5, LEAP).end_s = passage.comes_s + 20
    book.told(passage.comes_s + 2 - LEAP_S, 1, 1, BONA_FIDE, [])
    assert not book.problems
    book.open(attack.comes_s - 5, LEAP).end_s = attack.comes_s + 20
    book.told(attack.comes_s + 2, 1, 2, BONA_FIDE, [])
    assert "wrong bona fide" in book.problems[0]


def test_a_recording_turned_into_light_gives_the_recording_again():
    sensor, field = ImagerSensor(DM1, scenery.recorded_by()), scenery.field(FACES[0])
    recording = load(scenery.RECORDINGS / f"{FACES[0]}.npz")
    burned = np.full(DM1.height, recording.meta["exposure_us"], np.float32)
    for name, lit in (("dark", {}), ("850", {"850": burned}), ("1050", {"1050": burned}), ("dots", {"dots": burned})):
        electrons = sensor.electrons(field, lit, recording.meta["exposure_us"], field.temperature_c)
        codes = sensor.codes(electrons, recording.meta["gain_q8"] / 256, np.random.default_rng(1)).astype(int)
        difference = codes - recording.frames[name].astype(int)
        assert abs(difference[FACE].mean()) < (1 if lit else 3) and np.median(np.abs(difference)) <= 4, name
    assert field.swir.keys() == {1050, 1200, 1300, 1450, 1550} and 0.1 < field.swir[1050] < 1


def test_the_scenery_shows_whom_the_timetable_has(monkeypatch):
    for name, value in scenery.environment(5, 2000).items():
        monkeypatch.setenv(name, value)
    shown, passage = scenery.show, first(ATTACK)
    assert shown(passage.comes_s) is scenery.field(passage.scene)
    assert shown(passage.goes_s) is scenery.field(NOBODY)
    assert shown.quiet_until(passage.goes_s) > passage.goes_s
    with pytest.raises(AttributeError):
        _ = scenery.nothing_of_it


def test_figures():
    assert waits_at([], 50) == 0 and waits_at([3, 1, 2], 50) == 2 and waits_at(list(range(100)), 95) == 95
    options = Options(24, 2000, 1, 0, 0, 0, 0)
    wear = wear_by_day(Result(options, hours_done=12, wear={"data": [0, 5, 10, 5]}))
    assert wear["erases_a_day"] == 40 and wear["years_worst"] == pytest.approx(100_000 / 20 / 365.25)
    assert wear["years_even"] == pytest.approx(100_000 * 4 / 40 / 365.25)
    assert wear_by_day(dataclasses.replace(Result(options), hours_done=0))["erases_a_day"] == 0
