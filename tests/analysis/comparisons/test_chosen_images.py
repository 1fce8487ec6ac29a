"""Accuracies on chosen images agree with counting, and their intervals with the published formulas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons.chosen_images import COLUMNS, among, causes_on_images, on_images, pairs_on_images
from analysis.comparisons.lost_images import BITS, CAUSES, causes
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.statistics.intervals import mean_interval, wilson
from pruning.errors import UserError

RIGHT = np.random.default_rng(3).random((3, 60)) < 0.7


def test_seeds_vary_on_these_images() -> None:
    images = [4, 9, 10, 33, 57]
    row = on_images({"a": dict(enumerate(RIGHT.astype(float)))}, images).iloc[0]
    means = [sum(bool(seed[image]) for image in images) / 5 for seed in RIGHT]
    assert len(set(means)) > 1
    assert (row["accuracy"], row["low"], row["high"]) == pytest.approx(np.clip(mean_interval(means), 0, 1))
    assert row["over_seeds"]


def test_one_seed_has_wilsons_interval_of_the_count() -> None:
    images = np.arange(20)
    row = on_images({"a": {0: RIGHT[0].astype(float)}}, images).iloc[0]
    low, high = wilson(RIGHT[0, :20].sum(), 20)
    assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))
    assert not row["over_seeds"]


@given(st.sets(st.integers(0, 59), min_size=1, max_size=60))
def test_chosen_and_rest_make_all(images: set[int]) -> None:
    row = on_images({"a": dict(enumerate(RIGHT.astype(float)))}, images).iloc[0]
    assert row["low"] <= row["accuracy"] <= row["high"]
    rest = 0.0 if len(images) == 60 else (60 - len(images)) * row["rest"]
    assert len(images) * row["accuracy"] + rest == pytest.approx(60 * RIGHT.mean())
    assert np.isnan(row["rest"]) == (len(images) == 60)


def test_the_best_comes_first_and_images_that_are_not_there_do_not_count() -> None:
    right = {"none": {0: np.zeros(10)}, "all": {0: np.ones(10)}}
    table = on_images(right, [3, 3, 8, 10, 999])
    assert table.columns.tolist() == COLUMNS
    assert table["key"].tolist() == ["all", "none"]
    assert table["images"].tolist() == [2, 2]
    assert among([8, 3, 3, 10], 10).tolist() == [3, 8]
    with pytest.raises(UserError, match="among the 10"):
        on_images(right, [10])


def test_outcomes_of_images_keep_tickets_seeds_and_conditions() -> None:
    outcomes = Outcomes([("clean", 0), ("fog", 1)], {"a": np.stack([RIGHT, ~RIGHT], axis=1)}, {"a": [5, 6, 7]})
    part = outcomes.of_images([7, 2])
    assert (part.conditions, part.seeds) == (outcomes.conditions, outcomes.seeds)
    assert part.right["a"].shape == (3, 2, 2)
    assert part.per_image([0])["a"][6].tolist() == [float(RIGHT[1, 7]), float(RIGHT[1, 2])]


def test_pairs_on_images_are_paired_by_seed_and_claim_nothing() -> None:
    right = {
        "a": {0: RIGHT[0] * 1.0, 1: RIGHT[1] * 1.0},
        "b": {1: RIGHT[2] * 1.0, 2: RIGHT[0] * 1.0},
        "c": {7: RIGHT[0]},
    }
    table = pairs_on_images(right)
    assert table[["a", "b", "seeds"]].to_numpy().tolist() == [["a", "b", 1]]
    row = table.iloc[0]
    more, less = int((RIGHT[1] & ~RIGHT[2]).sum()), int((RIGHT[2] & ~RIGHT[1]).sum())
    assert row["difference"] == pytest.approx((more - less) / 60)
    centre, n = (more - less) / 62, 62  # Bonett & Price 2012, adjusted Wald
    error = np.sqrt(((more + less + 2) / n - centre**2) / n)
    assert (row["low"], row["high"]) == pytest.approx((centre - 1.959964 * error, centre + 1.959964 * error))


def test_causes_of_the_chosen_images_by_hand() -> None:
    labels, used = np.zeros(8, dtype=int), np.arange(0, 8, 2)
    clean, fog = np.zeros((1, 8), dtype=int), np.array([[1, 1, 0, 1, 2, 1, 1, 1]])  # 0, 4, 6 are lost of those used
    predictions = Predictions([("clean", 0), ("fog", 3)], {"a": np.stack([clean, fog], axis=1)}, labels)
    bits = bytes([BITS["drift"] | BITS["class"], 0, BITS["class"]])
    rows = pd.DataFrame([{"ticket_id": "x", "corruption": "fog", "severity": 3, "n": 4, "lost": 3, "rescues": bits}])
    found = causes_on_images(rows, predictions, {"a": ["x"]}, used, [0, 1, 2, 6]).iloc[0]
    assert (found["n"], found["seeds"]) == (3, 1)
    assert [found[name] for name in ("lost", *CAUSES)] == pytest.approx([2 / 3, 1 / 3, 0, 1 / 3, 0])
    assert (found["lost_low"], found["lost_high"]) == pytest.approx(np.ravel(wilson(2, 3)))
    assert causes_on_images(rows, predictions, {"a": ["x"]}, used, [1, 3]).empty
    nets = {f"right_{name}": 1 for name in ("drift", "scale", "class", "other")} | {"right": 1}
    every = causes(rows.assign(**nets), {"a": ["x"]}).iloc[0]
    whole = causes_on_images(rows, predictions, {"a": ["x"]}, used, range(8)).iloc[0]
    shares = [f"{name}{end}" for name in ("lost", *CAUSES) for end in ("", "_low", "_high")]
    assert whole[shares].tolist() == pytest.approx(every[shares].tolist())
