import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from analysis.comparisons.fragility import exchanged, fragile_samples, fragility, hardest_corruption
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


def stored(ticket: str, *rows: str) -> list[tuple[str, str, int, int, bytes]]:
    """Rows of the table `conditions`: fog at severities from 1 on."""
    return [
        (ticket, "fog", level, len(row), bytes(0 if mark == "1" else 1 for mark in row))
        for level, row in enumerate(rows, 1)
    ]


def test_samples_come_with_their_labels_and_those_without_are_left_out() -> None:
    columns = ["ticket_id", "corruption", "severity", "n", "offsets"]
    rows = pd.DataFrame(stored("base", "1101", "1001") + stored("a", "1000", "1000"), columns=columns)
    labels = pd.Series([5, 6, 7], index=[0, 1, 3])
    found = fragile_samples(rows, "base", ["a", "never measured"], labels)
    assert found[["sample", "lost", "label"]].to_numpy().tolist() == [[3, 2, 7], [1, 1, 6], [0, 0, 5]]
    nothing = fragile_samples(rows, "base", [], labels)
    assert nothing["sample"].tolist() == [0, 1, 3]
    assert not nothing["pairs"].any()


def test_the_hardest_corruption_has_the_largest_share_of_wrong_predictions() -> None:
    rows = [("clean", 9), ("fog", 1), ("fog", 9), ("gaussian_noise", 9), ("gaussian_noise", 1), ("snow", 1)]
    frame = pd.DataFrame(rows, columns=["corruption", "prediction"])
    assert hardest_corruption(frame, 1) == "gaussian_noise"  # as often as fog, and before it in order
    assert hardest_corruption(frame.iloc[1:3], 1) == "fog"
    assert hardest_corruption(frame.iloc[:1], 1) is None


def test_images_lost_and_won_are_counted() -> None:
    columns = ["ticket_id", "corruption", "severity", "n", "offsets"]
    rows = stored("base", "110100", "100100") + stored("a", "100010", "100001") + stored("b", "100100", "100100")
    frame = pd.DataFrame(rows, columns=columns)
    # a loses image 1 and twice image 3, b loses image 1; a wins 4 and 5 once each: of 24 predictions.
    found = exchanged(frame, "base", ["a", "b"])
    assert found is not None
    assert (found.lost[0], found.won[0]) == pytest.approx((4 / 24, 2 / 24))
    assert (found.images, found.half, found.tickets) == (6, 1, 2)
    assert exchanged(frame, "base", ["a", "b", "not measured"]) == found
    assert found.lost[1] < found.lost[0] < found.lost[2]
    assert exchanged(frame, "base", []) is None
    same = exchanged(frame, "base", ["base"])
    assert same is not None
    assert (same.lost[0], same.won[0], same.half) == (0, 0, 0)
