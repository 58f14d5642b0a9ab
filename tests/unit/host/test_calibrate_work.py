"""The folder of a run: what is kept is whole, belongs together and is recent, or is refused with what to do."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from dermis_host.calibration import charts, report, targets, words
from dermis_host.calibration.limits import LIMITS, Measurement
from dermis_host.calibration.outcome import Cause, Line, Outcome, Picture, Plot
from dermis_host.calibration.steps import Step, StepData
from dermis_host.calibration.work import Binding, StaleWork, Work
from dermis_host.errors import UsageError

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=timezone.utc)
BOUND = Binding("DM1-0007", "twin-1", "twin-2", "0.1.0", "F-7", "0123456789abcdef")


def nothing(*_):
    raise AssertionError("nobody may take this step")


def step(name):
    return Step(name, name.capitalize(), ("white",), "why", 1.0, nothing, nothing)


@pytest.fixture
def kept(tmp_path, recording):
    """A folder in which a run was cut short after two steps."""
    work = Work(tmp_path / "run")
    with work.held():
        assert work.take_up(BOUND, NOW, "/face.toml") == {}
        for name in ("dark", "white"):
            work.keep(step(name), StepData(name, {"one": recording}, {"picked": "grey_20"}))
    return tmp_path / "run"


def take_up(folder, binding=BOUND, now=NOW, redo=()):
    work = Work(folder)
    with work.held():
        return work.take_up(binding, now, None, redo)


def test_finished_steps_come_back_whole(kept, recording):
    found = take_up(kept)
    assert list(found) == ["dark", "white"] and found["white"].facts == {"picked": "grey_20"}
    assert np.array_equal(found["dark"].bursts["one"].frames["970"], recording.frames["970"])
    assert Work(kept).scene_before() == "/face.toml"


def test_a_whole_run_is_begun_anew_but_single_steps_can_be_taken_again(kept):
    work = Work(kept)
    with work.held():
        work.take_up(BOUND, NOW)
        work.finish()
    assert work.scene_before() is None
    assert list(take_up(kept, redo=("white",))) == ["dark"]
    assert list(take_up(kept)) == ["dark"]  # cut short again, so that it is taken up
    work = Work(kept)
    with work.held():
        work.take_up(BOUND, NOW)
        work.finish()
    assert take_up(kept) == {}


def test_the_results_of_the_run_before_go_when_a_step_is_taken_again(kept):
    for name in ("record.cal", "report.json", "report.html"):
        (kept / name).write_bytes(b"old")
    take_up(kept, redo=("white",))
    assert [path.name for path in kept.iterdir()] == ["work"]


def test_start_over_forgets_everything(kept):
    (kept / "record.cal").write_bytes(b"old")
    work = Work(kept)
    with work.held():
        work.start_over()
    assert take_up(kept) == {} and not (kept / "record.cal").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("serial", "another module"),
        ("imager", "another imager"),
        ("swir", "another SWIR head"),
        ("firmware", "another firmware"),
        ("fixture_hash", "another certificate"),
        ("tool", "another version of these tools"),
    ],
)
def test_work_of_something_else_is_refused(kept, name, said):
    with pytest.raises(StaleWork, match=f"{said}.*--fresh"):
        take_up(kept, Binding(**{**vars(BOUND), name: "other"}))


@pytest.mark.parametrize("hours", [13, -1])
def test_old_work_and_work_of_the_future_are_refused(kept, hours):
    with pytest.raises(StaleWork, match="within the last 12 hours"):
        take_up(kept, now=NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "work/white/one.npz").write_bytes(b"other"),
        lambda folder: (folder / "work/white/one.npz").unlink(),
        lambda folder: (folder / "work/white/more").write_bytes(b""),
        lambda folder: (folder / "work/bound.json").write_text("{"),
        lambda folder: (folder / "work/bound.json").write_text('{"format": 9}'),
    ],
)
def test_altered_work_is_refused(kept, spoil):
    spoil(kept)
    with pytest.raises(StaleWork, match="--fresh"):
        take_up(kept)


def test_a_scene_that_is_none_is_refused(kept):
    path = kept / "work" / "bound.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "scene": 5}))
    with pytest.raises(StaleWork, match="--fresh"):
        Work(kept).scene_before()


def test_a_step_that_was_cut_while_it_was_saved_is_not_there(kept, recording, monkeypatch):
    def cut(self, folder):
        folder.mkdir()
        (folder / "one.npz").write_bytes(b"half")
        raise KeyboardInterrupt

    work = Work(kept)
    with work.held():
        work.take_up(BOUND, NOW)
        monkeypatch.setattr(StepData, "save", cut)
        with pytest.raises(KeyboardInterrupt):
            work.keep(step("swir"), StepData("swir", {"one": recording}))
    monkeypatch.undo()
    assert list(take_up(kept)) == ["dark", "white"]


def test_what_the_module_refused_is_not_kept(kept):
    work = Work(kept)
    with work.held():
        work.take_up(BOUND, NOW)
        work.keep(step("swir"), StepData("swir", {}, {"refused": {"name": "x"}}))
    assert list(take_up(kept)) == ["dark", "white"]


def test_two_runs_in_one_folder(kept):
    work = Work(kept)
    with work.held(), pytest.raises(UsageError, match="Another calibration"), Work(kept).held():
        pass


# Words.

FLAT = Measurement("flat", 0.42, "970 nm", before=3.1)


def test_a_measurement_in_words():
    assert words.sentence(FLAT) == "970 nm flat field: 3.10 % RMS -> 0.42 % RMS (limit 1 % RMS, margin 0.58)"


@pytest.mark.parametrize("kind", LIMITS)
def test_every_kind_has_a_sentence_with_its_unit_and_its_limits(kind):
    low, high, unit, _ = LIMITS[kind]
    for value in (low, high, 0.0, -0.0, float("nan"), float("inf")):
        if value is None:
            continue
        said = words.sentence(Measurement(kind, value, "970 nm"))
        assert unit in said and "-0.0 " not in said and ("limit" in said or " to " in said or "at least" in said)
        row = words.plain_row(Measurement(kind, value, "970 nm"))
        json.dumps(row, allow_nan=False)


def test_close_to_a_limit_is_said():
    assert words.marginal(Measurement("flat", 0.95)) and not words.marginal(Measurement("flat", 0.5))
    assert not words.marginal(Measurement("flat", 1.5)) and not words.marginal(Measurement("flat", float("nan")))
    assert words.marginal(Measurement("peak", -11.5)) and not words.marginal(Measurement("peak", 0.0))


# Charts and the report.


def plot(*lines):
    return Plot("white", "A <title>", "mm", "%", lines)


def test_a_chart_draws_breaks_escapes_and_survives_odd_data():
    line = Line("a & b", [0, 1, 2, 3], [1.0, float("nan"), 2.0, 3.0])
    drawn = charts.chart(plot(line, Line("limit 2", [0, 3], [2.0, 2.0])))
    assert drawn.count("M") - drawn.count('path class="grid"') == 3 and "a &amp; b" in drawn and "<title>a" in drawn
    assert charts.legend(plot(line, Line("limit 2", [0], [2.0])))[1]["style"] == "limit"
    for odd in ([], [5.0], [0.0], [1e-12], [float("nan")], [1e9, -1e9]):
        assert str(charts.chart(plot(Line("x", list(range(len(odd))), odd)))).endswith("</svg>")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7), (0.001, 0.0012), (-1e6, 2e6), (296.5, 651)])
def test_ticks_are_round_and_within(low, high):
    axis = charts._axis([low, high], 0.0)
    assert 3 <= len(axis.ticks) <= 11 and len({axis.text(tick) for tick in axis.ticks}) == len(axis.ticks)
    assert all(low <= tick + 1e-9 * abs(tick) and tick <= high + 1e-9 * abs(high) for tick in axis.ticks)


def outcome(passed=True):
    found = Outcome(complete=True)
    found.by_step["white"] = [FLAT, Measurement("flat", 0.97 if passed else 1.7, "850 nm", before=3.0)]
    found.plots = [plot(Line("850 nm", [1, 2, 3], [1.0, 2.0, 3.0]))]
    found.pictures = [Picture("white", "map", "%", np.arange(48 * 64).reshape(48, 64) / 100.0)]
    if not passed:
        found.causes = [Cause("wrong_target", "Show the <white> target, then take the step again.", ("flat 850 nm",))]
    return found


@pytest.mark.parametrize("passed", [True, False])
def test_the_report_says_the_same_in_both_files_and_needs_nothing_else(tmp_path, passed):
    run = report.Run(
        "DM1-0007",
        {"imager": "i", "swir": ""},
        "0.1",
        "twin",
        targets.load(),
        True,
        "ada <b>",
        "dermis 0.1.0",
        NOW,
        12.3,
        ("dark",),
    )
    record = b"record" if passed else b""
    steps = (step("dark"), step("white"))
    told = report.write(tmp_path, run, outcome(passed), steps, record, ("report.json", "report.html"))
    page = (tmp_path / "report.html").read_text()
    kept = json.loads((tmp_path / "report.json").read_text())
    assert {key: kept[key] for key in told} == told and kept["plots"][0]["lines"][0]["y"] == [1.0, 2.0, 3.0]
    assert (kept["passed"], bool(kept["hash"])) == (passed, passed)
    for sentence in ("970 nm flat field", "SIMULATED", "ada &lt;b&gt;", "overdue, allowed", "resumed after dark"):
        assert sentence in page
    assert ("&lt;white&gt;" in page) == (not passed) and ("&#10007; outside" in page) == (not passed)
    assert ("close to a limit" in page) == passed and "Not measured." in page
    for outside in ("http://", "https://", "<script", "<link", "@import", "url("):
        assert outside not in page
