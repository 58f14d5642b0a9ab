"""Exact binomial bounds against scipy's beta distribution, and against what textbooks print."""

import numpy as np
import pytest
from dermis_host.evaluation.intervals import clopper_pearson, tails, trials_without_error, upper_bound
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

# Loss of digits where a bound of a millionth is what 1 leaves; far below what anybody prints.
RELATIVE = 1e-10
quick = settings(deadline=None, max_examples=50)  # a shared computer keeps no deadline


def scipy_bounds(errors, trials):
    with np.errstate(invalid="ignore"):
        low = np.where(errors > 0, beta.ppf(0.025, errors, trials - errors + 1), 0.0)
        high = np.where(errors < trials, beta.ppf(0.975, errors + 1, trials - errors), 1.0)
        bound = np.where(errors < trials, beta.ppf(0.95, errors + 1, trials - errors), 1.0)
    return low, high, bound


@pytest.mark.parametrize("most", [3, 60, 300, 10_000, 1_000_000])
def test_equals_scipy(most):
    rng = np.random.default_rng(most)
    trials = rng.integers(1, most + 1, 300)
    errors = np.minimum((trials * rng.random(300) ** 3).astype(int), trials)
    errors[:30], errors[30:40] = 0, trials[30:40]
    for ours, theirs in zip(clopper_pearson(errors, trials), scipy_bounds(errors, trials), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=RELATIVE)


def test_every_pair_up_to_forty():
    pairs = np.array([(k, n) for n in range(1, 41) for k in range(n + 1)])
    for ours, theirs in zip(clopper_pearson(*pairs.T), scipy_bounds(*pairs.T), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_both_tails_are_good_where_they_are_small():
    k, n, p = np.array([3.0, 250.0, 9000.0]), np.array([40.0, 300.0, 10_000.0]), np.array([1e-3, 0.99, 0.5])
    found = tails(k, n, p)
    np.testing.assert_allclose(found.at_least, binom.sf(k - 1, n, p), rtol=1e-10)
    np.testing.assert_allclose(found.fewer, binom.cdf(k - 1, n, p), rtol=1e-10)


def test_what_no_errors_leave_open():
    assert upper_bound(0, 60) == pytest.approx(0.0487029, rel=1e-6)
    assert upper_bound(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-14)
    assert [trials_without_error(rate) for rate in (0.05, 0.03, 0.01)] == [59, 99, 299]


@quick
@given(st.floats(1e-6, 0.999))
def test_trials_without_error_are_the_fewest(rate):
    count = trials_without_error(rate)
    assert upper_bound(0, count) <= rate
    assert count == 1 or upper_bound(0, count - 1) > rate


@quick
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_hold_the_rate_and_mirror(pair):
    errors, trials = pair
    low, high, bound = (float(part[0]) for part in clopper_pearson([errors], [trials]))
    assert 0 <= low <= errors / trials <= bound <= high <= 1
    mirrored = clopper_pearson([trials - errors], [trials])
    assert mirrored.high[0] == pytest.approx(1 - low, abs=1e-12)


def test_no_trials_have_no_bounds():
    found = clopper_pearson([0, 0], [0, 5])
    assert np.isnan(found.low[0]) and np.isnan(found.high[0]) and found.low[1] == 0


@pytest.mark.parametrize(("errors", "trials"), [([2], [1]), ([-1], [1]), ([1], [1, 2]), ([[1]], [[2]])])
def test_errors_must_be_among_the_trials(errors, trials):
    with pytest.raises(ValueError, match="among the trials"):
        clopper_pearson(errors, trials)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 2])
def test_confidence_must_be_one(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        clopper_pearson([0], [1], confidence)
