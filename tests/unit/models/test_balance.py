"""How often training sees whom."""

from __future__ import annotations

import numpy as np
import pytest
from dermis_models.balance import CLIPPED_AT, ENOUGH, Balance, group_names


def data(**counts: int) -> dict[str, np.ndarray]:
    species = np.array([name for name, count in counts.items() for _ in range(count)])
    return {
        "species": species,
        "condition": np.full(len(species), ""),
        "tone": np.where(species == "bona_fide", 0.6, np.nan),
    }


def test_bona_fide_are_grouped_by_condition_and_the_plain_by_tone():
    found = group_names(
        {
            "species": np.array(["bona_fide", "bona_fide", "bona_fide", "resin_mask"]),
            "condition": np.array(["", "", "wet", ""]),
            "tone": np.array([0.25, 0.45, 0.45, np.nan]),
        }
    )
    assert found.tolist() == ["bona_fide/tone 0", "bona_fide/tone 2", "bona_fide/wet", "resin_mask"]


def test_either_class_is_half_and_species_are_alike_whatever_their_number():
    rows = data(bona_fide=30, resin_mask=400, latex_mask=50, mirror=ENOUGH // 5)
    balance = Balance.of(rows)
    seen = {name: balance.probabilities()[rows["species"] == name].sum() for name in np.unique(rows["species"])}
    assert seen["bona_fide"] == pytest.approx(0.5)
    assert seen["resin_mask"] == pytest.approx(seen["latex_mask"])
    assert seen["mirror"] == pytest.approx(seen["latex_mask"] / 5)  # five rows are not seen over and over


def test_what_goes_worst_is_seen_more_until_it_no_longer_does():
    rows = data(bona_fide=30, resin_mask=40, latex_mask=40, paper=40)
    balance = Balance.of(rows)
    losses = np.where(np.array(balance.groups) == "latex_mask", 2.0, 0.1)
    shares = []
    for _ in range(20):
        balance.update(losses)
        shares.append(balance.share[balance.groups.index("latex_mask")])
    first = balance.first[balance.groups.index("latex_mask")]
    assert first < shares[0] < shares[1]
    assert balance.share[balance.bona_fide].sum() == pytest.approx(0.5)
    assert balance.probabilities().sum() == pytest.approx(1.0)
    paper = balance.groups.index("paper")
    balance.update(np.where(np.arange(len(balance.groups)) == paper, 2.0, 0.1))
    assert balance.share[balance.groups.index("latex_mask")] < 0.9 * shares[-1]
    for _ in range(20):
        balance.update(np.where(np.arange(len(balance.groups)) == paper, 2.0, 0.1))
    assert balance.share[balance.groups.index("latex_mask")] < first < balance.share[paper]


def test_a_share_is_clipped_and_then_its_class_brought_to_its_half():
    """So the one of thirty that goes badly ends beyond where it was clipped, and within the square of that."""
    balance = Balance.of(data(bona_fide=30, **{f"species_{number:02d}": ENOUGH for number in range(30)}))
    attacks = ~balance.bona_fide

    def times() -> np.ndarray:
        return (balance.share / balance.first)[attacks]

    for _ in range(20):
        balance.update(np.where(np.array(balance.groups) == "species_07", 2.0, 0.1))
    by = 30 / (CLIPPED_AT + 29 / CLIPPED_AT)  # which brings thirty clipped shares to their half
    assert times().max() == pytest.approx(CLIPPED_AT * by) and times().max() > 10
    assert times().min() == pytest.approx(by / CLIPPED_AT)
    rng = np.random.default_rng(3)
    for _ in range(200):
        balance.update(rng.exponential(size=len(balance.groups)) ** 4)
        assert 1 / CLIPPED_AT**2 <= times().min() <= times().max() <= CLIPPED_AT**2
        assert balance.share[attacks].sum() == pytest.approx(0.5)


def test_losses_are_means_of_groups():
    rows = data(bona_fide=2, resin_mask=2)
    balance = Balance.of(rows)
    found = balance.losses(np.array([1.0, 3.0, 10.0, 0.0]), np.arange(4))
    assert dict(zip(balance.groups, found, strict=True)) == {"bona_fide/tone 3": 2.0, "resin_mask": 5.0}


def test_a_sample_has_some_of_every_group():
    rows = data(bona_fide=30, resin_mask=3)
    sample = Balance.of(rows).sample(np.random.default_rng(0), 10)
    assert len(sample) == 13 == len(set(sample.tolist()))


@pytest.mark.parametrize("counts", [{"bona_fide": 3}, {"resin_mask": 3}])
def test_both_classes_are_needed(counts):
    with pytest.raises(ValueError, match="needs bona fide and attack"):
        Balance.of(data(**counts))
