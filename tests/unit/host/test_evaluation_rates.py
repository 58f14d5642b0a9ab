"""Error rates, thresholds and curves: published values, scikit-learn, and whatever scores there may be."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from dermis_host.evaluation import rates
from dermis_host.evaluation.rates import Sample
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import det_curve, roc_auc_score

METRICS = Path(__file__).parents[4] / "shared" / "data" / "metrics"
# Few values, so that ties are the rule; -inf is what no threshold accepts.
SCORES = st.lists(st.sampled_from([-math.inf, 0.0, 0.25, 0.5, 0.5000000001, 1.0, 3e9]), min_size=1, max_size=25)
FINITE = st.lists(st.sampled_from([-2.0, 0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=25)
RATES = st.sampled_from([0.0001, 0.01, 0.05, 0.1, 0.29, 1 / 3, 0.5, 0.999, 1.0])

quick = settings(deadline=None, max_examples=80)  # a shared computer keeps no deadline


def written(rate):
    """A rate as its decimals say; a third, written with sixteen of them, is less than one of three."""
    return Fraction(repr(rate))


def published(name):
    h5py = pytest.importorskip("h5py")
    path = METRICS / f"{name}.hdf5"
    if not path.is_file():
        pytest.skip(f"the published score files are not beside the repository ({path.name})")
    with h5py.File(path) as file:
        return np.asarray(file["array"])


def classes(kind):
    return np.sort(published(f"{kind}-positives")), np.sort(published(f"{kind}-negatives"))


@pytest.mark.shared_data
class TestPublished:
    """bob.measure's test data (Idiap) with the values that its authors publish for them."""

    def test_area_under_the_roc(self):
        assert rates.auc(*classes("nonsep")) == 0.9326
        assert rates.auc(*classes("linsep")) == 1.0

    @pytest.mark.parametrize(("wanted", "apcer", "bpcer"), [(0.01, 0.0, 0.48), (0.1, 0.1, 0.12), (1.0, 1.0, 0.0)])
    def test_bpcer_at_fixed_apcer(self, wanted, apcer, bpcer):
        bona_fide, attacks = classes("nonsep")
        threshold = rates.threshold_at_apcer(Sample(bona_fide, {"negatives": attacks}), wanted)
        assert threshold is not None
        assert rates.accepted(attacks, threshold) / 50 == apcer
        assert rates.refused(bona_fide, threshold) / 50 == bpcer

    def test_equal_error_rates_and_threshold(self):
        assert rates.equal_error(*classes("nonsep")).rate == pytest.approx(0.116363636363636, abs=1e-15)
        assert rates.equal_error(*classes("linsep")) == (0.0, 3.2)

    def test_every_point_of_the_published_roc(self):
        curve = rates.det(*classes("nonsep"))
        ours = set(zip(curve.apcer.tolist(), curve.bpcer.tolist(), strict=True))
        theirs = set(zip(*published("nonsep-roc").tolist(), strict=True))
        assert theirs <= ours and len(theirs) == 13

    def test_the_published_roc_point_by_point(self):
        """Its thresholds come from 50 rates of each class, 10^(-49/6) to 1; our rates at them are its 100 points."""
        bona_fide, attacks = classes("nonsep")
        wanted = 10 ** (np.arange(-49, 1) / 6)
        # For a rate of refusals, its authors take the highest score of which all equals but one fit into the rate.
        below = np.array([np.searchsorted(bona_fide, score, side="right") - 1 for score in bona_fide]) / 50
        thresholds = [bona_fide[below <= rate][-1] if rate < 1 else bona_fide[-1] + 1e-9 for rate in wanted]
        # For a rate of acceptances, they look among the attacks' scores only; ours may find a lower bona fide score.
        alone = Sample(np.zeros(0), {"negatives": attacks})
        thresholds += [rates.threshold_at_apcer(alone, rate) for rate in wanted]
        found = [(rates.accepted(attacks, t) / 50, rates.refused(bona_fide, t) / 50) for t in sorted(thresholds)]
        np.testing.assert_array_equal(np.array(found).T, published("nonsep-roc"))

    def test_the_published_det_is_the_roc_on_normal_deviates(self):
        from statistics import NormalDist

        epsilon = np.finfo(float).eps
        roc, det = published("nonsep-roc"), published("nonsep-det")
        inner = (roc > 0) & (roc < 1)
        ours = [NormalDist().inv_cdf(rate) for rate in roc[inner]]
        np.testing.assert_allclose(det[inner], ours, atol=1e-7)
        ends = NormalDist().inv_cdf(epsilon)  # where its approximation stands in for infinity
        np.testing.assert_allclose(np.abs(det[~inner]), abs(ends), atol=1e-3)


@quick
@given(FINITE, FINITE)
def test_curve_and_area_equal_scikit_learn(bona_fide, attacks):
    sample = Sample.of(bona_fide, {"a": attacks})
    labels = [1] * len(bona_fide) + [0] * len(attacks)
    scores = [*bona_fide, *attacks]
    assert rates.auc(sample.bona_fide, sample.species["a"]) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    curve = rates.det(sample.bona_fide, sample.species["a"])
    for apcer, bpcer, threshold in zip(*det_curve(labels, scores), strict=True):
        if math.isfinite(threshold):
            place = int(np.searchsorted(curve.threshold, threshold))
            assert (curve.threshold[place], curve.apcer[place], curve.bpcer[place]) == (threshold, apcer, bpcer)


@quick
@given(SCORES, SCORES, SCORES, RATES)
def test_threshold_at_bpcer_is_the_highest_that_keeps_it(bona_fide, first, second, rate):
    sample = Sample.of(bona_fide, {"a": first, "b": second})
    threshold = rates.threshold_at_bpcer(sample, rate)
    lost = bona_fide.count(-math.inf)
    if threshold is None:
        assert lost > written(rate) * len(bona_fide)
        return
    assert rates.refused(sample.bona_fide, threshold) <= written(rate) * len(bona_fide)
    above = [score for score in (*bona_fide, *first, *second) if score > threshold]
    if above:
        assert rates.refused(sample.bona_fide, np.nextafter(threshold, math.inf)) > written(rate) * len(bona_fide)


@quick
@given(SCORES, SCORES, SCORES, RATES)
def test_threshold_at_apcer_keeps_every_species_and_no_lower_score_does(bona_fide, first, second, rate):
    sample = Sample.of(bona_fide, {"a": first, "b": second})
    threshold = rates.threshold_at_apcer(sample, rate)

    def kept(at):
        return all(rates.accepted(part, at) <= written(rate) * len(part) for part in sample.species.values())

    assert kept(threshold)
    lower = [score for score in {*bona_fide, *first, *second} if -math.inf < score < threshold]
    assert not any(kept(score) for score in lower)


@quick
@given(FINITE, FINITE, st.randoms())
def test_order_of_presentations_changes_nothing(bona_fide, attacks, random):
    straight = Sample.of(bona_fide, {"a": attacks})
    random.shuffle(bona_fide)
    random.shuffle(attacks)
    mixed = Sample.of(bona_fide, {"a": attacks})
    assert rates.equal_error(straight.bona_fide, straight.species["a"]) == rates.equal_error(
        mixed.bona_fide, mixed.species["a"]
    )
    assert rates.threshold_at_bpcer(straight, 0.1) == rates.threshold_at_bpcer(mixed, 0.1)


@quick
@given(SCORES, SCORES)
def test_curve_falls_and_rises_between_its_ends(bona_fide, attacks):
    sample = Sample.of(bona_fide, {"a": attacks})
    curve = rates.det(sample.bona_fide, sample.species["a"])
    assert (np.diff(curve.threshold) > 0).all()
    assert (np.diff(curve.apcer) <= 0).all() and (np.diff(curve.bpcer) >= 0).all()
    assert (curve.apcer[-1], curve.bpcer[-1]) == (0.0, 1.0)
    points = rates.corners(curve)
    assert (np.diff(points.apcer) < 0).all() and (np.diff(points.bpcer) > 0).all()
    for apcer, bpcer in zip(curve.apcer, curve.bpcer, strict=True):
        assert ((points.apcer <= apcer) & (points.bpcer <= bpcer)).any()
    equal = rates.equal_error(sample.bona_fide, sample.species["a"])
    assert 0 <= equal.rate <= 0.5


@pytest.mark.parametrize(
    ("bona_fide", "attacks", "auc", "eer"),
    [([1.0], [0.0], 1.0, 0.0), ([0.0], [1.0], 0.0, 0.5), ([1.0], [1.0], 0.5, 0.5), ([2, 2, 2], [2, 2], 0.5, 0.5)],
)
def test_single_and_equal_scores(bona_fide, attacks, auc, eer):
    sample = Sample.of(bona_fide, {"a": attacks})
    assert rates.auc(sample.bona_fide, sample.species["a"]) == auc
    assert rates.equal_error(sample.bona_fide, sample.species["a"]).rate == eer
    # All equal: they stand or fall together.
    if len({*bona_fide, *attacks}) == 1:
        assert rates.threshold_at_bpcer(sample, 0.01) == bona_fide[0]
        assert rates.threshold_at_apcer(sample, 0.01) > attacks[0]


@pytest.mark.parametrize(("rate", "trials", "errors"), [(0.29, 100, 29), (0.1, 50, 5), (0.07, 100, 7), (0.01, 99, 0)])
def test_a_rate_is_taken_as_it_is_written(rate, trials, errors):
    assert rates.allowed(rate, trials) == errors


def test_without_presentations_there_is_no_threshold():
    assert rates.threshold_at_bpcer(Sample.of([], {"a": [1.0]}), 0.1) is None
    assert rates.threshold_at_apcer(Sample.of([1.0], {}), 0.1) is None
    assert rates.threshold_at_apcer(Sample.of([1.0], {"a": [-math.inf]}), 0.5) == 1.0
