from math import sqrt

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from analysis.statistics.intervals import wilson
from analysis.statistics.ranking import ranked_with_ties
from pruning.errors import UserError
from tests.analysis.statistics import by_hand


def rank(correct: dict[str, np.ndarray], **options: float) -> pd.DataFrame:
    return ranked_with_ties({name: rows.mean() for name, rows in correct.items()}, correct, **options)  # type: ignore[arg-type]


def test_tickets_far_apart_stand_alone_and_near_ones_share_a_group() -> None:
    rng = np.random.default_rng(9)
    levels = {"worst": 0.5, "good": 0.8, "better": 0.805, "best": 0.95}
    found = rank({name: rng.random((10, 1000)) < level for name, level in levels.items()})
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found.ticket.tolist()[0] == "best"
    assert set(found.ticket.tolist()[1:3]) == {"good", "better"}
    assert found.group.tolist() == [1, 2, 2, 3]
    assert found.leader.tolist() == ["best", found.ticket[1], found.ticket[1], "worst"]
    assert (found.accuracy.diff().dropna() <= 0).all()
    assert found.behind[[0, 1, 3]].tolist() == [0, 0, 0]
    assert found.low[2] <= found.behind[2] <= found.high[2]
    assert found.low[2] <= 0


def test_behind_low_and_high_are_the_paired_bootstrap_against_the_leader() -> None:
    rng = np.random.default_rng(10)
    a = rng.random((4, 500)) < 0.9
    correct = {"a": a, "b": a & (rng.random((4, 500)) < 0.999)}
    row = rank(correct).iloc[1]
    assert row.leader == "a"
    difference, low, high = by_hand.bootstrap(correct["a"], correct["b"])
    assert row.behind == pytest.approx(difference)
    assert (row.low, row.high) == pytest.approx((low, high), abs=2e-4)


def test_conditions_of_one_image_are_not_taken_for_new_images() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random((2, 1, 500)) < 0.9
    once = {"a": a | b, "b": (a | b) & (np.arange(500) != 7) & (np.arange(500) != 9)}
    often = {name: np.repeat(right, 75, axis=0) for name, right in once.items()}
    columns = ["behind", "low", "high", "p"]
    np.testing.assert_allclose(rank(often)[columns], rank(once)[columns], atol=1e-12)
    assert rank(once).low[1] < rank(once).high[1]


def test_pairing_tells_apart_what_separate_intervals_cannot() -> None:
    a = np.arange(1000) < 800
    b = np.arange(1000) < 780
    overlapping = wilson(800, 1000)[0] < wilson(780, 1000)[1]
    assert overlapping
    assert rank({"a": a[None], "b": b[None]}).group.tolist() == [1, 2]


def test_equal_tickets_tie_however_many_there_are() -> None:
    same = np.random.default_rng(11).random((75, 333)) < 0.7
    found = rank({str(number): same.copy() for number in range(37)})
    assert found.group.tolist() == [1] * 37
    assert found.ticket.tolist() == [str(number) for number in range(37)], "equal ones stay in the order given"
    assert (found[["behind", "low", "high"]] == 0).all(axis=None)
    assert (found.p == 1).all()


def test_equal_tickets_are_parted_no_more_often_than_the_level_says_however_many_they_are() -> None:
    rng = np.random.default_rng(12)
    for tickets in (2, 12):
        parted = 0
        for _ in range(100):
            difficulty = rng.random(200)
            noise = 0.3 * rng.random((tickets, 200))
            correct = {str(number): (difficulty + row < 1)[None] for number, row in enumerate(noise)}
            parted += rank(correct, resamples=300).group.max() > 1
        assert scipy.stats.binomtest(parted, 100, 0.05, alternative="greater").pvalue > 0.001


def test_of_two_tickets_the_p_value_is_that_of_the_paired_z_test() -> None:
    rng = np.random.default_rng(25)
    a, b = rng.random((1, 2000)) < 0.9, rng.random((1, 2000)) < 0.886
    gap = a[0].astype(float) - b[0]
    z = gap.mean() / (gap.std() / sqrt(2000))
    assert 1 < z < 1.9
    assert rank({"a": a, "b": b}).p.tolist() == pytest.approx([1, 2 * scipy.stats.norm.sf(z)], rel=0.1)


def test_a_difference_that_is_the_same_on_every_image_is_certain() -> None:
    assert rank({"a": np.ones((2, 50), dtype=bool), "b": np.eye(2, 50) < -1}).p.tolist() == [1, 1]
    assert rank({"a": np.ones((2, 50), dtype=bool), "b": np.eye(2, 50) < -1}).group.tolist() == [1, 2]


def test_many_tickets_can_still_be_told_apart() -> None:
    correct = {str(number): np.arange(600)[None] < 600 - 20 * number for number in range(30)}
    assert rank(correct, resamples=1000).group.tolist() == list(range(1, 31))


def test_one_ticket_or_none_is_ranked_too() -> None:
    assert rank({"only": np.ones((2, 10), dtype=bool)}).group.tolist() == [1]
    assert rank({}).columns.tolist() == rank({"only": np.ones((2, 10), dtype=bool)}).columns.tolist()


def test_tickets_without_the_same_results_are_refused() -> None:
    row = np.ones((2, 10), dtype=bool)
    with pytest.raises(UserError, match="Ticket b has no results on corrupted images"):
        ranked_with_ties({"a": 0.9, "b": 0.8}, {"a": row})
    with pytest.raises(UserError, match="Tickets a and b were not measured on the same conditions"):
        ranked_with_ties({"a": 0.9, "b": 0.8}, {"a": row, "b": row[:1]})


def test_a_difference_that_the_seeds_do_not_bear_out_is_a_tie() -> None:
    rng = np.random.default_rng(0)
    right = {"a": rng.random((3, 5000)) < 0.90, "b": rng.random((3, 5000)) < 0.85}
    shares = {name: float(rows.mean()) for name, rows in right.items()}
    alone = ranked_with_ties(shares, right)
    assert list(alone["group"]) == [1, 2]
    steady = {"a": [0.90, 0.91, 0.92], "b": [0.85, 0.86, 0.871]}
    assert list(ranked_with_ties(shares, right, seeds_by_ticket=steady)["group"]) == [1, 2]
    shaky = {"a": [0.90, 0.99, 0.81], "b": [0.89, 0.80, 0.86]}
    found = ranked_with_ties(shares, right, seeds_by_ticket=shaky)
    assert list(found["group"]) == [1, 1]
    expected = scipy.stats.ttest_rel(shaky["a"], shaky["b"]).pvalue
    assert found["p"][1] == pytest.approx(expected)
    one = {"a": [0.9], "b": [0.85]}
    assert list(ranked_with_ties(shares, right, seeds_by_ticket=one)["group"]) == [1, 2]
