"""Lots of known truth, and folders with whatever may lie in them."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from dermis_host import cli
from dermis_host.errors import UsageError
from dermis_host.station import lot as lots
from dermis_host.station import lot_report, plots, statistics
from dermis_host.station.unit_record import FAILED, UNFINISHED
from scipy import stats
from station_records import cause, measured, record, write_lot

RNG = np.random.default_rng(20261122)


def test_normality_is_andersons_and_darlings():
    for values in (RNG.normal(5, 2, 60), RNG.exponential(1, 60), RNG.uniform(0, 1, 40), RNG.normal(0, 1, 8)):
        expected = stats.goodness_of_fit(
            stats.norm, values, statistic="ad", n_mc_samples=400, rng=np.random.default_rng(1)
        ).pvalue
        found = statistics.normality(list(values))
        assert found is not None
        assert (found < 0.01) == (expected < 0.01)
        assert found == pytest.approx(expected, abs=0.08)


def test_normality_says_nothing_of_few_or_equal_values():
    assert statistics.normality([1.0, 2.0, 3.0]) is None
    assert statistics.normality([0.1] * 40) is None


def test_a_yields_interval():
    low, high = statistics.wilson(19, 20)
    expected = stats.binomtest(19, 20).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert statistics.wilson(5, 5)[1] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no units"):
        statistics.wilson(0, 0)


def test_capability_of_known_values():
    values = list(RNG.normal(10.0, 0.5, 4000))
    found = statistics.capability(values, 8.0, 13.0)
    assert found.cp == pytest.approx(5 / 3, rel=0.03)
    assert found.cpk == pytest.approx(2 / 1.5, rel=0.03)
    assert found.ppk == pytest.approx(found.cpk, rel=0.03)
    one_sided = statistics.capability(values, None, 13.0)
    assert one_sided.cp is None
    assert one_sided.cpk == pytest.approx(2.0, rel=0.03)


def test_a_drift_parts_cpk_and_ppk():
    values = list(RNG.normal(0, 1, 200) + np.linspace(0, 8, 200))
    found = statistics.capability(values, -12.0, 12.0)
    assert found.cpk is not None and found.ppk is not None
    assert found.cpk > 1.5 * found.ppk


def test_too_few_values_have_no_capability():
    assert statistics.capability(list(RNG.normal(0, 1, 24)), -4, 4).cpk is None
    assert statistics.capability(list(RNG.normal(0, 1, 25)), -4, 4).cpk is not None
    assert statistics.capability([2.0] * 30, 0.0, 4.0).ppk is None  # no spread


@pytest.mark.parametrize(
    ("tail", "rule"),
    [
        ([4.5], statistics.BEYOND_3),
        ([2.5, 0.1, 2.5], statistics.BEYOND_2),
        ([0.3, 0.6] * 5, statistics.ONE_SIDE),
        ([-1.2, -0.8, -0.4, 0.1, 0.5, 0.9], statistics.TREND),
    ],
)
def test_each_run_rule_is_seen(tail, rule):
    quiet = [0.55, -0.6] * 12 + [0.5]  # sigma from moving ranges: about one
    found = statistics.chart(quiet + tail)
    assert found is not None
    scaled = statistics.chart(quiet + [found.centre + found.sigma * each for each in tail])
    assert scaled is not None
    assert rule in {signal.rule for signal in scaled.signals}
    assert not statistics.chart(quiet).signals  # type: ignore[union-attr]


def test_run_rules_seldom_cry_wolf():
    signals = [len(statistics.chart(list(RNG.normal(0, 1, 100))).signals) for _ in range(100)]  # type: ignore[union-attr]
    assert np.mean(signals) < 4


def test_a_lot(tmp_path):
    lot = lots.gather(write_lot(tmp_path, drift=4.0))
    once, again = lots.first_pass(lot), lots.final(lot)
    assert once and (once.passed, once.of) == (57, 60)
    assert again and (again.passed, again.of) == (58, 60)
    assert [(bar.name, bar.count) for bar in lots.pareto(lot.first)] == [("dead_led", 2), ("scratched_window", 1)]
    assert [bar.name for bar in lots.pareto(lot.unfinished)] == ["unplugged"]
    worst = lots.spreads(lot)[0]
    assert (worst.name, worst.failed, len(worst.values)) == ("flat 970", 3, 60)
    assert worst.capability.cp is None  # an RMS cannot pass below 0: its lower limit bounds nothing
    drifting = lots.drifts(lot)[0]
    assert drifting.name == "plane 650 mm" and drifting.chart and len(drifting.chart.signals) > 10
    json.dumps(lots.summary(lot), allow_nan=False)


def test_a_bench_that_stands_still_shows_no_drift(tmp_path):
    lot = lots.gather(write_lot(tmp_path, drift=0.0))
    drift = next(each for each in lots.drifts(lot) if each.name == "plane 650 mm")
    assert drift.chart and len(drift.chart.signals) <= 4


def test_two_fixtures_have_two_charts(tmp_path):
    for number in range(20):
        made = record(f"A-{number}", number, measurements=[measured("z", number % 3, -9, 9, bench=True)])
        made.fixture.id = "F-1" if number < 10 else "F-2"
        (tmp_path / str(number)).mkdir()
        made.write(tmp_path / str(number))
    assert sorted(drift.fixture for drift in lots.drifts(lots.gather(tmp_path))) == ["F-1", "F-2"]


def test_limits_that_changed_are_told(tmp_path):
    for number in range(3):
        made = record(f"A-{number}", number, measurements=[measured("z", 1.0, 0.0, 5.0 - number)])
        (tmp_path / str(number)).mkdir()
        made.write(tmp_path / str(number))
    (spread,) = lots.spreads(lots.gather(tmp_path))
    assert spread.limits_changed and spread.high == 3.0


def test_only_unfinished_passes_have_no_yield(tmp_path):
    record("A-1", outcome=UNFINISHED, causes=[cause("stopped")]).write(tmp_path)
    lot = lots.gather(tmp_path)
    assert lots.first_pass(lot) is None
    assert "no unit was finished" in lot_report.render(lot, "now")


GOOD = record("DM1-0001").to_json()
DAMAGED = {
    "cut": GOOD[: len(GOOD) // 2],
    "empty": "",
    "foreign": '{"name": "package", "version": "1.0"}',
    "list": "[]",
    "number": "7",
    "deep": "[" * 100_000,
    "nan": GOOD.replace('"retest": 0', '"retest": NaN'),
    "huge_number": GOOD.replace('"retest": 0', '"retest": ' + "9" * 6000),
    "other_version": GOOD.replace('"version": 1', '"version": 2'),
    "half_character": GOOD.replace("DM1-0001 passed.", "\\\\ud800".replace("\\\\", "\\")),
    "terminal_command": GOOD.replace("DM1-0001 passed.", "\\u001b[2J"),
    "wrong_kind": GOOD.replace('"causes": []', '"causes": "none"'),
    "missing": GOOD.replace('"operator"', '"operater"'),
    "bool_for_number": GOOD.replace('"retest": 0', '"retest": true'),
    "no_time": GOOD.replace('"started": "2026', '"started": "20x6'),
}


def test_damaged_files_are_listed_and_not_fatal(tmp_path):
    for name, text in {**DAMAGED, "good": GOOD}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "unit.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "unit.json").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "folder" / "unit.json").mkdir(parents=True)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "unit.json")
    (tmp_path / "circle").symlink_to(tmp_path)
    lot = lots.gather(tmp_path)
    assert len(lot.records) == 1
    assert {refused.path.split("/")[0] for refused in lot.refused} == {*DAMAGED, "binary", "pipe"}
    assert all(refused.sentence.endswith(".") and "\n" not in refused.sentence for refused in lot.refused)
    assert "Files left out" in lot_report.render(lot, "now")


def test_a_file_without_end_is_refused(tmp_path):
    with open(tmp_path / "unit.json", "wb") as file:
        file.truncate(1 << 33)
    (refused,) = lots.gather(tmp_path).refused
    assert "larger than any unit record" in refused.sentence


def test_a_copy_counts_once(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        record("DM1-0001").write(tmp_path / name)
    lot = lots.gather(tmp_path)
    assert len(lot.records) == 1 and lot.doubles == 1


def test_everything_is_escaped(tmp_path):
    evil = '<script>alert("x")</script><img src=x onerror=y>'
    made = record("DM1-0001", outcome=FAILED, sentence=evil, operator=evil, causes=[cause(evil)])
    made.measurements = [measured(evil, 1.0, 0.0, 2.0, bench=True)]
    made.station.id = made.fixture.id = made.module.firmware = evil
    for number in range(9):
        made.serial, made.started = f"{evil}{number}", f"2026-11-23T06:00:0{number}Z"
        made.measurements[0].value = float(number % 2)
        (tmp_path / f"<i>{number}").mkdir()
        made.write(tmp_path / f"<i>{number}")
    (tmp_path / "<script>").mkdir()
    (tmp_path / "<script>" / "unit.json").write_text("{")
    page = lot_report.render(lots.gather(tmp_path), "now")
    assert "<script" not in page and "<img" not in page and "<i>0" not in page
    assert "&lt;script&gt;" in page


def test_the_page_needs_nothing_beside_it(tmp_path):
    page = lot_report.render(lots.gather(write_lot(tmp_path, units=30)), "now")
    assert page.count("<svg") >= 5
    assert all(word not in page for word in ("http://", "https://", "<link", "<script", "src="))


def test_the_command_writes_both_reports(tmp_path, capsys):
    folder = write_lot(tmp_path / "lot", units=12)
    (folder / "bad").mkdir()
    (folder / "bad" / "unit.json").write_text("{")
    page = tmp_path / "lot.html"
    assert cli.main(["station", "lot", str(folder), "--html", str(page), "--json", str(tmp_path / "lot.json")]) == 0
    told = capsys.readouterr()
    assert "first-pass yield: 91.7 %" in told.out and "left out: " in told.err
    assert json.loads((tmp_path / "lot.json").read_text())["units"] == 12 and page.read_text().endswith("</html>")
    assert cli.main(["station", "lot", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first_pass_yield"]["passed"] == 11
    assert cli.main(["station", "lot", str(tmp_path / "none")]) == 2


def test_names_that_command_the_terminal_are_words(tmp_path, capsys):
    evil = "[/b] [blink]"
    made = record("A-1", outcome=FAILED, causes=[cause(evil)], measurements=[measured(evil, 1.0, 0.0, 2.0)])
    made.write(tmp_path)
    assert cli.main(["station", "lot", str(tmp_path)]) == 0
    assert evil in capsys.readouterr().out


def test_a_folder_without_records_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"no unit\.json under"):
        lots.gather(tmp_path)
    with pytest.raises(UsageError, match="There is no folder"):
        lots.gather(tmp_path / "none")


@pytest.mark.parametrize("values", [(1.0,), (0.0, 0.0), (1e11, -1e11, 3.0), (1e-9, 2e-9), (5.0,) * 40])
@pytest.mark.parametrize("limits", [(None, None), (0.0, 1.0), (None, -1e10), (-1e12, 1e12)])
def test_no_histogram_breaks(values, limits):
    low, high = limits
    spread = lots.Spread("x", "p", "u", low, high, values, statistics.capability(values, low, high), 0, 0, 0, False)
    drawing = plots.histogram(spread)
    marks = [rect.x for rect in drawing.rects] + [rule.x1 for rule in drawing.rules]
    assert all(np.isfinite(mark) and -1 <= mark <= drawing.width + 1 for mark in marks)
