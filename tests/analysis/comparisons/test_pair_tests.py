from itertools import combinations

import numpy as np
import pytest
import scipy.stats

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.pair_tests import COLUMNS, pair_tests, tied_with_best
from analysis.statistics.multiple_testing import holm
from tests.analysis.statistics.by_hand import mcnemar

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 3)]


def outcomes(shares: dict[str, float], seeds: int = 1, images: int = 400, seed: int = 0) -> Outcomes:
    rng = np.random.default_rng(seed)
    return Outcomes(CONDITIONS, {name: rng.random((seeds, 3, images)) < share for name, share in shares.items()})


def test_every_pair_under_every_condition_and_holm_over_all_of_them() -> None:
    made = outcomes({"a": 0.9, "b": 0.85, "c": 0.7})
    found = pair_tests(made)
    expected = [
        mcnemar(made.right[a][0, place], made.right[b][0, place])
        for a, b in combinations("abc", 2)
        for place in range(3)
    ]
    assert list(zip(found["a"], found["b"], found["corruption"], found["severity"], strict=True)) == [
        (a, b, *condition) for a, b in combinations("abc", 2) for condition in CONDITIONS
    ]
    np.testing.assert_allclose(found["p"], expected)
    np.testing.assert_allclose(found["p_holm"], holm(expected))
    assert found["within_noise"].tolist() == (holm(expected) >= 0.05).tolist()
    assert 0 < found["within_noise"].sum() < 9
    row = found.iloc[4]
    gap = made.right["a"][0, 1].mean() - made.right["c"][0, 1].mean()
    assert row.difference == pytest.approx(gap)
    assert row.low < gap < row.high


def test_together_an_image_counts_once() -> None:
    made = outcomes({"a": 0.9, "b": 0.87}, images=3000)
    found = pair_tests(made, together=True)
    assert found[["corruption", "severity"]].to_numpy().tolist() == [[MEAN, 0]]
    expected = scipy.stats.ttest_rel(*(made.right[name][0].mean(axis=0) for name in "ab"))
    assert found["p"][0] == pytest.approx(expected.pvalue, rel=0.2)
    assert not found["over_seeds"][0]


def test_several_seeds_are_what_is_tested() -> None:
    made = outcomes({"a": 0.9, "b": 0.8}, seeds=4)
    found = pair_tests(made, together=True)
    expected = scipy.stats.ttest_rel(*(made.right[name].mean(axis=(1, 2)) for name in "ab"))
    assert found["p"][0] == pytest.approx(expected.pvalue)
    assert found["over_seeds"][0]


def test_equal_tickets_are_told_apart_in_few_tables() -> None:
    tables = [pair_tests(outcomes(dict.fromkeys("abcd", 0.8), images=200, seed=seed)) for seed in range(100)]
    wrong = sum(not table["within_noise"].all() for table in tables)
    assert scipy.stats.binomtest(wrong, 100, 0.05, alternative="greater").pvalue > 0.001


def test_one_ticket_has_no_pair() -> None:
    for together in (False, True):
        found = pair_tests(outcomes({"a": 0.9}), together)
        assert found.columns.tolist() == COLUMNS
        assert found.empty
        assert tied_with_best(outcomes({"a": 0.9}), found).shape == (1, 0)
        assert pair_tests(Outcomes([], {name: np.ones((1, 0, 4), dtype=bool) for name in "ab"}), together).empty


def test_the_best_and_those_within_noise_of_it() -> None:
    images = np.arange(500)
    right = {name: np.stack([images < 450, images < 300])[None] for name in "abc"}
    right["b"] = right["b"] ^ (images >= 498)  # two images more: noise
    right["c"] = np.stack([images < 350, images < 300])[None]
    made = Outcomes([("clean", 0), ("fog", 1)], right)
    tied = tied_with_best(made, pair_tests(made))
    assert tied["clean", 0].to_dict() == {"a": True, "b": True, "c": False}
    assert tied["fog", 1].all()
    together = tied_with_best(made, pair_tests(made, together=True))
    assert together[MEAN, 0].to_dict() == {"a": True, "b": True, "c": False}
