from itertools import combinations

import numpy as np
import pytest
import scipy.stats

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.pair_tests import COLUMNS, best_first, both_ways, pair_tests
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
        assert both_ways(found).empty
        assert pair_tests(Outcomes([], {name: np.ones((1, 0, 4), dtype=bool) for name in "ab"}), together).empty


def test_a_pair_has_two_cells_of_opposite_signs() -> None:
    made = outcomes({"a": 0.9, "b": 0.6, "c": 0.7})
    tests = pair_tests(made, together=True)
    cells = both_ways(tests).set_index(["a", "b"])
    assert len(cells) == 6
    for a, b in [("a", "b"), ("a", "c"), ("b", "c")]:
        there, back = cells.loc[(a, b)], cells.loc[(b, a)]
        assert there["difference"] == -back["difference"]
        assert (there["low"], there["high"]) == (-back["high"], -back["low"])
        assert there[["p", "p_holm", "within_noise"]].tolist() == back[["p", "p_holm", "within_noise"]].tolist()
    assert cells.loc[("a", "b"), "difference"] == pytest.approx(made.right["a"].mean() - made.right["b"].mean())
    assert best_first(made) == ["a", "c", "b"]
