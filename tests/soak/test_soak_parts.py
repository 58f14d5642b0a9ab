"""The parts of a soak before a twin that is made up: faults and resets, lines of the log, the heap."""

from __future__ import annotations

import random
from collections import Counter, deque

import pytest
from dermis_host.errors import LinkError

from tests.soak import troubles as all_troubles
from tests.soak.ledger import Ledger
from tests.soak.run import Options, Soak
from tests.soak.tap import Event, Tap
from tests.soak.timetable import Timetable
from tests.soak.troubles import CAUSES, KILLED, LASTS_S, RESET_WITHIN_S, Troubles
from tests.soak.visits import Heap, Visits

ONE_AN_HOUR, LONG_S = 1.0, 100_000.0  # long enough that one has come


class MadeUpTwin:
    """Says what it is told to say."""

    url = "socket://127.0.0.1:1"

    def __init__(self) -> None:
        self.now_s, self.boots, self.state, self.hello = 100.0, 2, "running", True
        self.asked: list[str] = []

    def status(self) -> dict:
        return {
            "world_us": int(self.now_s * 1e6),
            "epoch_us": 7_000_000,
            "boots": self.boots,
            "state": self.state,
            "said_hello": self.hello,
        }

    def fault(self, name: str, **_arguments: object) -> None:
        self.asked.append(name)

    def reset(self) -> None:
        self.asked.append("reset")
        self.boots, self.state = self.boots + 1, "running"


def ledger() -> Ledger:
    return Ledger(Timetable(1, 2000), 0.0, 10.0)


def troubles(twin: MadeUpTwin, lasting: float, resets: float) -> Troubles:
    return Troubles(twin, ledger(), random.Random(1), lasting, resets)  # type: ignore[arg-type]


def turned(made: Troubles, twin: MadeUpTwin, after_s: float = 0.0) -> None:
    twin.now_s += after_s
    made.turn(twin.status())


def test_a_fault_lasts_a_while_and_the_next_one_comes():
    twin = MadeUpTwin()
    made = troubles(twin, ONE_AN_HOUR, 0)
    turned(made, twin)
    assert not made.under_way
    for number in (1, 2):
        turned(made, twin, LONG_S)
        assert made.under_way and made.counts.total() == number
        window = made.ledger.windows[-1]
        assert made.ledger.under_fault(twin.now_s + 1e6, twin.now_s + 1e6)  # it lasts
        turned(made, twin, LASTS_S[1])
        assert not made.under_way and twin.asked[-1] == "clear" and window.end_s == twin.now_s
    assert not made.asked


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_a_reset_is_counted_by_its_cause_once(monkeypatch, name):
    monkeypatch.setattr(all_troubles, "RESETS", (name,))
    twin = MadeUpTwin()
    made = troubles(twin, 0, ONE_AN_HOUR)
    turned(made, twin)
    turned(made, twin, LONG_S)
    assert made.counts == Counter({name: 1})
    if name == KILLED:
        twin.state = "dead"
        turned(made, twin, 1)
        assert twin.asked == [name, "reset"]
    elif "reset" not in twin.asked:
        twin.boots += 1
    turned(made, twin, 1)
    assert made.asked == Counter({CAUSES[name]: 1}) and not made.under_way


def test_a_cut_of_power_that_does_not_come_is_taken_back_and_one_under_way_is_waited_for(monkeypatch):
    monkeypatch.setattr(all_troubles, "RESETS", ("power_cut",))
    twin = MadeUpTwin()
    made = troubles(twin, 0, ONE_AN_HOUR)
    turned(made, twin)
    turned(made, twin, LONG_S)
    turned(made, twin, RESET_WITHIN_S)
    assert twin.asked == ["power_cut", "clear"] and not made.asked and not made.under_way
    turned(made, twin, LONG_S)
    twin.state = "waiting"
    made.finish()
    assert made.under_way
    twin.state, twin.boots = "running", twin.boots + 1
    made.finish()
    assert made.asked == Counter(power_on=1) and not made.under_way


def test_lines_are_placed_in_world_time_and_damaged_ones_counted():
    tap = Tap.__new__(Tap)
    tap._twin, tap._epoch_us, tap.lives, tap.damaged, tap.problem = MadeUpTwin(), 1_000_000, 0, 0, None  # type: ignore[assignment]
    tap._events = deque()
    for line in (
        b'\x06\x09AAAA{"t_ms": 500, "level": "info", "event": "verdict"}\r',
        b'{"t_ms": 50, "level": "in',
        b"a line of somebody else",
        b'{"t_ms": 1500, "event": "boot"}',
        b'{"t_ms": 2500, "event": "passage"}',
    ):
        tap._take(line)
    first, boot, passage = tap.taken()
    assert (first.at_s, first.life, first.name) == (1.5, 0, "verdict") and tap.damaged == 1
    assert (boot.at_s, boot.life) == (8.5, 1) and (passage.at_s, passage.life) == (9.5, 1)
    assert tap.taken() == []
    tap._take(b'{"t_ms": 2500, "event": "passage"}')
    tap.told(tap._twin.status() | {"epoch_us": 2_000_000})  # the clock has leapt
    tap._take(b'{"t_ms": 7500, "event": "passage"}')
    tap.told(tap._twin.status() | {"epoch_us": 50_000_000, "boots": 3})  # a life whose first line was not heard yet
    tap._take(b'{"t_ms": 8500, "event": "passage"}')
    assert [event.at_s for event in tap.taken()] == [9.5, 9.5, 10.5]
    tap._take(b'{"t_ms": 9000, "event": "pas{"t_ms": 9500, "event": "passage"}')  # noise took the end of a line
    assert [event.at_s for event in tap.taken()] == [11.5] and tap.damaged == 1
    tap.problem = OSError("gone")
    with pytest.raises(OSError, match="gone"):
        tap.taken()


def test_a_heap_that_grows_or_falls_to_pieces_is_seen(tmp_path):
    soak = Soak(Options(1, 2000, 1, 0, 0, 0, 0), tmp_path, lambda _: None)
    soak.ledger = ledger()
    size = 2 << 20
    soak._compare(1, Heap(1_500_000, size, 300_000))
    soak.ledger.verdicts["bona_fide"] = 230
    soak._compare(1, Heap(1_514_000, size, 160_000))
    assert not soak.ledger.problems
    soak._compare(1, Heap(1_516_000, size, 300_000))
    assert any("+16000 since its start" in problem for problem in soak.ledger.problems)
    soak.ledger.problems.clear()
    soak.ledger.verdicts["bona_fide"] = 83  # an hour's, and 100 bytes of each are left
    soak._compare(1, Heap(1_508_300, size, 300_000))
    assert soak.ledger.problems == ["the heap holds 1508300 bytes, +8300 since 83 passages: it leaks"]
    soak.ledger.problems.clear()
    soak._compare(1, Heap(1_500_000, size, 140_000))
    assert soak.ledger.problems == ["the largest free piece has 140000 bytes, of 300000 when the heap had settled"]
    soak.ledger.problems.clear()
    soak._compare(2, Heap(1_520_000, size, 300_000))  # another life, and not like the first one
    assert soak.ledger.problems == ["the heap holds 1520000 bytes, +20000 since the first start: not flat within 1%"]


def test_a_visit_that_fails_is_a_problem_unless_there_was_a_fault(tmp_path, monkeypatch):
    twin, book = MadeUpTwin(), ledger()
    visits = Visits(twin, book, random.Random(1), tmp_path / "log")  # type: ignore[arg-type]

    def fail() -> None:
        raise LinkError("nobody answers")

    monkeypatch.setattr(visits, "_kinds", lambda: {"look": fail})
    book.open(twin.now_s, "serial_noise").end_s = twin.now_s + 1
    visits.any()
    assert not book.problems and visits.counts == Counter({"look": 2, "look late": 2})
    twin.now_s += 100
    looked: list[str] = []
    visits.every(lambda: looked.append("at the relay"))
    assert looked == ["at the relay"]
    assert book.problems == ["the visit look at 200.0 s failed without a fault: nobody answers"]


def test_a_line_of_a_passage_that_noise_has_changed_is_damaged_and_no_verdict(tmp_path):
    soak = Soak(Options(1, 2000, 1, 0, 0, 0, 0), tmp_path, lambda _: None)
    soak.ledger, soak.tap = ledger(), Tap.__new__(Tap)
    soak.tap.damaged = 0
    sound = {"t_ms": 1, "event": "passage", "number": 4, "verdict": "attack", "reasons": ["model"]}
    for changed in ({"verdict": None}, {"number": "4"}, {"reasons": 7}):
        soak._take(Event(5.0, 1, sound | changed))
    assert soak.tap.damaged == 3 and not soak.ledger.verdicts
    soak._take(Event(5.0, 1, sound))
    assert soak.ledger.verdicts == Counter(attack=1)
