"""Scores of generative tickets by hand, and their verdicts against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.generative import (
    collapsed,
    kept_by_part,
    ratios,
    score_curve,
    winning,
    with_originals,
)


def rows(**scores: list[float]) -> pd.DataFrame:
    """A ticket a seed of each key."""
    return pd.DataFrame(
        [
            {"key": key, "method": key.split("_")[0], "sparsity": float(key.split("_")[1]) / 100, "seed": seed,
             "fd": value, "fd_low": value - 1, "fd_high": value + 1}
            for key, values in scores.items()
            for seed, value in enumerate(values)
        ]
    )  # fmt: skip


def test_a_curve_has_geometric_means_and_intervals_over_seeds() -> None:
    curve = score_curve(rows(dense_0=[10.0, 12.0, 14.0], imp_90=[20.0, np.nan, 30.0]), "fd").set_index("key")
    logs = np.log([10, 12, 14])
    low, high = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    assert curve.loc["dense_0", ["value", "low", "high"]].tolist() == pytest.approx(np.exp([logs.mean(), low, high]))
    assert curve.at["imp_90", "value"] == pytest.approx(np.sqrt(600))
    assert curve["n"].tolist() == [3, 2]
    assert set(curve["over"]) == {"seeds"}


def test_one_seed_has_the_interval_over_its_images() -> None:
    [row] = score_curve(rows(imp_90=[20.0]), "fd").to_dict("records")
    assert (row["value"], row["low"], row["high"], row["over"]) == (pytest.approx(20), 19.0, 21.0, "images")


def test_who_is_within_the_dense_networks_interval_wins() -> None:
    curve = score_curve(rows(dense_0=[10.0, 12.0, 14.0], imp_50=[13.0, 13.5, 13.0], imp_90=[40.0, 42.0, 39.0],
                             imp_20=[5.0, 6.0, 5.0]), "fd")  # fmt: skip
    assert winning(curve, "dense_0").tolist() == [False, True, False, True]
    assert not winning(curve, "nobody").any()


def test_a_ratio_is_students_of_the_logarithms() -> None:
    frame = rows(imp_90=[10.0, 12.0, 14.0], shuffled_90=[50.0, 75.0, 60.0])
    [found] = ratios(frame, [("shuffled_90", "imp_90")], "fd").to_dict("records")
    theirs = stats.ttest_rel(np.log([50, 75, 60]), np.log([10, 12, 14]))
    interval = theirs.confidence_interval()
    assert found["p"] == pytest.approx(theirs.pvalue)
    assert [found["low"], found["high"]] == pytest.approx(np.exp([interval.low, interval.high]))
    assert found["differs"]


def test_a_family_is_corrected_and_its_interval_decides() -> None:
    rng = np.random.default_rng(0)
    names = [f"imp_{place}" for place in range(2, 12)]
    frame = rows(dense_0=[10.0] * 3, **{name: (10 * np.exp(0.3 * rng.normal(size=3))).tolist() for name in names})
    found = ratios(frame, [(name, "dense_0") for name in names], "fd")
    assert (found["p_holm"] >= found["p"]).all()
    outside = (found["low"] > 1) | (found["high"] < 1)
    assert (outside == found["differs"]).all()


def test_one_seed_differs_from_nobody() -> None:
    [found] = ratios(rows(a_1=[1.0], b_1=[99.0]), [("b_1", "a_1")], "fd").to_dict("records")
    assert found["ratio"] == pytest.approx(99)
    assert np.isnan(found["low"])
    assert not found["differs"]
    assert ratios(rows(a_1=[1.0]), [("b_1", "a_1")], "fd").empty


def test_controls_stand_beside_their_tickets() -> None:
    frame = rows(dense_0=[1.0], imp_50=[1.0], imp_90=[1.0], shuffled_90=[1.0], random_50=[1.0])
    assert with_originals(frame, {"shuffled": "imp"}) == [("shuffled_90", "imp_90")]


def test_a_posterior_has_collapsed_where_all_of_the_interval_is_below() -> None:
    frame = pd.DataFrame({"key": ["a", "a", "a", "b", "b", "b", "c"], "kl": [0.01, 0.02, 0.01, 0.01, 0.3, 0.0, 0.05],
                          "kl_low": 0.0, "kl_high": [1.0] * 6 + [0.09]})  # fmt: skip
    assert collapsed(frame)["collapsed"].tolist() == [True, False, True]


def test_parts_are_counted_apart() -> None:
    layers = {"encoder.0.weight": (10, 100), "encoder.2.weight": (5, 50), "decoder.0.weight": (30, 60), "x": (1, 2)}
    found = kept_by_part(layers, {"encoder": "encoder", "decoder": "decoder"}).set_index("part")
    assert found["kept"].to_dict() == {"encoder": 15, "decoder": 30, "all": 46}
    assert found["share"].tolist() == pytest.approx([0.1, 0.5, 46 / 212])
