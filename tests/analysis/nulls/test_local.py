"""What is there is found: a ticket that turns more than the others, over three seeds."""

import numpy as np

from analysis.comparisons.local_changes import ticket_changes, told_apart
from tests.analysis.nulls.local import drawn_moves


def test_a_planted_difference_is_found_over_three_seeds() -> None:
    """Seven degrees, where seeds of one method differ by one to two; about 4 in 5 are found."""
    found = []
    for number in range(20):
        moved = drawn_moves(np.random.default_rng(number), 3, (-5.0, -5.0, -12.0))
        apart = told_apart(moved).set_index(["a", "b"])["turns"]
        found.append(apart["0", "2"] and apart["1", "2"])
        assert ticket_changes(moved)["seeds"].eq(3).all()
    assert np.mean(found) >= 0.6
