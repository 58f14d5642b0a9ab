"""The figures against a count by hand, one presentation after the other, whatever the rows are."""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

from dermis_host.evaluation import figures
from dermis_host.evaluation.figures import Rule
from dermis_host.evaluation.score_files import load
from hypothesis import given, settings
from hypothesis import strategies as st

ROW = st.fixed_dictionaries(
    {
        "species": st.sampled_from(["", "", "photo", "mask"]),
        "score": st.sampled_from(["", "-inf", "0", "0.25", "0.5", "1"]),
        "response": st.sampled_from(["yes", "yes", "yes", "no"]),
        "purpose": st.sampled_from(["impostor", "impostor", "concealer"]),
        "tone": st.sampled_from(["", "dark", "light"]),
    }
).filter(lambda row: row["score"] or row["response"] == "no")
ENDS = [
    {"species": species, "score": "0.5", "response": "yes", "purpose": "impostor", "tone": "dark"}
    for species in ("", "photo")
]


def computed(rows, threshold, counted):
    columns = list(ENDS[0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scores.csv"
        lines = [",".join(["attempt", "subject", *columns])]
        lines += [f"a{number},s," + ",".join(row[column] for column in columns) for number, row in enumerate(rows)]
        path.write_text("\n".join(lines) + "\n")
        return figures.compute(load(path), Rule(figures.THRESHOLD, threshold), counted)


def by_hand(rows, threshold, counted):
    """(errors, n) of those rows, one after the other."""
    errors = trials = 0
    for row in rows:
        score = float(row["score"] or "nan")
        if row["response"] == "no":
            if not counted or (row["species"] and math.isnan(score)):  # silence before an attack is no right decision
                continue
            if not row["species"]:
                score = -math.inf
        trials += 1
        errors += (score < threshold) if not row["species"] else (score >= threshold)
    return errors, trials


def pair(rate):
    return rate["errors"], rate["n"]


@settings(deadline=None, max_examples=40)
@given(st.lists(ROW, max_size=40), st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0, 2.0]), st.booleans())
def test_counts_are_those_by_hand(rows, threshold, counted):
    rows = [*ENDS, *rows]
    found = computed(rows, threshold, counted)
    bona_fide = [row for row in rows if not row["species"]]
    assert pair(found["bpcer"]) == by_hand(bona_fide, threshold, counted)
    assert pair(found["bpnrr"]) == (sum(row["response"] == "no" for row in bona_fide), len(bona_fide))
    for purpose, rates in (("impostor", found), ("concealer", found["concealer"])):
        attacks = [row for row in rows if row["species"] and row["purpose"] == purpose]
        for species in {row["species"] for row in attacks}:
            own = [row for row in attacks if row["species"] == species]
            assert pair(rates["apcer"][species]) == by_hand(own, threshold, counted)
            assert pair(rates["apnrr"][species]) == (sum(row["response"] == "no" for row in own), len(own))
        known = [rate["value"] for name, rate in rates["apcer"].items() if name != "max" and rate["n"]]
        assert (rates["apcer"]["max"] or {"value": None})["value"] == max(known, default=None)
    for tone, labelled in found["by"]["tone"].items():
        own = [row for row in rows if row["tone"] == tone]
        assert pair(labelled["bpcer"]) == by_hand([row for row in own if not row["species"]], threshold, counted)
        attacks = [row for row in own if row["species"] and row["purpose"] == "impostor"]
        for species in {row["species"] for row in attacks}:
            expected = by_hand([row for row in attacks if row["species"] == species], threshold, counted)
            assert pair(labelled["apcer"][species]) == expected
    json.dumps(found, allow_nan=False)


@settings(deadline=None, max_examples=12)
@given(st.lists(ROW, max_size=40), st.booleans())
def test_fixed_points_are_thresholds_like_any_other(rows, counted):
    """What a fixed operating point says is what a report at its threshold says."""
    rows = [*ENDS, *rows]
    for point in computed(rows, 0.5, counted)["fixed_operating_points"]:
        if point["threshold"] is not None:
            again = computed(rows, point["threshold"], counted)
            assert (again["bpcer"], again["apcer"]) == (point["bpcer"], point["apcer"])
            rate = point["bpcer"] if point["fixed"] == "bpcer" else point["apcer"]["max"]
            assert rate["value"] is None or rate["value"] <= point["at"]
