"""Scores of tasks: means, and verdicts that seeds alone decide, against scipy and by hand."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from analysis.comparisons import scores
from analysis.comparisons.levels import sparsest_equivalent
from analysis.comparisons.scores import Scores
from analysis.comparisons.verdicts import against, of_pairs, verdicts
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, NOTHING
from pruning.tasks import Score

DISTANCE, SHARE, R2 = Score("distance", higher=False), Score("accuracy", "%"), Score("R2")


def made(score: Score, **values: list[float]) -> Scores:
    return Scores(score, {key: dict(enumerate(own)) for key, own in values.items()})


def test_distances_are_compared_by_their_ratio_as_a_paired_test_of_logarithms_has_it() -> None:
    own, base = [12.0, 15.0, 11.0, 14.0], [10.0, 11.0, 10.5, 12.0]
    of = made(DISTANCE, a=own, dense=base)
    row = scores.fractions(of, of_pairs(of, [("a", "dense")], 0.05)).iloc[0]
    apart = np.log(own) - np.log(base)
    assert row["difference"] == pytest.approx(np.exp(apart.mean()) - 1)
    assert row["p"] == pytest.approx(stats.ttest_rel(np.log(own), np.log(base)).pvalue)
    reach = stats.t.ppf(0.975, 3) * stats.sem(apart)
    assert row["low"] == pytest.approx(np.exp(apart.mean() - reach) - 1)
    assert row["high"] == pytest.approx(np.exp(apart.mean() + reach) - 1)
    assert row["over"] == "seeds"


def test_shares_are_compared_in_points_and_what_may_be_negative_in_typical_sizes() -> None:
    shares = of_pairs(made(SHARE, a=[0.9, 0.92], b=[0.8, 0.83]), [("a", "b")]).iloc[0]
    assert shares["difference"] == pytest.approx(0.095)
    of = made(R2, a=[-0.5, -0.4], b=[1.0, 1.1])
    assert not of.by_factors
    assert of_pairs(of, [("a", "b")]).iloc[0]["difference"] == pytest.approx(-1.5 / 0.75)


def test_one_seed_tells_nothing() -> None:
    table = verdicts(made(DISTANCE, dense=[10.0], a=[1000.0]))
    assert (table["verdict"] == CANNOT_TELL).all()
    assert (table["over"] == NOTHING).all()
    assert table[["low", "high", "p_holm", "detectable"]].isna().all(axis=None)


def test_what_is_not_finite_is_left_out() -> None:
    of = made(DISTANCE, dense=[10.0, float("nan"), 11.0], a=[float("inf")], b=[1.0, 2.0, 3.0])
    assert set(of) == {"dense", "b"}
    assert set(of["dense"]) == {0, 2}
    assert of_pairs(of, [("b", "dense"), ("a", "dense")])["seeds"].tolist() == [2]


def test_the_rows_turned_round_are_the_inverse_ratio() -> None:
    of = made(DISTANCE, dense=[10.0, 11.0, 12.0], a=[20.0, 23.0, 24.0])
    table = verdicts(of, ["dense", "a"])
    one = scores.fractions(of, against(table, "dense"))["difference"].iloc[0]
    other = scores.fractions(of, against(table, "a"))["difference"].iloc[0]
    assert (1 + one) * (1 + other) == pytest.approx(1)


@given(some.lists(some.floats(1, 100), min_size=3, max_size=3), some.floats(0.01, 1000))
def test_verdicts_of_distances_do_not_depend_on_their_unit(values: list[float], unit: float) -> None:
    base = [3.0, 4.0, 6.0]
    found = [
        of_pairs(made(DISTANCE, a=[k * v for v in values], b=[k * v for v in base]), [("a", "b")]) for k in (1, unit)
    ]
    pd.testing.assert_frame_equal(found[0], found[1], rtol=1e-6, atol=1e-8)


def test_the_sparsest_as_good_as_dense_goes_by_which_way_is_better() -> None:
    rng = np.random.default_rng(0)
    level = {"dense": 10.0, "good": 9.0, "bad": 20.0}
    of = made(DISTANCE, **{key: list(mean * np.exp(0.01 * rng.normal(size=4))) for key, mean in level.items()})
    families = pd.DataFrame({"key": ["good", "bad"], "kept": [20.0, 10.0], "accuracy": [9.0, 20.0]})
    assert sparsest_equivalent(families, of, "dense", 0.05).key == "good"
    higher = Scores(Score("likelihood"), of)
    assert sparsest_equivalent(families, higher, "dense", 0.05).key == "bad"
    assert sparsest_equivalent(families, made(DISTANCE, dense=[1.0], good=[1.0]), "dense").key is None


def test_near_ones_are_equivalent_and_far_ones_differ() -> None:
    rng = np.random.default_rng(1)
    of = made(DISTANCE, **{key: list(mean * np.exp(0.005 * rng.normal(size=4)))
                           for key, mean in {"dense": 5.0, "near": 5.01, "far": 9.0}.items()})  # fmt: skip
    table = against(verdicts(of, equivalence=0.05), "dense").set_index("a")
    assert table.loc["near", "verdict"] == EQUIVALENT
    assert table.loc["far", "verdict"] == DIFFERS


def test_means_are_geometric_where_scores_move_by_factors() -> None:
    tickets = pd.DataFrame(
        {"ticket_id": list("xyz"), "key": ["a", "a", "b"], "seed": [0, 1, 0], "method": "m", "method_label": "M",
         "label": "L", "sparsity": 0.5, "kept": [5, 7, 9], "total": 10, "seconds": 1.0}
    )  # fmt: skip
    of = scores.of_tickets(DISTANCE, tickets, {"x": 2.0, "y": 8.0, "z": 3.0})
    found = scores.by_family(of, tickets).set_index("key")
    assert found.loc["a", "accuracy"] == pytest.approx(4)
    assert found.loc["a", "accuracy_low"] * found.loc["a", "accuracy_high"] == pytest.approx(16)
    assert found.loc["b", "accuracy"] == pytest.approx(3)
    assert np.isnan(found.loc["b", "accuracy_low"])
    assert found["seeds"].tolist() == [2, 1]
    plain = scores.by_family(scores.of_tickets(R2, tickets, {"x": -1.0, "y": 1.0, "z": 0.5}), tickets)
    assert plain["accuracy"].tolist() == [0.0, 0.5]


def test_held_against_one_tickets_vary_as_in_all_pairs() -> None:
    drawn = np.random.default_rng(3).normal(0.9, [0.01, 0.02, 0.01, 0.03], (3, 4))
    given = made(SHARE, **{str(place): own for place, own in enumerate(drawn.T.tolist())})
    every = scores.gaps_of(given, list(combinations(given, 2)))
    star = scores.gaps_of(given, [("0", "1"), ("0", "2"), ("0", "3")])
    assert [(gap.error, gap.freedom) for gap in star.values()] == [
        (every[pair].error, every[pair].freedom) for pair in star
    ]
