"""All figures of a report from scores: what `dermis report --json` writes (docs/evaluation.md gives the schema)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from dermis_hw.species import CONCEALER

from dermis_host.errors import UsageError
from dermis_host.evaluation import rates
from dermis_host.evaluation.intervals import clopper_pearson
from dermis_host.evaluation.rates import Sample
from dermis_host.evaluation.score_files import LARGEST, MAXIMUM
from dermis_host.evaluation.scores import BONA_FIDE, Scores, fold

FORMAT, VERSION = "dermis-report", 1
FIXED_RATES = (0.01, 0.05, 0.10)
THRESHOLD, BPCER, APCER = "threshold", "bpcer", "apcer"
WORST = 10  # recordings shown of a species
MOST_CURVE_POINTS = 200  # of a curve in JSON and HTML; the corners of small samples are all there
BINS = 40
MOST_NAMED = 5  # species in a remark
PERCENTILE = 95  # of times, beside median and longest


@dataclass(frozen=True)
class Rule:
    """Where the threshold comes from: `THRESHOLD` as given; `BPCER` or `APCER` (of the worst species) at most."""

    kind: str
    value: float

    def threshold(self, sample: Sample) -> float | None:
        """None where there is none: of `BPCER` without a bona fide score, or where more of them are refused whatever
        the threshold (-inf); of `APCER` without the score of an attack in `sample`."""
        if self.kind == THRESHOLD:
            return self.value
        find = rates.threshold_at_bpcer if self.kind == BPCER else rates.threshold_at_apcer
        return find(sample, self.value)

    def __str__(self) -> str:
        if self.kind == THRESHOLD:
            return "as given"
        of = "BPCER" if self.kind == BPCER else "APCER of every species"
        return f"{of} at most {100 * self.value:.6g}% on these same scores"


class _Tally:
    """Makes rates and gives all of them their bounds at once, and to those by species the maximum."""

    def __init__(self) -> None:
        self._made: list[dict[str, Any]] = []
        self._maps: list[dict[str, Any]] = []

    def rate(self, errors: int, trials: int) -> dict[str, Any]:
        made = {"value": errors / trials if trials else None, "n": int(trials), "errors": int(errors)}
        self._made.append(made)
        return made

    def by_species(self, counts: Iterable[tuple[str, int, int]]) -> dict[str, Any]:
        """Species -> rate, of (species, errors, trials)."""
        made = {name: self.rate(errors, trials) for name, errors, trials in counts}
        self._maps.append(made)
        return made

    def fill(self) -> None:
        bounds = clopper_pearson([made["errors"] for made in self._made], [made["n"] for made in self._made])
        for made, low, high, bound in zip(self._made, *(part.tolist() for part in bounds), strict=True):
            made["ci95"] = [low, high] if made["n"] else None
            made["bound95"] = bound if made["n"] else None
        for by_species in self._maps:
            by_species[MAXIMUM] = _highest(by_species)


def _highest(by_species: dict[str, Any]) -> dict[str, Any] | None:
    """The highest rate of a species, never a pool; of equal ones that of the smallest sample. None without any."""
    known = [(rate["value"], -rate["n"], name) for name, rate in by_species.items() if rate["n"]]
    return {**by_species[max(known)[2]], "species": max(known)[2]} if known else None


def compute(scores: Scores, rule: Rule, counted: bool = False, otherwise: Rule | None = None) -> dict[str, Any]:
    """The figures. `counted`: no response to a bona fide presentation is an error, an attack without one counts by its
    score where it has one; otherwise both stand apart, in BPNRR and APNRR only. otherwise: a threshold as given, for
    where the rule leads to none; a remark says so.

    Raises UsageError when the rule leads to no threshold and there is no other, or attempts of a presentation
    contradict each other.
    """
    given = len(scores)
    scores = fold(scores, counted)
    tally = _Tally()
    main = scores.select(scores.held_out.codes == 0)
    held_out = [code for code in np.unique(scores.held_out.codes).tolist() if code]
    alone = ""  # the one species that the only model was trained without
    if not len(main) and len(held_out) == 1:
        main, alone, held_out = scores, scores.held_out.names[held_out[0]], []
    if not len(main):
        raise UsageError("Every row names a species that was held out: the main model has no scores.")
    result: dict[str, Any] = {"format": FORMAT, "version": VERSION, "simulated": scores.simulated}
    samples = _Samples.of(main, counted)
    missed = ""
    if otherwise is not None and rule.threshold(samples.whole) is None:
        missed, rule = _no_threshold(rule, samples.whole)[0], otherwise
    result.update(_rates(main, samples, rule, tally))
    result.update(_details(main, samples, result["threshold"], tally))
    result["non_response"] = "counted" if counted else "apart"
    result["presentations"] = _presentations(main, given)
    result["leave_one_species_out"] = {
        name: _held_out(scores.select(scores.held_out.codes == code), name, rule, counted, tally)
        for name, code in ((scores.held_out.names[code], code) for code in held_out)
    }
    tally.fill()
    result["failures"] = failures(main, result["threshold"], counted)
    result["remarks"] = _remarks(result, main, rule)
    if missed:
        result["remarks"].insert(0, f"{missed}: the figures are those at the module's own threshold.")
    if alone:
        result["remarks"].insert(0, f"The model was trained without the species {alone}.")
    return result


class _Samples(NamedTuple):
    """ranked: scores with which to count, of each row, NaN for what is not counted. whole, hidden: the bona fide with
    the attacks of impostors and of concealers."""

    ranked: np.ndarray
    whole: Sample
    hidden: Sample

    @staticmethod
    def of(scores: Scores, counted: bool) -> _Samples:
        ranked = scores.ranked(counted)
        usable = ~np.isnan(ranked)
        bona_fide = np.sort(ranked[usable & scores.bona_fide])

        def sample(chosen: np.ndarray) -> Sample:
            rows = usable & chosen
            codes = _species(scores, chosen).items()
            return Sample(
                bona_fide, {name: np.sort(ranked[rows & (scores.species.codes == code)]) for name, code in codes}
            )

        return _Samples(ranked, sample(~scores.concealer), sample(scores.concealer))


def _rates(scores: Scores, samples: _Samples, rule: Rule, tally: _Tally) -> dict[str, Any]:
    """The threshold, and the rates there."""
    threshold = rule.threshold(samples.whole)
    if threshold is None:
        raise UsageError("{}: {}.".format(*_no_threshold(rule, samples.whole)))
    return {
        "threshold": threshold,
        "threshold_from": str(rule),
        **_at(samples.whole, threshold, tally),
        "apnrr": _no_response(scores, ~scores.concealer, tally),
        "bpnrr": tally.rate(int((scores.bona_fide & ~scores.responded).sum()), int(scores.bona_fide.sum())),
        "concealer": {
            "apcer": _apcer(samples.hidden, threshold, tally),
            "apnrr": _no_response(scores, scores.concealer, tally),
        },
    }


def _details(scores: Scores, samples: _Samples, threshold: float, tally: _Tally) -> dict[str, Any]:
    """At other thresholds, and by what else is known of the presentations."""
    ranked, whole, hidden = samples
    # A species that came as both keeps two curves.
    every = dict(whole.species)
    every.update((f"{name} ({CONCEALER})" if name in every else name, part) for name, part in hidden.species.items())
    return {
        "fixed_operating_points": [
            _fixed(whole, hidden, kind, rate, tally) for kind in (BPCER, APCER) for rate in FIXED_RATES
        ],
        "by": {name: _by(scores, name, ranked, threshold, tally) for name in scores.groups},
        "coverage": _coverage(scores, ranked, threshold, tally),
        "gates_alone": _gates_alone(scores, ranked, tally),
        "curves": {name: _curve(whole.bona_fide, part) for name, part in every.items()},
        "histograms": _histograms(whole.bona_fide, every),
    }


def _species(scores: Scores, chosen: np.ndarray) -> dict[str, int]:
    """Species of those attacks, by name."""
    codes = np.unique(scores.species.codes[chosen & ~scores.bona_fide]).tolist()
    return {scores.species.names[code]: code for code in sorted(codes, key=lambda code: scores.species.names[code])}


def _no_threshold(rule: Rule, sample: Sample) -> tuple[str, str]:
    """(why the rule leads to none, what to ask `dermis report` for)."""
    given = "give one with --threshold"
    if rule.kind == APCER:
        return "There is no score of an impostor's attack to find a threshold from", given
    if not len(sample.bona_fide):
        return "There is no bona fide score to find a threshold from", given
    lost = int(np.isneginf(sample.bona_fide).sum())
    return (
        f"BPCER cannot be {rule.value:.6g}, as {lost} of {len(sample.bona_fide)} bona fide presentations are refused "
        "whatever the threshold",
        "ask for a higher one with --bpcer",
    )


def _at(sample: Sample, threshold: float, tally: _Tally) -> dict[str, Any]:
    return {
        "bpcer": tally.rate(rates.refused(sample.bona_fide, threshold), len(sample.bona_fide)),
        "apcer": _apcer(sample, threshold, tally),
    }


def _apcer(sample: Sample, threshold: float, tally: _Tally) -> dict[str, Any]:
    return tally.by_species((name, rates.accepted(part, threshold), len(part)) for name, part in sample.species.items())


def _fixed(sample: Sample, hidden: Sample, kind: str, rate: float, tally: _Tally) -> dict[str, Any]:
    threshold = Rule(kind, rate).threshold(sample)
    point: dict[str, Any] = {"fixed": kind, "at": rate, "threshold": threshold}
    if threshold is None:
        return {**point, "bpcer": None, "apcer": {}, "concealer": {"apcer": {}}}
    return {**point, **_at(sample, threshold, tally), "concealer": {"apcer": _apcer(hidden, threshold, tally)}}


def _no_response(scores: Scores, chosen: np.ndarray, tally: _Tally) -> dict[str, Any]:
    silent = chosen & ~scores.responded
    of_species = {name: scores.species.codes == code for name, code in _species(scores, chosen).items()}
    return tally.by_species(
        (name, int((silent & rows).sum()), int((chosen & rows).sum())) for name, rows in of_species.items()
    )


def _by(scores: Scores, group: str, ranked: np.ndarray, threshold: float, tally: _Tally) -> dict[str, Any]:
    """Each label's own rates at the one threshold; impostors' attacks only."""
    labels = scores.groups[group]
    chosen = ~scores.concealer
    cells = scores.species.codes * len(labels.names) + labels.codes
    size = len(scores.species.names) * len(labels.names)

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(cells[mask & chosen], minlength=size).reshape(-1, len(labels.names))

    shown, answered = count(np.ones(len(scores), bool)), count(~np.isnan(ranked))
    silent = count(~scores.responded)
    with np.errstate(invalid="ignore"):
        passed = count(ranked >= threshold)
    found = {}
    for code, label in sorted(enumerate(labels.names), key=lambda pair: pair[1]):
        if not label or not shown[:, code].any():
            continue
        there = [species for species in np.flatnonzero(shown[:, code]).tolist() if species != BONA_FIDE]
        there.sort(key=scores.species.names.__getitem__)
        refused = int(answered[BONA_FIDE, code] - passed[BONA_FIDE, code])
        found[label] = {
            "bpcer": tally.rate(refused, int(answered[BONA_FIDE, code])),
            "bpnrr": tally.rate(int(silent[BONA_FIDE, code]), int(shown[BONA_FIDE, code])),
            "apcer": tally.by_species(
                (scores.species.names[species], int(passed[species, code]), int(answered[species, code]))
                for species in there
            ),
        }
    return found


def _coverage(scores: Scores, ranked: np.ndarray, threshold: float, tally: _Tally) -> dict[str, dict[str, Any]]:
    """Species -> part of the face that is covered -> APCER, of the attacks of which it is stated."""
    labels = scores.covered
    if labels is None:
        return {}
    stated = ~scores.bona_fide & np.array([bool(name) for name in labels.names])[labels.codes]
    found: dict[str, dict[str, Any]] = {}
    for species, code in _species(scores, stated).items():
        own = stated & (scores.species.codes == code)
        found[species] = {
            labels.names[each]: _part(ranked[own & (labels.codes == each)], threshold, tally)
            for each in sorted(np.unique(labels.codes[own]).tolist(), key=labels.names.__getitem__)
        }
    return found


def _gates_alone(scores: Scores, ranked: np.ndarray, tally: _Tally) -> dict[str, Any]:
    """Species -> APCER with every threshold low enough, of impostors and concealers: what is refused then (-inf) was
    refused by something else than the model."""
    of_species = {name: scores.species.codes == code for name, code in _species(scores, ~scores.bona_fide).items()}
    return {name: _part(ranked[rows], -LARGEST, tally) for name, rows in of_species.items()}


def _part(ranked: np.ndarray, threshold: float, tally: _Tally) -> dict[str, Any]:
    judged = ranked[~np.isnan(ranked)]
    return tally.rate(int((judged >= threshold).sum()), len(judged))


def _held_out(scores: Scores, name: str, rule: Rule, counted: bool, tally: _Tally) -> dict[str, Any]:
    """One species scored by a model that never saw it, at that model's own threshold."""
    try:
        found = _rates(scores, _Samples.of(scores, counted), rule, tally)
    except UsageError as problem:
        raise UsageError(f"Of the model trained without {name}: {problem}") from None
    del found["threshold_from"]  # the report's own
    return found


def _curve(bona_fide: np.ndarray, attacks: np.ndarray) -> dict[str, Any] | None:
    if not len(bona_fide) or not len(attacks):
        return None
    curve = rates.corners(rates.det(bona_fide, attacks))
    if len(curve.threshold) > MOST_CURVE_POINTS:
        # Points that are even on the chart's probit axes are dense where rates are small.
        order = np.linspace(0, 1, MOST_CURVE_POINTS // 2)
        places = {0, len(curve.threshold) - 1}
        for values in (curve.bpcer, curve.apcer[::-1]):
            wanted = 10 ** (np.log10(max(values[values > 0].min(initial=1), 1e-9)) * (1 - order))
            near = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
            places.update((near if values is curve.bpcer else len(values) - 1 - near).tolist())
        curve = rates.Curve(*(values[sorted(places)] for values in curve))
    equal = rates.equal_error(bona_fide, attacks)
    return {
        "auc": rates.auc(bona_fide, attacks),
        "eer": equal.rate,
        "eer_threshold": equal.threshold if math.isfinite(equal.threshold) else None,
        **{name: values.tolist() for name, values in curve._asdict().items()},
    }


def _histograms(bona_fide: np.ndarray, species: dict[str, np.ndarray]) -> dict[str, Any]:
    parts = {"": bona_fide, **species}
    finite = {name: part[np.isfinite(part)] for name, part in parts.items()}
    low = min((part[0] for part in finite.values() if len(part)), default=0.0)
    high = max((part[-1] for part in finite.values() if len(part)), default=1.0)
    if not low < high:
        beside = max(0.5, abs(low) / 2)  # half of one would be lost beside a large score
        low, high = low - beside, high + beside
    edges = np.linspace(low, high, BINS + 1)
    return {
        "edges": edges.tolist(),
        "bona_fide": np.histogram(finite.pop(""), edges)[0].tolist(),
        "species": {name: np.histogram(part, edges)[0].tolist() for name, part in finite.items()},
    }


def _presentations(scores: Scores, rows: int) -> dict[str, Any]:
    attacks = ~scores.bona_fide
    found: dict[str, Any] = {
        "rows": rows,
        "bona_fide": int(scores.bona_fide.sum()),
        "attack": int(attacks.sum()),
        "species": len(np.unique(scores.species.codes[attacks])),
        "bona_fide_subjects": len(np.unique(scores.subject.codes[scores.bona_fide])),
        "attack_subjects": len(np.unique(scores.subject.codes[attacks])),
        "attempts_per_presentation": {"mean": float(scores.attempts.mean()), "max": int(scores.attempts.max())},
    }
    for name, values in scores.numbers.items():
        found[name] = {"bona_fide": _spread(values[scores.bona_fide]), "attack": _spread(values[attacks])}
    return found


def _spread(values: np.ndarray) -> dict[str, Any] | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return {
        "n": len(values),
        "median": float(np.median(values)),
        f"p{PERCENTILE}": float(np.percentile(values, PERCENTILE, method="higher")),
        "max": float(values.max()),
    }


def failures(scores: Scores, threshold: float, counted: bool) -> dict[str, list[dict[str, Any]]]:
    """The worst of what went wrong, by species ("" for bona fide): at most `WORST` each, worst first."""
    ranked = scores.ranked(counted)
    with np.errstate(invalid="ignore"):
        wrong = np.where(scores.bona_fide, ranked < threshold, ranked >= threshold)
    found = {}
    for code in np.unique(scores.species.codes[wrong]).tolist():
        rows = np.flatnonzero(wrong & (scores.species.codes == code))
        badness = ranked[rows] if code == BONA_FIDE else -ranked[rows]
        worst = rows[np.argsort(badness, kind="stable")[:WORST]]
        found[scores.species.names[code]] = [_row(scores, row) for row in worst.tolist()]
    return found


def _row(scores: Scores, row: int) -> dict[str, Any]:
    score = float(scores.score[row])
    fixed = {
        "attempt": scores.attempt[row],
        "subject": scores.subject.names[scores.subject.codes[row]],
        "score": score if math.isfinite(score) else None,
        "responded": bool(scores.responded[row]),
    }
    return {
        **fixed,
        **{name: labels.names[labels.codes[row]] for name, labels in scores.groups.items()},
        **{name: values[row] for name, values in scores.texts.items()},
        **fixed,  # whatever columns are called
    }


def _remarks(result: dict[str, Any], scores: Scores, rule: Rule) -> list[str]:
    """What a reader must know beside the figures."""
    remarks = list(scores.remarks)
    if rule.kind != THRESHOLD:
        remarks.append(
            "The threshold was chosen on the scores that it is judged by: on new presentations rates may be higher."
        )
    counts = result["presentations"]
    people = counts["bona_fide_subjects"]
    if people < counts["bona_fide"]:
        remarks.append(
            f"{counts['bona_fide']} bona fide presentations came from {people} subjects: the intervals take "
            "presentations as independent, so they are narrower than subjects would allow."
        )
    instruments = counts["attack_subjects"]
    if instruments < counts["attack"]:
        remarks.append(
            f"{counts['attack']} attack presentations name {instruments} subjects: those of one subject or instrument "
            "are not independent either."
        )
    judged = result["bpcer"]["n"]
    errorless = [
        f"{point['at']:.0%}"
        for point in result["fixed_operating_points"]
        if point["fixed"] == BPCER and judged and not rates.allowed(point["at"], judged)
    ]
    if errorless:
        remarks.append(
            f"{judged} bona fide presentations are too few for BPCER {', '.join(errorless)}: not one error is allowed."
        )
    reversed_species = [name for name, curve in result["curves"].items() if curve and curve["auc"] < 0.5]
    if reversed_species:
        remarks.append(
            f"Attacks score higher than bona fide presentations ({', '.join(reversed_species[:MOST_NAMED])}): do the "
            "scores run the other way? Higher must be more bona fide."
        )
    left_out = result["leave_one_species_out"].items()
    unseen = [
        name for name, held in left_out if not {name} & (held["apcer"].keys() | held["concealer"]["apcer"].keys())
    ]
    if unseen:
        remarks.append(
            f"Models trained without a species have no score of an attack of it ({', '.join(unseen[:MOST_NAMED])}): "
            "their rows say nothing."
        )
    silent = result["bpnrr"]["errors"]
    if silent and result["non_response"] == "apart":
        total = result["bpcer"]["errors"] + silent
        remarks.append(
            f"{silent} of {counts['bona_fide']} bona fide presentations gave no response; counted as errors, BPCER "
            f"would be {total / counts['bona_fide']:.2%} (--non-response counted)."
        )
    if len(np.unique(scores.concealer[~scores.bona_fide])) > 1:
        remarks.append("Concealer attacks stand apart; they enter neither the maximum nor the choice of a threshold.")
    return remarks
