"""`dermis report`: figures, claims, files, and the page."""

import csv
import html.parser
import json
import re

import numpy as np
import pytest
from dermis_host.cli import main
from dermis_host.evaluation import claims, figures, plots
from dermis_host.evaluation.score_files import load

HEADER = "attempt,subject,species,score"
NASTY = '<script>alert("&1")</script>'


def write(path, rows, header=HEADER):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


@pytest.fixture
def scores(tmp_path):
    """100 bona fide scored 1 to 100; 60 photos at 0; 40 masks, 4 of them at 50."""
    rows = [(f"b{i}", f"s{i % 50}", "", i + 1) for i in range(100)]
    rows += [(f"p{i}", "x", "photo", 0) for i in range(60)]
    rows += [(f"m{i}", "y", "mask", 50 if i < 4 else 0.5) for i in range(40)]
    return write(tmp_path / "scores.csv", rows)


def report(path, *words, code=0):
    out = path.with_name("out.json")
    assert main(["report", str(path), "--json", str(out), *words]) == code
    return json.loads(out.read_text())


def test_figures_at_a_threshold(scores):
    found = report(scores, "--threshold", "50")
    assert found["threshold"] == 50 and (found["format"], found["version"]) == ("dermis-report", 1)
    assert (found["bpcer"]["value"], found["bpcer"]["n"], found["bpcer"]["errors"]) == (0.49, 100, 49)
    assert found["apcer"]["mask"]["errors"] == 4 and found["apcer"]["photo"]["value"] == 0.0
    assert found["apcer"]["max"] == {**found["apcer"]["mask"], "species": "mask"}
    low, high = found["apcer"]["mask"]["ci95"]
    assert (low, high) == (pytest.approx(0.02792, abs=1e-5), pytest.approx(0.23664, abs=1e-5))
    assert found["apcer"]["photo"]["bound95"] == pytest.approx(0.0487029, rel=1e-6)
    assert found["bpnrr"] == {**found["bpnrr"], "n": 100, "errors": 0, "value": 0.0}
    assert set(found["apnrr"]) == {"photo", "mask", "max"}


def test_the_default_is_one_percent_bpcer(scores):
    found = report(scores)
    assert found["threshold"] == 2 and found["bpcer"]["errors"] == 1
    assert report(scores, "--bpcer", "10%")["threshold"] == 11
    assert report(scores, "--apcer", ".1")["threshold"] == 1


def test_fixed_operating_points(scores):
    points = {(point["fixed"], point["at"]): point for point in report(scores)["fixed_operating_points"]}
    assert set(points) == {(kind, rate) for kind in ("bpcer", "apcer") for rate in (0.01, 0.05, 0.1)}
    assert points["bpcer", 0.05]["threshold"] == 6 and points["bpcer", 0.05]["bpcer"]["errors"] == 5
    assert points["apcer", 0.01]["threshold"] == 51 and points["apcer", 0.01]["apcer"]["max"]["errors"] == 0
    assert points["apcer", 0.1]["threshold"] == 1 and points["apcer", 0.1]["apcer"]["mask"]["errors"] == 4


def test_a_claim_that_the_sample_cannot_carry_is_refused(scores, capsys):
    found = report(scores, "--threshold", "51", "--claim", "apcer:photo=3%", "--claim", "apcer:photo=.05", code=1)
    assert [claim["carried"] for claim in found["claims"]] == [False, True]
    said = capsys.readouterr().err
    assert "0 of 60 supports no claim below 4.9%" in said and "3% takes 99 presentations without an error" in said


def test_a_claim_about_nothing_is_not_carried(tmp_path):
    rows = [(f"b{i}", i, "", 9, "") for i in range(100)] + [(f"m{i}", i, "mask", 1, "concealer") for i in range(100)]
    path = write(tmp_path / "s.csv", rows, HEADER + ",purpose")
    for word, code in (("apcer=5%", 1), ("apcer:mask=5%", 0)):
        found = report(path, "--threshold", "5", "--claim", "bpcer=5%", "--claim", word, code=code)
        assert [claim["carried"] for claim in found["claims"]] == [True, not code]


@pytest.mark.parametrize(("text", "rate"), [("0.7%", 0.007), (" 2.9 %", 0.029), ("29%", 0.29), (".05", 0.05), ("1", 1)])
def test_rates_are_taken_as_they_are_written(text, rate):
    assert claims.parse_rate(text, "--bpcer") == rate


def test_seven_of_a_thousand_are_seven_tenths_of_a_percent(tmp_path):
    rows = [(f"b{i}", i, "", i) for i in range(1000)] + [("p", 1, "photo", 0)]
    assert report(write(tmp_path / "s.csv", rows), "--bpcer", "0.7%")["bpcer"]["errors"] == 7


def test_the_threshold_that_is_shown_is_the_threshold(tmp_path, capsys):
    rows = [(f"b{i}", i, "", 0.1234567890123 + i) for i in range(9)] + [("p", 1, "photo", 0)]
    text, _ = page(write(tmp_path / "s.csv", rows))
    assert "Threshold 0.1234567890123:" in capsys.readouterr().out and "<b>0.1234567890123</b>" in text


@pytest.mark.parametrize("rate", [1e-6, 0.000999, 0.0099501, 0.0487, 0.0995, 0.0999, 0.5, 0.99999, 1.0])
def test_a_bound_is_never_rounded_down(rate):
    shown = float(claims.rounded_up(rate).rstrip("%")) / 100
    assert rate - 1e-12 <= shown <= min(1.0, rate * 1.1 + 1e-12)


@pytest.mark.parametrize(
    "word",
    ["apcer", "apcer=0", "apcer=2", "eer=.1", "bpcer:photo=.1", "apcer:none=.1", "bpcer=x", "bpcer=1e-19", "bpcer=nan"],
)
def test_bad_claims(scores, word, capsys):
    assert main(["report", str(scores), "--claim", word]) == 2
    assert "--claim" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--threshold", "nan"], ["--threshold", "1_0"], ["--bpcer", "1_0%"], ["--bpcer", "0"],
     ["--bpcer", "150%"], ["--threshold", "1", "--bpcer", ".1"],
     ["--bpcer", ""], ["--bona-fide", "nosuchword"],
     ["--delimiter", "ab"], ["--delimiter", '"'], ["--plan", "none.toml"], ["--columns", "x"]],
)  # fmt: skip
def test_wrong_usage(scores, words, capsys):
    assert main(["report", str(scores), *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_non_response_apart_and_counted(tmp_path):
    rows = [(f"b{i}", i, "", "" if i < 2 else 1, "no" if i < 2 else "yes") for i in range(20)]
    rows += [(f"p{i}", i, "photo", "" if i < 5 else 0, "no" if i < 5 else "yes") for i in range(10)]
    path = write(tmp_path / "scores.csv", rows, HEADER + ",response")
    apart = report(path, "--threshold", ".5")
    assert (apart["bpcer"]["n"], apart["bpcer"]["errors"], apart["bpnrr"]["errors"]) == (18, 0, 2)
    assert (apart["apcer"]["photo"]["n"], apart["apnrr"]["photo"]["errors"]) == (5, 5)
    assert any("10.00%" in remark for remark in apart["remarks"])
    counted = report(path, "--threshold", ".5", "--non-response", "counted")
    assert (counted["bpcer"]["n"], counted["bpcer"]["errors"], counted["bpnrr"]["errors"]) == (20, 2, 2)
    silence = counted["apcer"]["photo"]["n"], counted["apcer"]["photo"]["errors"], counted["apnrr"]["photo"]["errors"]
    assert silence == (5, 0, 5), "five attacks that nobody judged are no five right decisions"
    assert main(["report", str(path), "--non-response", "counted"]) == 2  # two are lost at every threshold


def test_an_attack_without_response_keeps_the_score_it_had(tmp_path):
    rows = [("a", 1, "", 9, "yes"), ("b", 2, "photo", 8, "no"), ("c", 3, "", 9.5, "no")]
    path = write(tmp_path / "scores.csv", rows, HEADER + ",response")
    found = report(path, "--threshold", "5", "--non-response", "counted")
    assert found["apcer"]["photo"]["errors"] == 1 and found["bpcer"]["errors"] == 1


def test_the_worse_case_of_attempts_is_the_one_that_passes(tmp_path):
    """Joined attempts are counted by the best score of an attack, whoever answered; of a bona fide presentation a score
    without a response opens nothing."""
    header, counted = HEADER + ",response,presentation", ("--threshold", "5", "--non-response", "counted")
    rows = [("a1", 1, "", 1, "yes", "a"), ("a2", 1, "", 9, "no", "a"), ("b", 1, "", 9, "yes", "b"),
            ("p1", 2, "photo", 9, "no", "p"), ("p2", 2, "photo", 1, "yes", "p"),
            ("q1", 2, "photo", "", "no", "q"), ("q2", 2, "photo", "-inf", "no", "q")]  # fmt: skip
    for order in (rows, rows[::-1]):
        found = report(write(tmp_path / "s.csv", order, header), *counted)
        assert [found["apcer"]["photo"][key] for key in ("errors", "n")] == [1, 2]
        assert (found["apnrr"]["photo"]["errors"], found["bpcer"]["errors"], found["bpcer"]["n"]) == (1, 1, 2)
        (failed,) = found["failures"]["photo"]
        assert (failed["attempt"], failed["responded"]) == ("p1", True)
        apart = report(tmp_path / "s.csv", "--threshold", "5")
        assert [apart["apcer"]["photo"][key] for key in ("errors", "n")] == [0, 1]


def test_who_gave_no_decision_is_shown_of_both_purposes(tmp_path, capsys):
    rows = [("a", 1, "", 9, "yes", ""), ("b", 2, "photo", 1, "no", ""), ("c", 3, "mirror", 1, "no", "concealer"),
            ("d", 3, "make_up", 1, "yes", "concealer")]  # fmt: skip
    path = write(tmp_path / "s.csv", rows, HEADER + ",response,purpose")
    assert main(["report", str(path), "--threshold", "5"]) == 0
    said = capsys.readouterr().out
    assert "APNRR photo " in said and "APNRR mirror (concealer)" in said and "APNRR make_up" not in said


def test_concealers_stand_apart(tmp_path):
    rows = [("a", 1, "", 9, ""), ("b", 2, "photo", 1, ""), ("c", 3, "make_up", 9.5, "concealer")]
    path = write(tmp_path / "scores.csv", rows, HEADER + ",purpose")
    found = report(path, "--threshold", "5")
    assert list(found["apcer"]) == ["photo", "max"] and found["apcer"]["max"]["value"] == 0
    assert found["concealer"]["apcer"]["make_up"]["value"] == 1


def test_a_species_of_both_purposes_keeps_both(tmp_path):
    rows = [(f"b{i}", i, "", 9, "", "yes") for i in range(4)]
    rows += [(f"i{i}", i, "mask", 1, "impostor", "yes") for i in range(4)]
    rows += [(f"c{i}", i, "mask", "" if i < 3 else 8, "concealer", "no" if i < 3 else "yes") for i in range(4)]
    path = write(tmp_path / "s.csv", rows, HEADER + ",purpose,response")
    found = report(path, "--threshold", "5")
    assert found["curves"]["mask"]["auc"] == 1 and len(found["curves"]) == len(found["histograms"]["species"]) == 2
    assert sum(found["histograms"]["species"]["mask"]) == 4
    assert sum(found["histograms"]["species"]["mask (concealer)"]) == 1
    text, _ = page(path, "--threshold", "5")
    impostors, concealers = re.findall(r'<tr><th scope="row">APCER, mask</th>.*?</tr>', text, re.DOTALL)
    assert "3 of 4" in concealers and "3 of 4" not in impostors, "three concealers gave no response, and no impostor"


def test_by_coverage(tmp_path):
    rows = [("b", 1, "", 9, "", "")]
    rows += [(f"m{i}", 2, "make_up", i, f"0.{i}", "concealer") for i in range(1, 10)] + [("p", 3, "photo", 1, 1, "")]
    path = write(tmp_path / "s.csv", rows, HEADER + ",covered,purpose")
    found = report(path, "--threshold", "4")["coverage"]
    assert {part: (rate["errors"], rate["n"]) for part, rate in found["make_up"].items()} == {
        "0.0-0.25": (0, 2), "0.25-0.5": (1, 2), "0.5-0.75": (3, 3), "0.75-1.0": (2, 2)}  # fmt: skip
    assert list(found["photo"]) == ["0.75-1.0"]
    text = page(path, "--threshold", "4")[0].split('id="coverage"')[1].split("</table>")[0]
    assert "0.25-0.5" in text and "1 of 2" in text and "photo" not in text


def test_concealers_at_fixed_operating_points(tmp_path):
    rows = [(f"b{i}", i, "", i, "") for i in range(100)] + [(f"p{i}", i, "photo", 0, "") for i in range(10)]
    rows += [(f"m{i}", i, "latex", 3 + i, "concealer") for i in range(10)]
    path = write(tmp_path / "s.csv", rows, HEADER + ",purpose")
    points = report(path)["fixed_operating_points"]
    (five,) = [point for point in points if (point["fixed"], point["at"]) == ("bpcer", 0.05)]
    assert five["threshold"] == 5 and five["concealer"]["apcer"]["latex"]["errors"] == 8
    assert "80% (8 of 10)" in page(path)[0]


def test_attempts_fold_into_presentations(tmp_path):
    header = HEADER + ",presentation,ms"
    rows = [("a1", "s", "", 1, "p1", 900), ("a2", "s", "", 9, "p1", 800), ("b1", "t", "photo", 7, "p2", 900),
            ("b2", "t", "photo", 2, "p2", 900), ("c1", "u", "photo", 2, "p3", 900)]  # fmt: skip
    path = write(tmp_path / "scores.csv", rows, header)
    found = report(path, "--threshold", "5")
    assert (found["bpcer"]["n"], found["bpcer"]["errors"]) == (1, 0)
    assert (found["apcer"]["photo"]["n"], found["apcer"]["photo"]["errors"]) == (2, 1)
    assert found["presentations"]["attempts_per_presentation"] == {"mean": pytest.approx(5 / 3), "max": 2}
    assert found["presentations"]["ms"]["bona_fide"]["max"] == 1700
    write(path, [*rows, ("d", "u", "", 2, "p3", 900)], header)
    assert main(["report", str(path), "--threshold", "5"]) == 2


def test_a_row_that_names_no_presentation_is_one(tmp_path):
    rows = [(f"b{i}", "s", "", i, "") for i in range(10)] + [(f"p{i}", "s", "photo", 0, "") for i in range(5)]
    rows += [("q1", "s", "photo", 0, "q"), ("q2", "s", "photo", 9, "q")]
    found = report(write(tmp_path / "s.csv", rows, HEADER + ",presentation"), "--threshold", "5")
    assert (found["bpcer"]["n"], found["bpcer"]["errors"]) == (10, 5)
    assert (found["apcer"]["photo"]["n"], found["apcer"]["photo"]["errors"]) == (6, 1)


def test_a_presentation_has_one_purpose(tmp_path, capsys):
    rows = [("a", 1, "", 9, "", ""), ("b", 2, "m", 1, "x", "concealer"), ("c", 2, "m", 1, "x", "impostor")]
    assert main(["report", str(write(tmp_path / "s.csv", rows, HEADER + ",presentation,purpose"))]) == 2
    assert "Line 4 belongs to the presentation of line 3, but has another purpose" in capsys.readouterr().err


@pytest.mark.parametrize("column", ["ms", "score", "attempt", "verdict", "species", "response", "responded"])
def test_any_column_is_reported_apart(tmp_path, column):
    rows = [("a", 1, "", 9, 900, "bona_fide", "yes", "quickly"), ("b", 2, "photo", 1, 800, "attack", "yes", "slowly")]
    path = write(tmp_path / "s.csv", rows, HEADER + ",ms,verdict,response,responded")
    found = report(path, "--threshold", "0.5", "--by", column)
    assert len(found["by"][column]) in (1, 2)
    (failed,) = found["failures"]["photo"]
    assert (failed["attempt"], failed["subject"], failed["score"], failed["responded"]) == ("b", "2", 1.0, True)


def test_by_tone_and_any_other_column(tmp_path):
    rows = [(f"b{i}", i, "", i, "dark" if i < 5 else "light", "red") for i in range(10)]
    rows += [("p", 1, "photo", 6, "dark", "red"), ("q", 1, "photo", 2, "light", "red")]
    found = report(write(tmp_path / "s.csv", rows, HEADER + ",tone,hair"), "--threshold", "3", "--by", "hair")
    assert found["by"]["tone"]["dark"]["bpcer"]["errors"] == 3 and found["by"]["tone"]["light"]["bpcer"]["errors"] == 0
    assert found["by"]["tone"]["dark"]["apcer"]["photo"]["value"] == 1 and list(found["by"]["hair"]) == ["red"]


def test_leave_one_species_out(tmp_path):
    rows = [("a", 1, "", 9, ""), ("b", 2, "photo", 1, ""), ("c", 3, "latex", 6, ""), ("d", 1, "", 5, "latex"),
            ("e", 1, "latex", 5, "latex"), ("f", 1, "latex", 4, "latex")]  # fmt: skip
    path = write(tmp_path / "s.csv", rows, HEADER + ",held_out")
    found = report(path)
    assert found["threshold"] == 9 and found["apcer"]["latex"]["n"] == 1
    held = found["leave_one_species_out"]["latex"]
    assert held["threshold"] == 5 and (held["apcer"]["latex"]["errors"], held["apcer"]["latex"]["n"]) == (1, 2)


def test_a_species_left_out_that_was_not_shown_takes_no_other_rate(tmp_path, capsys):
    rows = [("a", 1, "", 9, ""), ("b", 2, "photo", 1, ""), ("c", 3, "latex", 6, ""), ("d", 1, "", 5, "latex"),
            ("e", 1, "photo", 5, "latex")]  # fmt: skip
    text, _ = page(write(tmp_path / "s.csv", rows, HEADER + ",held_out"))
    assert "no score of an attack of it (latex)" in capsys.readouterr().err
    (row,) = re.findall(r'<tr><th scope="row">latex</th>.*?</tr>', text.split('id="unseen"')[1], re.DOTALL)
    assert "100%" not in row and row.count("<td>-</td>") == 4


def test_a_concealer_left_out_has_a_rate(tmp_path):
    rows = [("a", 1, "", 9, "", ""), ("b", 2, "photo", 1, "", ""), ("d", 1, "", 5, "latex", ""),
            ("e", 1, "latex", 5, "latex", "concealer")]  # fmt: skip
    path = write(tmp_path / "s.csv", rows, HEADER + ",held_out,purpose")
    assert report(path)["leave_one_species_out"]["latex"]["concealer"]["apcer"]["latex"]["errors"] == 1
    write(path, rows[:2] + rows[3:], HEADER + ",held_out,purpose")
    assert main(["report", str(path)]) == 2


def test_rows_in_any_order_give_the_same(scores, tmp_path):
    straight = report(scores)
    with open(scores) as file:
        header, *rows = file.read().splitlines()
    np.random.default_rng(1).shuffle(rows)
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("\n".join([header, *rows]) + "\n")
    again = report(mixed)
    for key in straight.keys() - {"source", "failures"}:
        assert straight[key] == again[key], key


def test_a_curve_keeps_its_corners_or_thins_them():
    rng = np.random.default_rng(2)
    bona_fide, attacks = np.sort(rng.normal(1, 1, 30_000)), np.sort(rng.normal(-1, 1, 30_000))
    curve = figures._curve(bona_fide, attacks)
    assert curve is not None
    assert 100 < len(curve["apcer"]) <= figures.MOST_CURVE_POINTS + 2
    assert curve["bpcer"][0] < 0.001 and curve["apcer"][-1] < 0.001


class _Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset", "onload", "onclick")]

    def handle_data(self, data):
        self.text.append(data)


def page(path, *words, code=0):
    out = path.with_name("out.html")
    assert main(["report", str(path), "--html", str(out), *words]) == code
    text = out.read_text()
    parsed = _Page()
    parsed.feed(text)
    return text, parsed


def test_the_page_holds_what_a_test_report_must(scores):
    text, parsed = page(scores, "--threshold", "50", "--claim", "apcer:photo=.01", code=1)
    assert parsed.tags.count("svg") >= 4 and "script" not in parsed.tags and not parsed.links
    words = " ".join(parsed.text)
    for said in (
        "0 of 60 supports no claim below 4.9%",
        "laboratory",
        "not stated",
        "mask: attacks that were accepted",
    ):
        assert said in words
    assert "SIMULATED" not in text and "do not say whether they were measured or simulated" in words


def test_simulated_is_stamped(scores, capsys):
    text, _ = page(scores, "--simulated")
    assert text.count("SIMULATED") >= 3
    assert capsys.readouterr().out.startswith("SIMULATED.")


def test_the_plan_fills_the_fields(scores, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(f"[report]\nlaboratory = '{NASTY}'\n")
    text, parsed = page(scores, "--plan", str(plan))
    assert NASTY not in text and any(NASTY in part for part in parsed.text)
    plan.write_text("[report]\nlabratory = 'x'\n")
    assert main(["report", str(scores), "--plan", str(plan)]) == 2


def test_everything_from_outside_is_escaped(tmp_path):
    header = HEADER + ",tone,condition,module,reasons,recording,hair"
    rows = [
        ("a" + NASTY, NASTY, "", 0.1, *[NASTY] * 6),
        ("b", "s", NASTY, 0.9, *[NASTY] * 6),
        ("c", "s", "", 0.9, *[NASTY] * 6),
    ]
    path = write(tmp_path / f"scores {NASTY.replace('/', '')}.csv", rows, header)
    text, parsed = page(path, "--threshold", ".5", "--by", "hair")
    assert "script" not in parsed.tags and "<script" not in text.lower()
    assert not re.search(r"\son\w+=", text)


def test_terminal_takes_no_markup_from_names(tmp_path, capsys):
    path = write(tmp_path / "s.csv", [("a", 1, "", 1), ("b", 1, "[red]x[/red]", 0), ("c", 1, "[/]", 0)])
    assert main(["report", str(path), "--threshold", ".5"]) == 0
    assert "[red]x[/red]" in capsys.readouterr().out
    write(path, [("a", 1, "", 1, "x"), ("b", 1, "photo", 0, "y")], HEADER + ",[/hair]")
    assert main(["report", str(path), "--threshold", ".5", "--by", "[/hair]"]) == 0
    assert "[/hair]" in capsys.readouterr().out


def test_groups_of_many_labels_are_not_listed_on_the_terminal(tmp_path, capsys):
    rows = [(f"{species}{i}", i, species, 1 if not species else 0, f"module {i}", f"c{i % 20}")
            for species in ("", "photo") for i in range(21)]  # fmt: skip
    path = write(tmp_path / "s.csv", rows, HEADER + ",module,condition")
    text, _ = page(path, "--threshold", ".5")
    said = capsys.readouterr().out
    assert "By module: 21 of them" in said and "module 3" not in said and "c19" in said
    assert "module 20" in text and len(report(path, "--threshold", ".5")["by"]["module"]) == 21


def test_a_column_that_is_left_out_is_said(tmp_path, capsys):
    rows = [(f"a{i}", i, "photo" if i % 2 else "", i, f"module {i}") for i in range(1002)]
    found = report(write(tmp_path / "s.csv", rows, HEADER + ",module"), "--threshold", "500")
    assert not found["by"] and "1,002 different values" in found["remarks"][0]
    assert "1,002 different values" in " ".join(capsys.readouterr().err.split())


def test_json_on_stdout_is_alone_there(scores, capsys):
    assert main(["report", str(scores), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["bpcer"]["n"] == 100


@pytest.mark.parametrize(
    ("words", "an_object"),
    [(("--json", "-"), True), (("--json=-",), True), (("--json", "OUT"), False), (("--json=OUT",), False),
     (("--json",), True), (("--json", "OUT", "--json", "-"), True), (("--json", "-", "--json", "OUT"), False)],
)  # fmt: skip
def test_a_refusal_is_an_object_on_stdout_where_the_report_would_be(scores, words, an_object, capsys):
    words = [word.replace("OUT", str(scores.with_name("out.json"))) for word in words]
    assert main(["report", str(scores), "--threshold", "nan", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" or json.loads(out)["exit_code"] == 2
    assert bool(out) == an_object and err.count("\n") == 1


def test_files_are_replaced_only_where_they_are_reports(scores, tmp_path, capsys):
    out, other = tmp_path / "report.json", tmp_path / "notes.txt"
    assert main(["report", str(scores), "--json", str(out)]) == 0
    assert main(["report", str(scores), "--json", str(out)]) == 0
    other.write_text("my notes")
    for words in (["--html", str(other)], ["--json", str(scores)], ["--json", str(out), "--html", str(out)]):
        assert main(["report", str(scores), *words]) == 2
    assert other.read_text() == "my notes" and scores.read_text().startswith(HEADER)
    assert main(["report", str(scores), "--html", str(other), "--force"]) == 0
    assert main(["report", str(scores), "--json", str(tmp_path / "no" / "such.json")]) == 2
    assert main(["report", str(scores), "--html", str(tmp_path)]) == 2


def test_a_disc_that_is_full(scores, capsys):
    assert main(["report", str(scores), "--html", "/dev/full", "--force"]) == 1
    assert "/dev/full cannot be written" in capsys.readouterr().err


def test_nothing_half_written_stays(scores, tmp_path, monkeypatch):
    out = tmp_path / "out.html"
    out.write_text("<!-- dermis-report -->old")

    def fails(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dermis_host.evaluation.page.render", fails)
    assert main(["report", str(scores), "--html", str(out)]) == 130
    assert out.read_text() == "<!-- dermis-report -->old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "scores.csv"]


@pytest.mark.parametrize("silent", ["", "photo"])
def test_a_class_that_never_responds_has_a_page(tmp_path, silent):
    rows = [(f"{species}{i}", i, species, "" if species == silent else i, "no" if species == silent else "yes")
            for species in ("", "photo") for i in range(3)]  # fmt: skip
    path = write(tmp_path / "s.csv", rows, HEADER + ",response,tone")
    path.write_text(path.read_text().replace("no\n", "no,dark\n").replace("yes\n", "yes,light\n"))
    text, _ = page(path, "--threshold", "1")
    assert text.count("out of reach: no bona fide presentation was scored") == (3 if not silent else 0)
    assert "more bona fide presentations than that" not in text
    found = report(path, "--threshold", "1")
    rate = found["apcer"]["photo"] if silent else found["bpcer"]
    assert (rate["value"], rate["n"], rate["ci95"], rate["bound95"]) == (None, 0, None, None)
    assert main(["report", str(path), "--claim", "bpcer=.5", "--claim", "apcer=.5", "--threshold", "1"]) == 1


def test_many_species_stay_readable(tmp_path):
    rows = [("b", 1, "", 1)] + [(f"a{i}", 1, f"kind {i}", i / 999) for i in range(999)]
    text, parsed = page(write(tmp_path / "s.csv", rows), "--threshold", ".5")
    assert len(text) < 3_000_000 and "are in the table only" in " ".join(parsed.text)


@pytest.mark.parametrize(("value", "nice"), [(0.0, 1.0), (0.03, 0.05), (0.011, 0.02), (0.5, 0.5), (0.91, 1.0)])
def test_axes_end_on_round_numbers(value, nice):
    assert plots.nice_ceiling(value) == pytest.approx(nice)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e20, 1e300])
def test_scores_of_one_value_have_a_page(tmp_path, value):
    path = write(tmp_path / "s.csv", [("a", 1, "", value), ("b", 1, "photo", value)])
    text, _ = page(path)
    assert "<svg" in text
    assert load(path).score.tolist() == [value, value]


def test_a_name_of_a_file_that_is_no_text(tmp_path):
    path = tmp_path / b"s\xff.csv".decode("utf-8", "surrogateescape")
    text, _ = page(write(path, [("a", 1, "", 1), ("b", 1, "photo", 0)]))
    assert "PAD report: s\ufffd" in text
