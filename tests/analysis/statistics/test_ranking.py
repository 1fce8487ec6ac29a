from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from analysis.statistics.ranking import tie_groups


def told_apart(*pairs: tuple[int, int], count: int = 4) -> np.ndarray:
    differs = np.zeros((count, count), dtype=bool)
    for one, other in pairs:
        differs[one, other] = differs[other, one] = True
    return differs


def test_who_differs_from_the_leader_leads_the_next_group() -> None:
    assert tie_groups(told_apart()).tolist() == [1, 1, 1, 1]
    assert tie_groups(told_apart((0, 2), (0, 3))).tolist() == [1, 1, 2, 2]
    assert tie_groups(told_apart((0, 1), (1, 2), (2, 3))).tolist() == [1, 2, 3, 4]
    assert tie_groups(np.zeros((0, 0), dtype=bool)).tolist() == []


def test_only_the_leader_counts() -> None:
    """The second differs from the third, but neither from the best: being alike is not transitive."""
    assert tie_groups(told_apart((1, 2), (2, 3))).tolist() == [1, 1, 1, 1]


@given(some.lists(some.tuples(some.integers(0, 6), some.integers(0, 6)).filter(lambda pair: pair[0] != pair[1])))
def test_no_order_is_claimed_that_no_test_shows(pairs: list[tuple[int, int]]) -> None:
    differs = told_apart(*pairs, count=7)
    groups = tie_groups(differs)
    leaders = [int(np.flatnonzero(groups == group)[0]) for group in range(1, groups[-1] + 1)]
    assert (np.diff(groups) >= 0).all()
    assert not any(differs[leaders[group - 1], place] for place, group in enumerate(groups))
    assert all(differs[one, other] for one, other in pairwise(leaders))
