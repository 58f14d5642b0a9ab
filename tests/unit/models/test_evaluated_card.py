"""A run on the frozen test generator in the model card: every rate with its interval, the hard species first."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dermis_evaluation import card
from dermis_host.evaluation import figures, goals, score_files
from dermis_models import tested_section

SHA256 = "5" * 64
WRITTEN = 1_792_000_000  # 2026-10-14
CARD = f"# Spoof model card\n\n- SHA-256 `{SHA256}`\n\n{tested_section.NONE}\n## By PAI species\nrows\n"


def report(folder: Path) -> Path:
    """Of 100 bona fide and 10 attacks of each of three species, as `dermis evaluate` writes it."""
    rows = [f"b{i},{i},,0.{i + 800},,wet,.31,,\n" for i in range(98)]
    rows += [f"b{i},{i},,-inf,,,.45,,\n" for i in (98, 99)]
    rows += [f"p{i},p,photo_matte,{0.2 if not i else '-inf'},,,,1,{'no' if i < 2 else ''}\n" for i in range(10)]
    rows += [f"h{i},h,hydrogel_on_silicone,{0.95 if i < 2 else 0.1},,,,1,\n" for i in range(10)]
    rows += [f"m{i},m,heavy_makeup,0.99,concealer,,,{0.2 if i < 4 else 0.6},\n" for i in range(10)]
    place = folder / "presentations.csv"
    place.write_text("attempt,subject,species,score,purpose,condition,tone,covered,response\n" + "".join(rows))
    result = figures.compute(score_files.load(place), figures.Rule(figures.THRESHOLD, 0.5), counted=True)
    result["run"] = {
        "generator": "test-1",
        "plan": "full",
        "digest": "d" * 16,
        "seed": 1,
        "profile": "border",
        "model_sha256": SHA256,
        "sources": "50" * 8,
    }
    result["goals"] = goals.judge({"bpcer": 0.01}, None, result, 0.01)
    written = folder / "report.json"
    written.write_text(json.dumps(result))
    os.utime(written, (WRITTEN, WRITTEN))
    return written


def test_the_section_replaces_the_one_before(tmp_path):
    place = tmp_path / "spoof.md"
    place.write_text(CARD)
    for _ in range(2):
        assert card.main([str(report(tmp_path)), "--card", str(place)]) == 0
    text = place.read_text()
    assert (
        text.count(tested_section.HEADING) == 1
        and text.startswith("# Spoof model card")
        and text.endswith("species\nrows\n")
    )
    assert "100 bona fide and 30 attack presentations, simulated" in text
    assert "| hydrogel_on_silicone | 10 | 20% (2.52% to 55.6%) |" in text
    order = ("heavy_makeup (concealer)", "hydrogel_on_silicone", "photo_matte")
    assert [text.index(f"| {name} |") for name in order] == sorted(text.index(f"| {name} |") for name in order)
    assert "| heavy_makeup | 0.0-0.25 | 4 | 100% (39.8% to 100%) |" in text and "| photo_matte | 0" not in text
    assert "of 100 subjects, the attacks of 3" in text
    assert "The report is of 2026-10-14, made with the state `5050505050505050` of device code and simulation" in text
    assert "No decision (APNRR), at the module's threshold counted as refused in APCER: photo_matte 2 of 10." in text
    assert "| photo_matte | 10 | 0% (0% to 30.8%) |" in text and "| 0 of 300 |" in text
    assert "| all | 100 | 2% (0.243% to 7.04%) |" in text and "| condition wet | 98 | 0% (0% to 3.69%)" in text


def test_missed_goals_are_named_first(tmp_path):
    text = card.section(json.loads(report(tmp_path).read_text()), "2026-10-14")
    missed = text.index("Missed: BPCER 2%, at most 1% wanted; APCER of")
    assert missed < text.index("| species |")
    assert "(threshold out of reach)" in text, "2% are refused whatever the threshold: BPCER 1% cannot be had"


def test_what_gets_past_the_gates_alone_is_said_of_the_first_row(tmp_path):
    def rate(errors: int, n: int = 300) -> dict:
        return {"value": errors / n if n else None, "n": n, "errors": errors, "ci95": [0.0, 0.1] if n else None}

    result = json.loads(report(tmp_path).read_text())
    result.pop("gates_alone", None)
    assert "Gates alone" not in card.section(result, "2026-10-14"), "a report of before the goal has no such rate"
    result["gates_alone"] = {"photo_matte": rate(0), "hydrogel_on_silicone": rate(200), "mirror": rate(0, 0)}
    assert "at most 0 of 300 of a species of the first row (photo_matte), 0% (" in card.section(result, "2026-10-14")
    result["gates_alone"].update(latex_mask=rate(3), pla_mask=rate(0, 0), max={**rate(200), "species": "heavy_makeup"})
    text = card.section(result, "2026-10-14")
    assert "Gates alone, whatever a model has seen: at most 3 of 300 of a species of the first row (latex_mask)" in text
    assert text.index("Goals reached") < text.index("Gates alone") < text.index("| species |")
    result["gates_alone"] = {"pla_mask": rate(0, 0)}
    assert "Gates alone" not in card.section(result, "2026-10-14")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model_sha256": "6" * 64}, "another model"),
        ({"generator": "training-1"}, "not of a run on the frozen test generator"),
        (None, "no report of `dermis evaluate`"),
    ],
)
def test_what_is_of_something_else_leaves_the_card_alone(tmp_path, capsys, change, sentence):
    place, written = tmp_path / "spoof.md", report(tmp_path)
    place.write_text(CARD)
    result = json.loads(written.read_text())
    if change is None:
        del result["run"]
    else:
        result["run"].update(change)
    written.write_text(json.dumps(result))
    assert card.main([str(written), "--card", str(place)]) == 1
    error = capsys.readouterr().err
    assert sentence in error and "\n" not in error.strip()
    assert place.read_text() == CARD


def test_files_that_are_no_reports_are_told_in_one_sentence(tmp_path, capsys):
    place = tmp_path / "spoof.md"
    place.write_text(CARD)
    (tmp_path / "text.json").write_text("no JSON")
    (tmp_path / "list.json").write_text("[]")
    for name in ("none.json", "text.json", "list.json"):
        assert card.main([str(tmp_path / name), "--card", str(place)]) == 1
        error = capsys.readouterr().err
        assert error.startswith("dermis_evaluation.card: ") and "Traceback" not in error
    assert place.read_text() == CARD
