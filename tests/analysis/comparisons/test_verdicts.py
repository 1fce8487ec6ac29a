from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.outcomes import Outcomes, PerImage
from analysis.comparisons.verdicts import COLUMNS, against, both_ways, of_pairs, verdicts
from analysis.statistics.verdicts import Gap, judge, paired_gap, paired_gaps
from tests.analysis.statistics.test_verdicts import drawn


def outcomes(tickets: str = "abcd", seeds: int = 3, images: int = 300) -> PerImage:
    arrays = drawn(len(tickets), seeds, images).astype(float)
    return {key: dict(enumerate(own)) for key, own in zip(tickets, arrays, strict=True)}


def test_every_pair_is_a_row_of_one_family() -> None:
    made = outcomes()
    found = verdicts(made)
    pairs = list(combinations("abcd", 2))
    every = paired_gaps(np.stack([np.stack(list(made[key].values())) for key in "abcd"]))
    at = np.triu_indices(4, 1)
    expected = judge([Gap(every.difference[at], every.centre[at], every.error[at], 3, every.freedom)])
    assert list(found.columns) == COLUMNS
    assert list(zip(found["a"], found["b"], strict=True)) == pairs
    for name in ("difference", "low", "high", "p", "p_holm", "p_equivalent", "detectable"):
        np.testing.assert_allclose(found[name], expected[name])


def test_the_baseline_belongs_to_the_family() -> None:
    made = outcomes()
    found = verdicts(made, ["b", "a", "gone"], "d")
    assert list(zip(found["a"], found["b"], strict=True)) == [("b", "a"), ("b", "d"), ("a", "d")]
    rows = against(found, "a")
    assert list(zip(rows["a"], rows["b"], strict=True)) == [("d", "a"), ("b", "a")] or set(rows["a"]) == {"b", "d"}
    straight = found[(found["a"] == "a") & (found["b"] == "d")].iloc[0]
    turned = rows[rows["a"] == "d"].iloc[0]
    assert (turned.difference, turned.low, turned.high) == (-straight.difference, -straight.high, -straight.low)
    assert len(both_ways(found)) == 6


def test_seeds_are_paired_by_their_number() -> None:
    made = outcomes("ab", seeds=4)
    some = {"a": {0: made["a"][0], 2: made["a"][2], 3: made["a"][3]}, "b": {3: made["b"][3], 0: made["b"][0]}}
    row = verdicts(some).iloc[0]
    gap = paired_gap(*(np.stack([some[key][seed] for seed in (0, 3)]) for key in "ab"))
    assert (row.seeds, row.over) == (2, "seeds")
    assert row.p == pytest.approx(judge([gap])["p"][0])


def test_the_order_in_which_seeds_come_says_nothing() -> None:
    made = outcomes()
    turned = {
        key: {seed: own[seed] for seed in sorted(own, reverse=True)} if key in "ac" else own
        for key, own in made.items()
    }
    pd.testing.assert_frame_equal(verdicts(turned), verdicts(made))


def test_without_a_common_seed_the_networks_are_compared() -> None:
    made = outcomes("ab", seeds=2)
    row = verdicts({"a": {0: made["a"][0]}, "b": {1: made["b"][1]}}).iloc[0]
    assert (row.over, row.seeds) == ("images", 0)
    assert row.p == pytest.approx(judge([paired_gap(made["a"][0][None], made["b"][1][None])])["p"][0])


def test_one_network_under_every_seed_was_not_repeated() -> None:
    """As imported weights are, and what is pruned of them without training: no seed changes anything."""
    one, other = (made[0] for made in outcomes("ab", seeds=1).values())
    row = verdicts({"a": dict.fromkeys(range(3), one), "b": dict.fromkeys(range(3), other)}).iloc[0]
    assert (row.over, row.seeds) == ("images", 3)
    row = verdicts({"a": dict.fromkeys(range(3), one), "b": outcomes("b")["b"]}).iloc[0]
    assert (row.over, row.seeds) == ("seeds", 3)


def test_only_what_was_shown_the_same_images_is_compared() -> None:
    made = {**outcomes("ab"), **outcomes("cd", images=200)}
    assert list(zip(*verdicts(made)[["a", "b"]].to_numpy().T, strict=True)) == [("a", "b"), ("c", "d")]
    made["a"] = {**made["a"], 0: made["c"][0]}
    assert verdicts(made, ["a", "b"])["seeds"].tolist() == [2]
    assert verdicts(made, ["a", "c"])["seeds"].tolist() == [1]


def test_pairs_that_are_named_are_a_family_by_themselves() -> None:
    made = outcomes()
    found = of_pairs(made, [("a", "b"), ("c", "gone")])
    assert found["a"].tolist() == ["a"]
    assert found["p_holm"].tolist() == found["p"].tolist() == verdicts(made, ["a", "b"])["p"].tolist()


def test_few_tickets_have_no_pairs() -> None:
    assert list(verdicts(outcomes("a")).columns) == COLUMNS
    assert verdicts({}).empty


def test_outcomes_are_averaged_image_by_image() -> None:
    right = np.random.default_rng(0).random((2, 3, 50)) < 0.5
    made = Outcomes([("clean", 0), ("fog", 1), ("fog", 2)], {"a": right})
    np.testing.assert_allclose(made.per_image([1, 2])["a"][1], right[1, 1:].mean(axis=0))
