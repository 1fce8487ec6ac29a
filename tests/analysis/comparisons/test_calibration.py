"""Reliability diagrams, scores and tables of several seeds and conditions agree with formulas by hand."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.calibration import (
    calibration_table,
    confidence_histogram,
    errors,
    miscalibrated,
    reliability,
    scaled,
    summary,
    with_error_of,
)
from analysis.comparisons.outcomes import MEAN
from analysis.metrics.calibration import bins
from analysis.metrics.calibration_noise import scores
from analysis.statistics.intervals import mean_interval, wilson


def predictions(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.1, 1, n)
    return confidence, rng.random(n) < confidence**2


def stored(seeds: int, conditions: int = 1, n: int = 300) -> pd.DataFrame:
    parts = []
    for seed in range(seeds):
        for condition in range(conditions):
            part = bins(*predictions(n, seed=10 * seed + condition))
            parts.append(part.assign(ticket_id=f"t{seed}", corruption="fog", severity=condition + 1))
    return pd.concat(parts, ignore_index=True)


def test_one_seed_has_wilsons_interval() -> None:
    rows = stored(1)
    found = reliability(rows)
    assert found[["bin", "n"]].to_numpy().tolist() == [[bin, 20] for bin in range(15)]
    low, high = wilson((20 * rows["accuracy"]).round(), 20)
    np.testing.assert_allclose(found["low"], low)
    np.testing.assert_allclose(found["high"], high)
    assert (found["seeds"] == 1).all()


def test_conditions_of_one_seed_do_not_narrow_its_interval() -> None:
    rows = stored(1)
    again = pd.concat([rows, rows.assign(severity=2)])
    columns = ["bin", "confidence", "accuracy", "low", "high"]
    pd.testing.assert_frame_equal(reliability(again)[columns], reliability(rows)[columns])
    assert reliability(again)["n"].tolist() == [40] * 15


def test_several_seeds_have_the_interval_of_their_mean() -> None:
    rows = stored(3, conditions=2)
    found = reliability(rows).iloc[7]
    each = rows[rows["bin"] == 7].groupby("ticket_id")["accuracy"].mean()
    assert (found.accuracy, found.low, found.high) == pytest.approx(mean_interval(each))
    assert found.seeds == 3
    assert found.n == 120


def test_diagrams_of_their_own() -> None:
    rows = stored(2, conditions=2)
    found = reliability(rows, by=["severity"])
    assert len(found) == 30
    alone = reliability(rows[rows["severity"] == 2])
    pd.testing.assert_frame_equal(found[found["severity"] == 2].drop(columns="severity").reset_index(drop=True), alone)
    assert reliability(rows[:0], by=["severity"]).empty


def test_the_summary_is_over_seeds_and_over_what_counts() -> None:
    names = [("clean", 0), ("fog", 1), ("snow", 1), ("saturate", 1)]
    rows = [
        (f"a{seed}", name, severity, 0.1 * seed + 0.01 * place, 0.2, np.nan if seed else 0.3)
        for seed in range(2)
        for place, (name, severity) in enumerate(names)
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "ece", "brier", "nll"])
    found = summary(table, {"a": ["a0", "a1", "a9"], "b": ["b0"]})
    assert set(found["key"]) == {"a"}
    cells = found.set_index(["corruption", "severity", "measure"])
    mean = cells.loc[(MEAN, 1, "ece")]
    half = 12.7062 * 0.1 / sqrt(2) / sqrt(2)  # Student's 97.5 % point with one degree of freedom
    assert mean.value == pytest.approx(0.05 + 0.015)
    assert (mean.low, mean.high) == pytest.approx((0, mean.value + half), rel=1e-5)  # no score is negative
    sure = cells.loc[("fog", 1, "brier")]
    assert (sure.low, sure.high) == pytest.approx((0.2, 0.2))
    single = cells.loc[("fog", 1, "nll")]
    assert (single.value, single.seeds) == (0.3, 1)
    assert np.isnan([single.low, single.high]).all()


def test_the_table_is_of_one_condition_or_of_those_that_count() -> None:
    rows = pd.DataFrame(
        [
            ("a0", "clean", 0, 0.9, 0.95, 0.05, 0.2, 0.3),
            ("a0", "fog", 1, 0.8, 0.9, 0.1, 0.3, 0.5),
            ("a0", "snow", 1, 0.6, 0.9, 0.3, 0.5, 0.7),
            ("a0", "saturate", 1, 0.1, 0.9, 0.8, 1.5, 3.0),  # an extra one
            ("b0", "fog", 1, 0.7, 0.7, 0.0, 0.4, 0.6),
            ("b1", "fog", 1, 0.5, 0.7, 0.2, 0.6, 0.8),
        ],
        columns=["ticket_id", "corruption", "severity", "accuracy", "mean_confidence", "ece", "brier", "nll"],
    )
    tickets = {"b": ["b0", "b1"], "a": ["a0"], "c": ["c0"]}
    fog = calibration_table(rows, tickets, "fog", 1)
    assert fog["key"].tolist() == ["b", "a"]
    assert fog["accuracy"].tolist() == pytest.approx([0.6, 0.8])
    assert fog["ece"].tolist() == pytest.approx([0.1, 0.1])
    assert fog["ece_high"][0] == pytest.approx(mean_interval([0.0, 0.2])[2])
    mean = calibration_table(rows, tickets, MEAN, 1).set_index("key").loc["a"]
    assert mean[["accuracy", "confidence", "ece", "nll"]].tolist() == pytest.approx([0.7, 0.9, 0.2, 0.6])
    clean = calibration_table(rows, tickets, MEAN, 0)
    assert clean[["key", "accuracy", "brier"]].to_numpy().tolist() == [["a", 0.9, 0.2]]
    assert calibration_table(rows, {}, "fog", 1).empty


def test_the_histogram_holds_every_image_once() -> None:
    rows = pd.DataFrame({"confidence": [0.05, 0.55, 0.58, 1.0], "n": [1, 2, 3, 4]})
    shares = confidence_histogram(rows)
    assert shares.sum() == pytest.approx(1)
    assert shares[[0, 5, 9]] == pytest.approx([0.1, 0.5, 0.4])
    assert confidence_histogram(rows.iloc[:0]).sum() == 0


def test_the_error_of_one_seed_has_the_interval_of_its_images_and_of_several_that_of_their_mean() -> None:
    rows = pd.concat([stored(3, 2), stored(1, 2).assign(ticket_id="one")])
    found = errors(rows, {"b": ["one", "lost"], "a": ["t0", "t1", "t2"], "c": []}).set_index("key")
    assert found.index.tolist() == ["b", "a"]
    each = scores(rows, ["ticket_id", "severity"]).groupby("ticket_id").mean()
    assert found.loc["b", ["ece", "ece_low", "floor"]].tolist() == pytest.approx(
        each.loc["one", ["ece", "low", "floor"]].tolist(), abs=0.004
    )
    seeds = each.loc[["t0", "t1", "t2"], "ece"]
    assert found.loc["a", ["ece", "ece_low", "ece_high"]].tolist() == pytest.approx(mean_interval(seeds))
    assert found["seeds"].tolist() == [1, 3]
    assert errors(rows, {"c": []}).empty


def test_temperatures_are_averaged_by_their_logarithm() -> None:
    rows = pd.DataFrame(
        [("a0", 1.0, 0.02, 0.01, 0.2, 0.3), ("a1", 4.0, 0.04, 0.03, 0.4, 0.5)],
        columns=["ticket_id", "temperature", "ece", "ece_width", "brier", "nll"],
    )
    found = scaled(rows, {"b": [], "a": ["a0", "a1"]})
    assert found["key"].tolist() == ["a"]
    assert found.iloc[0, 1:].tolist() == pytest.approx([2, 0.03, 0.3, 0.4])
    assert scaled(rows, {"a": ["a0"]}, "width")["ece"].tolist() == [0.01]
    assert scaled(rows[:0], {"a": ["a0"]}).empty


def test_the_error_over_other_bins_is_their_weighted_distance() -> None:
    conditions = pd.DataFrame(
        {"ticket_id": ["a", "b"], "corruption": "fog", "severity": 3, "ece": 0.5, "nll": [1.0, 2]}
    )
    bins = pd.DataFrame({"ticket_id": "a", "corruption": "fog", "severity": 3, "n": [30, 10],
                         "confidence": [0.9, 0.5], "accuracy": [0.8, 0.7]})  # fmt: skip
    found = with_error_of(conditions, bins)
    assert found["ece"].iloc[0] == pytest.approx((30 * 0.1 + 10 * 0.2) / 40)
    assert np.isnan(found["ece"].iloc[1])
    assert found["nll"].tolist() == [1, 2]


def test_only_what_noise_does_not_explain_is_miscalibrated() -> None:
    table = pd.DataFrame({"key": list("abc"), "ece": [0.05, 0.02, 0.09], "floor_high": [0.04, 0.02, 0.08]})
    assert miscalibrated(table)["key"].tolist() == ["c", "a"]
