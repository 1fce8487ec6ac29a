"""Who dominates whom, against brute force and by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import dominance
from analysis.comparisons.dominance import DOMINATED, FRONT, NEAR
from analysis.comparisons.verdicts import verdicts


def surely(values: np.ndarray, more: bool) -> dominance.Gaps:
    return dominance.exact(values, more)


def test_without_noise_it_is_the_textbooks_front() -> None:
    """Against every pair looked at by itself, over many random sets with ties."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        cost, gain = rng.integers(0, 6, 12).astype(float), rng.integers(0, 6, 12).astype(float)
        keys = [f"t{place}" for place in range(12)]
        found = dominance.verdicts(keys, surely(cost, more=False), surely(gain, more=True))
        for place, key in enumerate(keys):
            over = [
                other
                for at, other in enumerate(keys)
                if cost[at] <= cost[place]
                and gain[at] >= gain[place]
                and (cost[at], gain[at]) != (cost[place], gain[place])
            ]
            assert set(found[key].by) == set(over)
            states = [found[other].state for other in found[key].by]
            assert states == sorted(states, key=dominance.ORDER.index)  # those on the front first
            assert found[key].state == (DOMINATED if over else FRONT)
            same = (cost == cost[place]) & (gain == gain[place])
            assert found[key].alike == [keys[at] for at in np.flatnonzero(same) if at != place]
        assert any(verdict.state == FRONT for verdict in found.values())


def answers(rate: float, seed: int, images: int = 2000) -> np.ndarray:
    return (np.random.default_rng(seed).random(images) < rate).astype(float)


def test_a_lead_within_noise_dominates_nobody() -> None:
    """The same cost; b is ahead of a by two images of 2,000, c behind by a fifth."""
    right = answers(0.9, 0)
    little = right.copy()
    little[np.flatnonzero(right == 0)[:2]] = 1
    correct = {"a": {0: right}, "b": {0: little}, "c": {0: right * answers(0.8, 1)}}
    keys, values = list(correct), np.array([each[0].mean() for each in correct.values()])
    cost = surely(np.ones(3), more=False)
    found = dominance.verdicts(keys, cost, dominance.paired(keys, values, correct))
    assert [found[key].state for key in keys] == [NEAR, FRONT, DOMINATED]
    assert found["a"].by == ["b"]
    assert found["a"].alike == ["b"]
    assert found["c"].by == ["b", "a"]
    assert found["b"].dominates == ["c"]


@pytest.mark.parametrize(("lost", "states"), [(20, [FRONT, FRONT]), (2, [DOMINATED, FRONT])])
def test_a_smaller_ticket_dominates_where_it_is_shown_to_be_as_good(lost: int, states: list[str]) -> None:
    """Not being told apart is no proof of being as good: a loss that may matter is a trade, not a gift."""
    right = answers(0.9, 0)
    worse = right.copy()
    worse[np.flatnonzero(right)[: lost + 30]] = 0
    worse[np.flatnonzero(right == 0)[:30]] = 1
    correct = {"large": {0: right}, "small": {0: worse}}
    keys, values = list(correct), np.array([right.mean(), worse.mean()])
    found = dominance.verdicts(
        keys, surely(np.array([2.0, 1.0]), False), dominance.paired(keys, values, correct, equivalence=0.011)
    )
    assert [found[key].state for key in keys] == states


def test_a_smaller_ticket_that_seems_better_does_not_dominate() -> None:
    """Ahead by a hair in accuracy, and smaller: it may as well be worse by a point."""
    right = answers(0.9, 0, 400)
    changed = right.copy()
    changed[np.flatnonzero(right)[:30]] = 0
    changed[np.flatnonzero(right == 0)[:31]] = 1
    correct = {"large": {0: right}, "small": {0: changed}}
    keys, values = list(correct), np.array([right.mean(), changed.mean()])
    found = dominance.verdicts(keys, surely(np.array([2.0, 1.0]), False), dominance.paired(keys, values, correct))
    assert [found[key].state for key in keys] == [NEAR, FRONT]


def test_what_was_not_shown_the_same_images_is_never_told_apart() -> None:
    correct = {"a": {0: answers(0.9, 0)}, "b": {0: answers(0.2, 1, 500)}, "c": {}}
    gaps = dominance.paired(list(correct), np.array([0.9, 0.2, 0.2]), correct)
    assert not gaps.real.any()
    assert not gaps.close.any()


def test_accuracies_have_the_verdicts_of_every_page() -> None:
    base = {seed: answers(0.9, seed) for seed in range(3)}
    outcomes: dict[str, dict[int, np.ndarray]] = {"base": base, "unmeasured": {}}
    for place, rate in enumerate((0.9995, 0.999, 0.99, 0.95, 0.6, 0.5)):
        outcomes[f"t{place}"] = {seed: base[seed] * answers(rate, 100 * place + seed) for seed in base}
    outcomes["short"] = {0: answers(0.5, 9, 200)}
    keys = list(outcomes)
    found = dominance.paired(keys, np.zeros(len(keys)), outcomes, equivalence=0.1)
    table = verdicts(outcomes, equivalence=0.1).set_index(["a", "b"])["verdict"]
    for first, second in itertools.combinations(range(len(keys)), 2):
        verdict = table.get((keys[first], keys[second]), "")
        assert found.real[first, second] == found.real[second, first] == (verdict == "differs")
        assert found.close[first, second] == found.close[second, first] == (verdict == "equivalent")
    assert {"differs", "equivalent"} <= set(table)


def test_the_table_has_those_on_the_front_first() -> None:
    keys = ["worst", "best", "middle"]
    found = dominance.verdicts(keys, surely(np.array([1.0, 3, 2]), True), surely(np.array([1.0, 3, 2]), True))
    table = dominance.table(pd.DataFrame({"key": keys, "label": [key.title() for key in keys]}), found)
    assert table["label"].tolist() == ["Best", "Worst", "Middle"]
    assert table["by"].tolist() == [[], ["Best", "Middle"], ["Best"]]
    assert table["dominates"].tolist() == [2, 0, 1]


@pytest.mark.parametrize("objective", ["accuracy", "kept", "time"])
def test_gaps_are_tested_as_the_noise_of_the_objective_asks(objective: str) -> None:
    rows = pd.DataFrame({"key": ["a", "b"], "accuracy": [0.9, 0.5], "kept": [10, 11], "time": [1.0, 0.9],
                         "time_low": [0.9, 0.85], "time_high": [1.1, 0.95]})  # fmt: skip
    outcomes = {"a": {0: answers(0.9, 0)}, "b": {0: answers(0.5, 1)}}
    found = dominance.gaps(rows, objective, outcomes)
    assert found.real[0, 1] == (objective != "time")
    assert (found.ahead[0, 1] > 0) == (objective != "time")


def test_times_differ_when_their_intervals_do_not_overlap() -> None:
    values = np.array([1.0, 0.9, 0.5])
    gaps = dominance.by_intervals(values, np.array([1.0, 0.8, 0.4]), np.array([1.0, 1.05, 0.6]), more=False)
    assert gaps.real.tolist() == [[False, False, True], [False, False, True], [True, True, False]]
    assert gaps.ahead[2, 0] == pytest.approx(0.5)


@pytest.mark.parametrize("more_x", [True, False])
@pytest.mark.parametrize("more_y", [True, False])
def test_the_staircase_separates_what_is_reached_from_what_is_not(more_x: bool, more_y: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.permutation(20).astype(float), rng.permutation(20).astype(float)
    corners = dominance.staircase(x, y, more_x, more_y)
    sign_x, sign_y = (1 if more else -1 for more in (more_x, more_y))
    front = {
        (a, b)
        for a, b in zip(x, y, strict=True)
        if not ((sign_x * x >= sign_x * a) & (sign_y * y >= sign_y * b) & ((x != a) | (y != b))).any()
    }
    points = list(corners.itertuples(index=False, name=None))
    assert set(points[::2]) == front  # every other corner is a ticket
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        assert (x1 == x2) != (y1 == y2)  # steps, no slopes
    for corner in points[1::2]:  # what lies between two tickets is reached by one of them
        assert ((sign_x * x >= sign_x * corner[0]) & (sign_y * y >= sign_y * corner[1])).any()


def test_an_interval_that_is_not_known_shows_nothing() -> None:
    gaps = dominance.by_intervals(np.array([1.0, 1.001]), np.array([np.nan, 0.9]), np.array([np.nan, 1.1]), more=False)
    assert not gaps.real.any()
