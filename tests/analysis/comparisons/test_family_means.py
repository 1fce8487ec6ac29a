"""The overview's numbers against plain arithmetic and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons import family_means
from tests.app.conftest import make_tickets


def results(accuracies: dict[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `summary` and `conditions` in which corrupted accuracy is half the clean one."""
    summary, conditions = [], []
    for key, values in accuracies.items():
        for seed, accuracy in enumerate(values):
            ticket = f"{key}.{seed}"
            summary.append(
                {
                    "ticket_id": ticket,
                    "accuracy": accuracy,
                    "correct": round(200 * accuracy),
                    "n": 200,
                    "mean_angle": 30.0,
                }
            )
            for name, severity, factor in (("clean", 0, 1), ("fog", 1, 0.6), ("fog", 3, 0.4), ("gaussian_blur", 1, 0)):
                row = {"ticket_id": ticket, "corruption": name, "severity": severity, "accuracy": accuracy * factor}
                conditions.append(row)
    return pd.DataFrame(summary), pd.DataFrame(conditions)


def test_means_and_intervals_over_seeds() -> None:
    summary, conditions = results({"dense": [0.9, 0.92], "imp-90": [0.8, 0.9]})
    rows = family_means.by_family(family_means.measured(make_tickets(), summary, conditions)).set_index("key")
    imp = rows.loc["imp-90"]
    low, high = stats.t.interval(0.95, 1, np.mean([0.8, 0.9]), stats.sem([0.8, 0.9]))
    assert (imp["accuracy"], imp["accuracy_low"], imp["accuracy_high"]) == pytest.approx(
        (0.85, max(low, 0), min(high, 1))
    )
    assert imp["corrupted"] == pytest.approx(0.425)  # clean images and the four extra corruptions do not count
    assert imp["seeds"] == 2
    assert imp["kept"] == 100


def test_a_single_seed_has_the_interval_of_its_images() -> None:
    summary, conditions = results({"imp-90": [0.9]})
    row = (
        family_means.by_family(family_means.measured(make_tickets(), summary, conditions))
        .set_index("key")
        .loc["imp-90"]
    )
    exact = stats.binomtest(180, 200).proportion_ci(method="wilson")
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((exact.low, exact.high))
    assert np.isnan(row["corrupted_low"])


def test_the_same_network_under_every_seed_is_one() -> None:
    """Imported weights do not depend on the seed, so their spread over seeds says nothing."""
    summary, conditions = results({"dense": [0.9, 0.9]})
    row = (
        family_means.by_family(family_means.measured(make_tickets(), summary, conditions)).set_index("key").loc["dense"]
    )
    exact = stats.binomtest(180, 200).proportion_ci(method="wilson")
    assert row["seeds"] == 1
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((exact.low, exact.high))


def test_what_was_not_measured_is_missing_not_zero() -> None:
    summary, conditions = results({"dense": [0.9, 0.9]})
    rows = family_means.by_family(family_means.measured(make_tickets(), summary, conditions.iloc[:0])).set_index("key")
    assert rows["corrupted"].isna().all()
    assert np.isnan(rows.at["imp-90", "accuracy"])
    assert rows.at["imp-90", "seeds"] == 0


def correct(rate: float, seed: int, n: int = 1000) -> np.ndarray:
    return np.random.default_rng(seed).random((1, n)) < rate


def test_a_large_difference_is_real_and_none_is_not() -> None:
    baseline = {seed: correct(0.95, seed) for seed in range(3)}
    worse = {seed: baseline[seed] & correct(0.9, 10 + seed) for seed in range(3)}
    found = family_means.against_baseline("a", worse, baseline, comparisons=9)
    assert found is not None
    assert found.real
    assert found.difference == pytest.approx(np.mean([worse[s].mean() - baseline[s].mean() for s in range(3)]))
    same = family_means.against_baseline("a", baseline, baseline)
    assert same is not None
    assert not same.real


def test_seeds_that_contradict_each_other_are_noise() -> None:
    baseline = {seed: correct(0.9, seed) for seed in range(2)}
    mixed = {0: baseline[0] & correct(0.8, 5), 1: baseline[1] | correct(0.1, 6)}
    found = family_means.against_baseline("a", mixed, baseline)
    assert found is not None
    assert found.images[1] < 0  # over images alone it would seem real
    assert not found.real


def test_more_comparisons_widen_the_interval() -> None:
    baseline, other = {0: correct(0.9, 1)}, {0: correct(0.88, 2)}
    one, many = (family_means.against_baseline("a", other, baseline, comparisons) for comparisons in (1, 20))
    assert one is not None
    assert many is not None
    assert many.images[0] < one.images[0] < one.images[1] < many.images[1]
    assert np.isnan(one.seeds[0])
    assert family_means.against_baseline("a", {1: correct(0.5, 1)}, baseline) is None


def test_the_verdict_names_each_family_once_largest_first() -> None:
    nowhere = (float("nan"), float("nan"))
    found = [
        family_means.Difference("a", -0.01, (-0.02, 0.01), nowhere),
        family_means.Difference("b", -0.05, (-0.06, -0.04), nowhere),
        family_means.Difference("c", -0.20, (-0.21, -0.19), (-0.3, -0.1)),
        family_means.Difference("d", 0.03, (0.02, 0.04), (0.01, 0.05)),
        family_means.Difference("e", 0.002, (-0.02, 0.01), nowhere),
    ]
    groups = {heading: [item.key for item in group] for heading, group in family_means.verdict(found, "Dense").items()}
    assert groups == {
        "Worse than Dense": ["c", "b"],
        "Better than Dense": ["d"],
        "Not told apart from Dense": ["e", "a"],
    }
    assert family_means.points(-0.0123) == "−1.2"
    assert family_means.points(0.03) == "+3.0"
    assert family_means.points(-0.0004) == family_means.points(0.0) == "±0.0"
