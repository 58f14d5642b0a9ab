"""The app's small parts: calendar, shuffling, log lines, burst checks."""

import json

import fakes
from dermis.app import utc
from dermis.app.blame import sentence
from dermis.app.burst_checks import add_findings, swir_differs
from dermis.app.log import DEBUG, ERROR, WARNING, Log
from dermis.app.shuffle import below, shuffle
from dermis.core.burst import Burst, from_header
from dermis.core.errors import BadInput

TIMES = (
    (0, "1970-01-01T00:00:00"),
    (951782399, "2000-02-28T23:59:59"),
    (951868800, "2000-03-01T00:00:00"),
    (1769860800, "2026-01-31T12:00:00"),
    (4107542400, "2100-03-01T00:00:00"),
    (253402300799, "9999-12-31T23:59:59"),
)


def test_calendar_both_ways():
    for seconds, text in TIMES:
        assert utc.text(seconds) == text and utc.seconds(text) == seconds
    for day in range(0, 60000, 37):
        assert utc.seconds(utc.text(day * 86400 + 4711)) == day * 86400 + 4711


def test_times_that_there_are_not():
    for text in (
        "",
        "2026-01-31",
        "2026-02-29T00:00:00",
        "2100-02-29T00:00:00",
        "2026-13-01T00:00:00",
        "2026-00-10T00:00:00",
        "2026-04-31T00:00:00",
        "2026-01-01T24:00:00",
        "2026-01-01 00:00:00",
        "1969-12-31T23:59:59",
        "abcd-01-01T00:00:00",
    ):
        try:
            utc.seconds(text)
        except BadInput:
            continue
        raise AssertionError(text)


def test_choices_are_even():
    random = fakes.FakeSystem(3).random
    counts = [0] * 5
    for _ in range(3000):
        counts[below(5, random)] += 1
    assert min(counts) > 500 and max(counts) < 700, counts
    assert below(1, random) == 0

    drawn = iter([255, 254, 253, 252, 7])  # above 252, the largest multiple of 7, a byte is drawn again
    assert below(7, lambda count: bytes([next(drawn)])) == 0
    assert next(drawn, None) is None


def test_every_order_comes():
    random = fakes.FakeSystem(5).random
    counts = {}
    for _ in range(2400):
        order = tuple(shuffle("abcd", random))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24 and min(counts.values()) > 50, counts


def test_log_lines():
    clock = fakes.FakeClock()
    clock.now = 1234567
    lines = []
    log = Log(clock, lines.append)
    log.event("start", size=3, name="x\ny")
    log.event("detail", DEBUG)
    log.event("trouble", ERROR, list=[1, "a"])
    log.event("doubt", WARNING)
    assert lines[0] == b'{"t_ms": 1234, "level": "info", "event": "start", "name": "x\\ny", "size": 3}\n'
    assert [json.loads(line)["event"] for line in lines] == ["start", "trouble", "doubt"]
    assert log.errors == 1


class Analysis:
    def __init__(self):
        self.findings = []
        self.evidence = {}


def test_dark_slots_that_differ_make_no_decision():
    burst, analysis = Burst(), Analysis()
    burst.dark_levels = (1000, 1100)
    add_findings(analysis, burst)
    assert analysis.findings == [] and analysis.evidence == {}
    burst.dark_levels = (1000, 9000)
    add_findings(analysis, from_header(dict(burst.header())))
    assert analysis.findings == [("no_decision", "moving")] and analysis.evidence["dark_levels"] == [1000, 9000]


def test_halves_of_a_swir_reading_that_contradict_each_other_decide_nothing():
    assert not swir_differs(1000, 1250) and not swir_differs(1250, 1000)  # who walks up to the module
    assert swir_differs(1000, 1400) and swir_differs(1400, 1000)
    assert not swir_differs(0, 64) and not swir_differs(-32, 32)  # what little light gives
    assert swir_differs(0, 65) and swir_differs(-100, -10) and swir_differs(-30000, 30000)
    burst, analysis = Burst(), Analysis()
    burst.swir_uneven = 2
    add_findings(analysis, from_header(dict(burst.header())))
    assert analysis.findings == [("no_decision", "sensor_fault")] and analysis.evidence == {"swir_uneven": 2}
    assert "within one burst" in sentence(analysis.evidence, {"swir": True})


def test_headers_of_other_writers_are_read():
    header = Burst().header()
    del header["dark_levels"], header["swir_uneven"]
    burst = from_header(header)
    assert burst.dark_levels == () and burst.swir_uneven == 0
