"""Goals of an evaluation, compared with the rates found, and the log of evaluations."""

from pathlib import Path

import pytest
from dermis_host.errors import HostError
from dermis_host.evaluation import figures, goals, log, plan, score_files
from dermis_hw import species

ROOT = Path(__file__).parents[3]
EMPTY = {"apcer": {}, "concealer": {"apcer": {}}}  # of what a result has, what is asked of all goals


def rate(value):
    return {"value": value, "n": 100, "ci95": [0.0, 1.0]}


def test_goals_take_the_worst_tone_and_their_distance():
    tones = {name: {"bpcer": rate(value)} for name, value in (("dark", 0.02), ("light", 0.005))}
    result = {"bpcer": rate(0.01), "apcer": {"photo": rate(0.0), "max": rate(0.0)}, "concealer": {"apcer": {}},
              "by": {"tone": tones}}  # fmt: skip
    wanted = {"bpcer": 0.01, "bpcer_tone": 0.02, "tone_spread": 0.01, "bpcer_condition": 0.02}
    found = goals.judge(wanted, {"photo": 0.0, "mask": 0.1}, result)
    assert [(goal["what"], goal["reached"]) for goal in found] == [
        ("BPCER", True),
        ("BPCER of the worst tone (dark)", True),
        ("BPCER of the worst condition", False),
        ("BPCER between tones", False),
        ("APCER of photo", True),
        ("APCER of mask", False),
    ]


def test_one_tone_has_no_distance_to_another():
    result = {**EMPTY, "by": {"tone": {"dark": {"bpcer": rate(0.02)}, "light": {"bpcer": {**rate(None), "n": 0}}}}}
    (found,) = goals.judge({"tone_spread": 0.01}, {}, result)
    assert (found["value"], found["n"], found["reached"]) == (None, 0, False)
    result["by"]["tone"]["light"] = {"bpcer": rate(0.015)}
    (found,) = goals.judge({"tone_spread": 0.01}, {}, result)
    assert (found["value"], found["n"], found["reached"]) == (pytest.approx(0.005), 2, True)


def test_goals_of_the_table_of_species_at_a_fixed_bpcer():
    species = {"photo_matte": rate(0.0), "hydrogel_on_silicone": rate(0.06), "gelatin_appliance": rate(0.9)}
    hidden = {"latex_mask": rate(0.01), "heavy_makeup": rate(0.9), "partial_jaw_over": rate(0.05)}
    points = [
        {"fixed": "bpcer", "at": at, "apcer": {**species, "max": rate(0.9)}, "concealer": {"apcer": hidden}}
        for at in (0.01, 0.05)
    ]
    aside = {"apcer": {}, "apnrr": {**hidden, "max": rate(0.0)}}
    result = {"apcer": {}, "concealer": aside, "apnrr": species, "fixed_operating_points": points}
    found = goals.judge({}, None, result, 0.01)
    assert [(goal["what"], goal["limit"], goal["reached"]) for goal in found] == [
        ("APCER of photo_matte at BPCER 1%", 0.0, True),
        ("APCER of latex_mask at BPCER 1%", 0.0, False),
        ("APCER of hydrogel_on_silicone at BPCER 1%", 0.05, False),
        ("APCER of partial_jaw_over at BPCER 1%", 0.05, True),
    ]


@pytest.mark.parametrize(("errors", "reached"), [(60, True), (59, False)])
def test_a_module_out_of_order_accepts_nobody(errors, reached):
    made = plan.load(ROOT / "models" / "evaluations" / "without-swir.toml")
    assert made.without_swir and made.goals == {"bona_fide_accepted": 0.0}
    species = {name: rate(0.0) for name in made.apcer_goals or ()}
    result = {"bpcer": {"n": 60, "errors": errors}, "apcer": species, "concealer": {"apcer": {}}}
    found = goals.judge(made.goals, made.apcer_goals, result)
    assert [goal["reached"] for goal in found] == [reached] + [True] * 5


def test_a_goal_takes_the_worse_of_two_purposes():
    result = {"apcer": {"mask": rate(0.01)}, "concealer": {"apcer": {"mask": rate(0.2)}}}
    (found,) = goals.judge({}, {"mask": 0.1}, result)
    assert (found["value"], found["reached"]) == (0.2, False)


def test_the_log_keeps_what_it_held(tmp_path):
    path = tmp_path / "log.md"
    path.write_text("# Ours\nWords before.")
    result = {"presentations": {"bona_fide": 1, "attack": 2}, "apcer": {"max": None}, "concealer": {"apcer": {}},
              "goals": [], "simulated": None, "threshold": 1.5, "threshold_from": "as | given",
              "bpcer": rate(0.0)}  # fmt: skip
    described = {"plan": "p", "digest": "d", "model": "m", "model_sha256": "0" * 64, "seed": 1}
    assert log.append(path, result, described, "one") and log.append(path, result, described, "two")
    assert not log.append(path, result, described, "one")
    text = path.read_text()
    assert text.startswith("# Ours\nWords before.\n") and text.count("as / given") == 2 and text.count("| date |") == 1
    with pytest.raises(HostError):
        log.append(tmp_path, result, described, "three")


def test_gates_alone_are_judged_by_the_worst_species(tmp_path):
    rows = ["b,b,,9000,", "c,b,,-inf,"]
    for name, passed, purpose in (("papercraft_mask", 3, ""), ("latex_mask", 2, "concealer"), ("mirror", 40, "")):
        rows += [f"{name}{i},s,{name},{'17' if i < passed else '-inf'},{purpose}" for i in range(40)]
    place = tmp_path / "s.csv"
    place.write_text("attempt,subject,species,score,purpose\n" + "\n".join(rows) + "\n")
    result = figures.compute(score_files.load(place), figures.Rule(figures.THRESHOLD, 5000.0), counted=True)
    alone = result["gates_alone"]
    assert {name: (rate["errors"], rate["n"]) for name, rate in alone.items()} == {
        "latex_mask": (2, 40), "mirror": (40, 40), "papercraft_mask": (3, 40)}  # fmt: skip
    assert alone["mirror"]["ci95"][1] == 1.0 and result["apcer"]["papercraft_mask"]["errors"] == 0
    (found,) = goals.judge({}, {}, result, gates=goals.Gates(0.05, first_row=True))
    assert (found["what"], found["value"], found["n"], found["reached"]) == (
        "APCER of gates alone, worst species of the first row (papercraft_mask)", 0.075, 40, False)  # fmt: skip
    (found,) = goals.judge({}, {}, result, gates=goals.Gates(1.0))
    assert found["what"] == "APCER of gates alone, worst species (mirror)" and found["reached"]
    (found,) = goals.judge({}, {}, {"gates_alone": {"mirror": rate(0.0)}, **EMPTY}, gates=goals.Gates(0.05, True))
    assert found["what"].endswith("of the first row") and not found["reached"], "nothing presented reaches no goal"


def test_an_attack_without_a_score_is_no_attack_that_a_gate_refused(tmp_path):
    place = tmp_path / "s.csv"
    place.write_text("attempt,subject,species,score,response\nb,b,,9,yes\np,p,photo,,no\nq,p,photo,-inf,no\n")
    result = figures.compute(score_files.load(place), figures.Rule(figures.THRESHOLD, 5.0), counted=True)
    assert (result["gates_alone"]["photo"]["errors"], result["gates_alone"]["photo"]["n"]) == (0, 1)


def test_the_full_evaluation_asks_for_the_gates_alone():
    made = plan.load(ROOT / "models" / "evaluations" / "full.toml")
    assert made.apcer_gates == goals.Gates(species.FIRST_ROW_UNSEEN, first_row=True)
    assert species.BARS[goals.FIRST_ROW]


def test_the_log_names_the_worst_of_impostors_and_of_concealers(tmp_path):
    path = tmp_path / "log.md"
    result = {"presentations": {"bona_fide": 1, "attack": 2}, "goals": [], "simulated": True, "threshold": 1.0,
              "threshold_from": "as given", "bpcer": rate(0.0), "apcer": {"max": {**rate(0.5), "species": "printed"}},
              "concealer": {"apcer": {"max": {**rate(0.99), "species": "gelatin"}}}}  # fmt: skip
    described = {"plan": "p", "digest": "d", "model": "m", "model_sha256": "0" * 64, "seed": 1}
    assert log.append(path, result, described, "one")
    result["apcer"] = {"max": None}
    assert log.append(path, result, described, "two")
    *_, both, hidden = path.read_text().splitlines()
    assert both.split("|")[9].strip() == "50% (0% to 100%) printed; concealer 99% (0% to 100%) gelatin"
    assert hidden.split("|")[9].strip() == "concealer 99% (0% to 100%) gelatin"
