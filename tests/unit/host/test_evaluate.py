"""`dermis evaluate`: sessions over bursts, plans, runs that stop and go on."""

import csv
import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from dermis.core import profiles, vocabulary
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import judging, plan, sessions, simulated
from dermis_host.evaluation.running import COLUMNS, Run
from dermis_host.evaluation.source import Presentation, Verdict
from dermis_hw import species
from hypothesis import given, settings
from hypothesis import strategies as st
from plans_and_bursts import REASONS, burst, toml
from rig_of_fakes import MODEL_FILE

ROOT = Path(__file__).parents[3]
BORDER, TURNSTILE = profiles.by_name("border"), profiles.by_name("turnstile")


BURSTS = st.lists(
    st.builds(burst, st.integers(0, 20).map(lambda step: 500 * step), st.sampled_from([None, *REASONS])).map(
        lambda each: {**each, "findings": [finding for finding in each["findings"] if finding]}
    ),
    min_size=1,
    max_size=7,
)


def accepted_at(bursts, profile, threshold):
    return sessions.verdict(bursts, profile, threshold, 900.0)[0].verdict == vocabulary.BONA_FIDE


@settings(deadline=None, max_examples=200)
@given(BURSTS, st.sampled_from(profiles.PROFILES), st.integers(0, 10_000))
def test_the_score_is_the_highest_threshold_that_accepts(bursts, profile, threshold):
    score = sessions.highest_accepting(bursts, profile, 900.0)
    assert accepted_at(bursts, profile, threshold) == (score >= threshold)


def test_gates_refuse_at_every_threshold():
    flat = burst(10_000, REASONS[0])
    said, score, sufficed = sessions.verdict([flat, flat], TURNSTILE, 1, 900.0)
    assert (said.verdict, score, sufficed) == (vocabulary.ATTACK, -math.inf, True)


def test_two_bursts_that_agree_take_the_lower_score():
    said, score, _ = sessions.verdict([burst(9000), burst(8700)], BORDER, 8603, 900.0)
    assert (said.verdict, said.bursts, said.ms, score) == (vocabulary.BONA_FIDE, 2, 1800.0, 8700.0)


def test_bursts_that_run_out_are_no_decision():
    said, score, sufficed = sessions.verdict([burst(9000)], BORDER, 8603, 900.0)
    assert (said.verdict, score, sufficed) == (vocabulary.NO_DECISION, -math.inf, False)


def test_a_burst_that_cannot_be_analysed_decides_nothing():
    said, score, _ = sessions.verdict([{"error": "no"}] * 4, TURNSTILE, 5000, 900.0)
    assert (said.verdict, said.reasons, score) == (vocabulary.NO_DECISION, (vocabulary.SENSOR_FAULT,), -math.inf)


# Plans


def test_a_plan_with_nothing_but_a_model(tmp_path):
    made = plan.load(toml(tmp_path))
    assert (made.name, made.source, made.profile.name, made.threshold) == ("plan", "simulation", "border", 8603)
    # printf '\x1c\0\0\0TFL3' | sha256sum
    assert made.model_sha256.startswith("36804490")
    assert made.seed == int(made.model_sha256[:16], 16) & ((1 << 63) - 1)
    assert (made.rule.kind, made.rule.value) == ("threshold", 8603.0)


def test_the_digest_follows_what_decides_the_scores_only(tmp_path):
    made = plan.load(toml(tmp_path)).digest()
    assert plan.load(toml(tmp_path, "[goals]\nbpcer = 0.01\n")).digest() == made
    assert plan.load(toml(tmp_path, "seed = 5\n")).digest() != made
    assert plan.load(toml(tmp_path), seed=5).digest() == plan.load(toml(tmp_path, "seed = 5\n")).digest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sauce = 1", "no key 'sauce'; did you mean 'source'?"),
        ('source = "air"', "source must be one of"),
        ('profile = "bank"', "profile must be one of"),
        ("seed = -1", "seed must be"),
        ("seed = true", "seed must be"),
        ('name = "=cmd|x"', "name must be a text"),
        ('model = "other.tflite"', "Cannot overwrite"),
        ("operating_point = { bpcer = 2 }", "operating_point must be"),
        ("operating_point = 5", "operating_point must be"),
        ('keep = "some"', "keep must be one of"),
        ('claims = ["x"]', "plan.toml: claims 'x' must be"),
        ('claims = ["bpcer=2"]', "plan.toml: claims takes a rate"),
        ("burst_ms = 800", "burst_ms of a simulation is 900"),
        ('source = "recordings"\nburst_ms = 0', "burst_ms must be"),
        ("concealer = 5", "concealer must be"),
        ("simulation = 5", "[simulation] must be a table"),
        ("[goals]\nspeed = 1", "[goals] knows"),
        ("[goals]\napcer_gates = 5", "apcer_gates must be"),
        ("[goals]\napcer_gates = 'all'", "apcer_gates must be"),
        ("[goals]\napcer_at_bpcer = 0.02", "apcer_at_bpcer must be one of"),
        ("[goals.apcer]\nphoto = 2", "[goals.apcer] must give"),
        ("[report]\nplace = 'x'", "[report] has an unknown field 'place'"),
        ("[", "is no TOML"),
    ],
)
def test_bad_plans(tmp_path, text, said):
    with pytest.raises(UsageError) as caught:
        plan.load(toml(tmp_path, text))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_plans_and_models_that_are_not_there(tmp_path):
    with pytest.raises(UsageError, match="There is no plan"):
        plan.load(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="There is no model"):
        plan.load(toml(tmp_path), model=tmp_path / "none.tflite")
    path = toml(tmp_path)
    path.write_text("format = 2\n")
    with pytest.raises(UsageError, match="format is 2"):
        plan.load(path)


def test_the_example_of_the_page_is_a_plan(tmp_path):
    page = (ROOT / "docs" / "evaluation.md").read_text()
    path = toml(tmp_path)
    path.write_text(page.split("```toml\n")[1].split("```")[0].replace("spoof.tflite", "model.tflite"))
    made = plan.load(path)
    assert made.apcer_goals is None and made.apcer_at_bpcer == 0.01 and made.details == {"laboratory": "..."}


def test_bursts_come_as_they_are_simulated(tmp_path):
    pytest.importorskip("mitsuba")
    from dermis_models import bursts

    assert bursts.BURST_US == plan.BURST_MS * 1000
    assert plan.load(toml(tmp_path, 'source = "recordings"\nburst_ms = 800')).burst_ms == 800.0


def test_the_full_evaluation_asks_for_what_the_goals_need():
    values = plan.toml.loads((ROOT / "models" / "evaluations" / "full.toml").read_text())
    asked = values["simulation"]["species"]
    bona_fide = {name: count for name, count in asked.items() if name.startswith("bona_fide")}
    assert sum(bona_fide.values()) >= 10_000
    assert {name.removeprefix("bona_fide_") for name in bona_fide} == set(species.conditions())
    assert min(bona_fide.values()) >= 500
    low, high = values["simulation"]["tones"]["r700"]
    assert sum(bona_fide.values()) * 0.1 / (high - low) >= 1500  # tones are drawn evenly, and reported by tenths
    assert asked.keys() - bona_fide.keys() == species.all_species().keys()
    assert min(asked[name] for name in species.all_species()) >= 300
    quick = plan.toml.loads((ROOT / "models" / "evaluations" / "quick.toml").read_text())
    assert quick["simulation"]["species"].keys() == asked.keys() and quick["goals"] == values["goals"]


def test_nothing_of_the_models_is_imported_before_it_is_needed():
    code = "import sys, dermis_host.commands.report, dermis_host.commands.evaluate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"dermis_models", "dermis_evaluation", "mitsuba", "scipy"} & set(loaded)


# Runs


class Rig:
    """A source that gives verdicts itself; breaks off where it is told to."""

    simulated = False

    def __init__(self, count=130, breaks_at=None, **changed):
        self.count, self.breaks_at, self.changed, self.shown = count, breaks_at, changed, 0

    def description(self):
        return {"rig": 1}

    def attempts(self):
        return [f"p{number}" for number in range(self.count)]

    def species(self):
        return {"", "photo"}

    def show(self, attempts):
        for attempt in attempts:
            if self.shown == self.breaks_at:
                raise KeyboardInterrupt
            self.shown += 1
            attack = int(attempt[1:]) % 2
            word = vocabulary.ATTACK if attack else vocabulary.BONA_FIDE
            said = Verdict(word, (vocabulary.FLAT,) if attack else (), 100 if attack else 9000, 2, 1800.0)
            fields = {"subject": "s", "species": "photo" if attack else "", "tone": "0.3", **self.changed}
            yield Presentation(attempt, verdict=said, **fields)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_taken_up_where_it_stopped(tmp_path):
    made, folder = plan.load(toml(tmp_path)), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Run(made, Rig(breaks_at=100), {}, folder).go()
    part = folder / "presentations.csv.part"
    assert not (folder / "presentations.csv").exists() and part.is_file()
    with open(part, "a") as file:  # power went while a row was written
        file.write("p77,s,pho")
    second = Rig()
    run = Run(made, second, {}, folder)
    assert len(run.done) == 100  # what a rig's module says is written down at once
    told = []
    run.go(told.append)
    assert second.shown == sum(told) == 130 - 100
    found = rows(folder / "presentations.csv")
    assert [row["attempt"] for row in found] == second.attempts() and not part.exists()
    assert tuple(found[1]) == COLUMNS
    assert (found[1]["species"], found[1]["score"], found[1]["reasons"], found[1]["response"]) == (
        "photo",
        "100",
        "flat",
        "yes",
    )
    third = Rig()
    Run(made, third, {}, folder).go()
    assert third.shown == 0


def test_a_run_is_known_by_what_made_its_rows_and_on_a_rig_by_the_rows(tmp_path):
    """Rigs of one module present other things on another day; a simulation gives its rows again, in any order."""
    made, on_a_rig = plan.load(toml(tmp_path)), {"rigs": [{"module": {"serial": "DM1-0001"}}]}

    def marks(description, folder):
        runs = [Run(made, Rig(4, subject=who), description, tmp_path / f"{folder}-{who}") for who in ("ada", "bob")]
        for run in runs:
            run.go()
        return [run.digest() for run in runs]

    drawn, again = marks({"generator": "test-1"}, "drawn")
    monday, tuesday = marks(on_a_rig, "rig")
    assert drawn == again and len({drawn, monday, tuesday}) == 3
    assert Run(made, Rig(4), on_a_rig, tmp_path / "rig-ada").digest() == monday, "the same run, told again"


def test_a_table_of_other_columns_is_not_gone_on_with(tmp_path):
    made, folder = plan.load(toml(tmp_path)), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Run(made, Rig(breaks_at=3), {}, folder).go()
    part = folder / "presentations.csv.part"
    part.write_text(part.read_text().replace(",covered", "", 1))
    with pytest.raises(UsageError, match="another version of these tools"):
        Run(made, Rig(), {}, folder)


def test_a_folder_of_another_run_is_left_alone(tmp_path):
    folder = tmp_path / "out"
    Run(plan.load(toml(tmp_path)), Rig(4), {}, folder).go()
    with pytest.raises(UsageError, match="holds another evaluation"):
        Run(plan.load(toml(tmp_path), seed=3), Rig(4), {}, folder)
    (folder / "run.json").unlink()
    with pytest.raises(UsageError, match=r"no run\.json"):
        Run(plan.load(toml(tmp_path)), Rig(4), {}, folder)


def test_a_run_is_not_taken_up_under_another_generator_or_scoring(tmp_path, monkeypatch):
    pytest.importorskip("mitsuba")
    from dermis_evaluation import frozen

    made, folder = plan.load(toml(tmp_path)), tmp_path / "out"
    table = {"species": {"bona_fide": 1, "photo_matte": 1}}

    def run(folder=folder):
        described = simulated.Simulation(table, "p", 1, tmp_path / "modules", 1).description()
        return Run(made, Rig(4), described, folder)

    run().go()
    assert len(run().done) == 4
    other = dataclasses.replace(frozen.TEST, read_noise=(1.2, 1.9))
    assert other.name == frozen.TEST.name
    for place, name, value in (
        (frozen, "TEST", other),
        (simulated, "digest", lambda: "0123456789abcdef"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, value)
            with pytest.raises(UsageError, match="holds another evaluation"):
                run()
    # What an older version wrote down says neither: no row is added to it, and a finished one has its report.
    older = json.loads((folder / "run.json").read_text())
    for key in ("generator_digest", "scoring"):
        del older[key]
    (folder / "run.json").write_text(json.dumps(older))
    assert run().description == older
    (folder / "run.json").write_text(json.dumps({**older, "sources": "0"}))
    with pytest.raises(UsageError, match="holds another evaluation"):
        run()
    (folder / "run.json").write_text(json.dumps(older))
    (folder / "presentations.csv").rename(folder / "presentations.csv.part")
    with pytest.raises(UsageError, match="holds another evaluation"):
        run()


def test_the_digest_of_the_code_that_scores_follows_each_of_its_files(tmp_path, monkeypatch):
    whole = judging.digest()
    assert len(whole) == 16 and judging.digest() == whole
    read = Path.read_bytes
    for name in ("sessions.py", "judging.py", "replaying.py", "decision.py"):
        monkeypatch.setattr(Path, "read_bytes", lambda path, name=name: read(path) + b"#" * (path.name == name))
        judging.digest.cache_clear()
        assert judging.digest() != whole, name
    monkeypatch.undo()
    judging.digest.cache_clear()
    assert judging.digest() == whole


def test_a_worker_of_another_state_judges_nothing(tmp_path, recording, monkeypatch):
    made = judging.Judge.of(plan.load(toml(tmp_path)))
    monkeypatch.setattr("dermis_host.replaying.replay", lambda *_, **__: pytest.fail("judged"))
    monkeypatch.setattr(judging, "digest", lambda: "0123456789abcdef")  # as on another computer
    with pytest.raises(HostError, match="judges by other code"):
        made.results([recording])


@pytest.mark.parametrize("subject", ["=1+1", "+x", "-x", "@x", "a\nb"])
def test_no_formula_gets_into_the_table(tmp_path, subject):
    run = Run(plan.load(toml(tmp_path)), Rig(4, subject=subject), {}, tmp_path / "out")
    with pytest.raises(HostError, match="may not stand in a table"):
        run.go()


def test_a_source_that_forgets_presentations_is_told(tmp_path):
    rig = Rig(4)
    rig.show = lambda attempts: Rig.show(rig, attempts[:2])
    with pytest.raises(HostError, match="2 of 4 presentations were not made"):
        Run(plan.load(toml(tmp_path)), rig, {}, tmp_path / "out").go()


def test_what_is_kept(tmp_path, recording, monkeypatch):
    """Bursts go to the device's code without the SWIR head's readings where the plan says so; failures are kept."""
    seen = []

    def replay(bursts, model, *, features_only, tell):
        seen.extend(bursts)
        return [burst(9000) for _ in bursts]

    class Source(Rig):
        def show(self, attempts):
            for attempt in attempts:
                yield Presentation(attempt, "s", "photo" if attempt == "p1" else "", bursts=[recording, recording])

    monkeypatch.setattr("dermis_host.replaying.replay", replay)
    Run(plan.load(toml(tmp_path, "without_swir = true\n")), Source(2), {}, tmp_path / "out").go()
    first, second = rows(tmp_path / "out" / "presentations.csv")
    assert first["verdict"] == "bona_fide" and first["recording"] == ""
    assert second["recording"] == "recordings/p1-0.npz"
    assert sorted(path.name for path in (tmp_path / "out" / "recordings").iterdir()) == ["p1-0.npz", "p1-1.npz"]
    assert [each.meta["swir"] for each in seen] == [[]] * 4 and recording.meta["swir"]


def test_a_judge_says_when_a_module_has_seen_enough(tmp_path, recording, monkeypatch):
    made = judging.Judge.of(plan.load(toml(tmp_path)))
    assert (made.model, made.profile, made.threshold, made.without_swir) == (MODEL_FILE, "border", 8603, False)
    assert not made.enough([burst(9000)]) and made.enough([burst(9000), burst(9000)])
    assert made.enough([burst(9000, *REASONS[:2])]) and not made.enough([burst(100), burst(9000), burst(9000)])

    def replay(bursts, model, *, features_only, tell):
        assert model.read_bytes() == MODEL_FILE and "8603" in model.with_suffix(".json").read_text()
        return [{**burst(), "maps": "00", "spectra": "00"} for _ in bursts]

    monkeypatch.setattr("dermis_host.replaying.replay", replay)
    assert made.results([recording]) == [burst()]


def test_bursts_that_were_judged_where_they_were_made_are_not_judged_again(tmp_path, recording, monkeypatch):
    class Source(Rig):
        def show(self, attempts):
            for attempt in attempts:
                yield Presentation(attempt, "s", bursts=[recording] * 2, results=[burst(9000), burst(8900)])

    monkeypatch.setattr("dermis_host.replaying.replay", lambda *_, **__: pytest.fail("asked again"))
    Run(plan.load(toml(tmp_path)), Source(2), {}, tmp_path / "out").go()
    assert [row["score"] for row in rows(tmp_path / "out" / "presentations.csv")] == ["8900", "8900"]


def test_device_code_that_can_read_nothing_stops_the_run(tmp_path, recording, monkeypatch):
    class Source(Rig):
        def show(self, attempts):
            for attempt in attempts:
                yield Presentation(attempt, "s", bursts=[recording])

    monkeypatch.setattr(
        "dermis_host.replaying.replay", lambda bursts, *_, **__: [{"error": "old record"} for _ in bursts]
    )
    with pytest.raises(HostError, match="can analyse none of these recordings: old record"):
        Run(plan.load(toml(tmp_path)), Source(2), {}, tmp_path / "out").go()
