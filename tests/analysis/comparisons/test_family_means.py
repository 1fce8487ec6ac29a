"""The overview's numbers against plain arithmetic and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons import family_means
from analysis.statistics.intervals import wilson
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


def test_gaps_are_averaged_over_seeds_and_may_be_missing() -> None:
    summary, conditions = results({"imp-90": [0.8, 0.9]})
    gaps = pd.DataFrame({"ticket_id": ["imp-90.0", "imp-90.1", "gone"], "mean_gap": [20.0, 23.0, 1.0]})
    for given, expected in ((gaps, 21.5), (gaps[:0], np.nan), (None, np.nan)):
        rows = family_means.by_family(family_means.measured(make_tickets(), summary, conditions, given))
        assert rows.set_index("key").at["imp-90", "mean_gap"] == pytest.approx(expected, nan_ok=True)


def test_a_single_seed_has_the_interval_of_its_images() -> None:
    summary, conditions = results({"imp-90": [0.9]})
    row = (
        family_means.by_family(family_means.measured(make_tickets(), summary, conditions))
        .set_index("key")
        .loc["imp-90"]
    )
    exact = stats.binomtest(180, 200).proportion_ci(method="wilson")
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((exact.low, exact.high))
    low, high = wilson(200 * row["corrupted"], 200)
    assert (row["corrupted_low"], row["corrupted_high"]) == pytest.approx((float(low), float(high)))


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


def test_highlights_are_the_best_of_those_measured() -> None:
    families = pd.DataFrame({"key": ["a", "b", "c"], "accuracy": [0.9, 0.95, 0.95], "corrupted": [0.7, 0.6, np.nan]})
    found = family_means.highlights(families)
    assert found["key"].to_dict() == {"accurate": "b", "robust": "a"}
    assert list(family_means.highlights(families.assign(corrupted=np.nan)).index) == ["accurate"]
