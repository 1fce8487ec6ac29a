import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from analysis.comparisons.fragility import fragility
from pruning.errors import UserError


def bits(*rows: str) -> np.ndarray:
    return np.array([[mark == "1" for mark in row] for row in rows])


def test_by_hand() -> None:
    found = fragility(bits("1101", "1001"), [bits("1000", "1000")])
    # Sample 3 is lost under both conditions, 1 under the first only (under the second the baseline fails too), and of
    # 2 there was nothing to lose.
    assert list(found["sample"]) == [3, 1, 2, 0]
    assert list(found["lost"]) == [2, 1, 0, 0]
    assert list(found["fragility"]) == [1.0, 0.5, 0.0, 0.0]
    assert list(found["wrong"]) == [2, 2, 2, 0]


def test_a_share_of_all_tickets_and_conditions() -> None:
    found = fragility(bits("1", "1"), [bits("0", "1"), bits("0", "0")])
    assert found.loc[0, "pairs"] == 4
    assert found.loc[0, "fragility"] == 0.75


@given(arrays(bool, (4, 3, 7)))
def test_against_loops(cube: np.ndarray) -> None:
    """cube [ticket, condition, sample]; the first ticket is the baseline."""
    found = fragility(cube[0], list(cube[1:])).set_index("sample")
    for sample in range(7):
        lost = sum(
            bool(cube[0, level, sample]) and not cube[ticket, level, sample]
            for ticket in (1, 2, 3)
            for level in range(3)
        )
        assert found.loc[sample, "lost"] == lost
        assert found.loc[sample, "fragility"] == pytest.approx(lost / 9)
    assert found["lost"].is_monotonic_decreasing


@pytest.mark.parametrize(
    "tickets", [[], [bits("1")], [bits("11", "11")]], ids=["none", "other size", "more conditions"]
)
def test_what_cannot_be_compared_is_said(tickets: list[np.ndarray]) -> None:
    with pytest.raises(UserError):
        fragility(bits("11"), tickets)
