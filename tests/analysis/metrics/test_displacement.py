"""Arrows: their means by hand, their test against the best of all directions, and no arrow of noise alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import false_discovery_control

from analysis.metrics.displacement import arrows, cells, hotelling


def squared_t(moves: np.ndarray) -> float:
    """Of all directions the one along which Student's t is largest, tried one by one."""
    angles = np.linspace(0, np.pi, 20_001)
    along = moves @ np.stack([np.cos(angles), np.sin(angles)])
    return float(np.max((along.mean(axis=0) / (along.std(axis=0, ddof=1) / np.sqrt(len(moves)))) ** 2))


def test_the_test_is_students_in_the_direction_that_shows_most() -> None:
    rng = np.random.default_rng(0)
    for n in (5, 12, 60):
        moves = rng.normal(size=(n, 2)) @ [[1.0, 0.4], [0.0, 0.5]] + [0.3, -0.1]
        expected = stats.f.sf(squared_t(moves) * (n - 2) / (2 * (n - 1)), 2, n - 2)
        assert hotelling(moves) == pytest.approx(expected, rel=1e-4)


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-3, 3))
def test_units_and_slanted_axes_change_nothing(seed: int, unit: float, slant: float) -> None:
    moves = np.random.default_rng(seed).normal(0.2, 1, (20, 2))
    assert hotelling(moves @ [[unit, slant], [0.0, 1.0]]) == pytest.approx(hotelling(moves), rel=1e-5)


def test_no_move_and_the_same_move_of_all() -> None:
    assert hotelling(np.zeros((10, 2))) == 1.0
    assert hotelling(np.tile([0.0, 2.0], (10, 1))) < 1e-6


def test_its_p_is_uniform_where_nothing_moves() -> None:
    rng = np.random.default_rng(1)
    p = [hotelling(rng.normal(size=(15, 2))) for _ in range(800)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_arrows_are_the_means_of_their_groups() -> None:
    before = np.array([[0.0, 0], [2, 0], [1, 3], [5, 5], [6, 6], [np.nan, 1], [9, 9]])
    after = before + np.array([[1, -2], [1.1, -2], [1, -1.8], [2, -1], [2, -1], [1, -2], [1, -2]])
    found = arrows(before, after, [0, 0, 0, 4, 4, 0, -1], fewest=3)
    assert found["group"].tolist() == [0]  # two are too few
    row = found.iloc[0]
    assert row["n"] == 3
    assert (row["x_before"], row["y_before"]) == pytest.approx((1, 1))
    assert (row["x_after"], row["y_after"]) == pytest.approx((1 + 1 + 0.1 / 3, 1 - 2 + 0.2 / 3))


def test_cells_are_of_the_middle_and_hold_every_finite_move() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=(2, 500, 2))
    before[3] = np.nan
    found = cells(before, after, (4, 3))
    assert found[3] == -1
    assert set(found.tolist()) - {-1} <= set(range(12))
    assert (found == cells(after, before, (4, 3))).all()  # whichever comes first
    middle = (before + after)[found >= 0] / 2
    across = found[found >= 0] // 3
    assert all(middle[across == at, 0].max() <= middle[across == at + 1, 0].min() for at in range(3))
    assert (cells(np.ones((4, 2)), np.ones((4, 2))) == 0).all()


def claimed(by_start: bool, seed: int) -> bool:
    """Whether two noisy measurements of the same images make any arrow that counts."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(600, 2))
    before, after = truth + rng.normal(0, 0.6, (2, 600, 2))
    groups = cells(before, before) if by_start else cells(before, after)
    return bool((false_discovery_control(arrows(before, after, groups)["p"]) < 0.05).any())


def test_noise_alone_makes_no_arrow_though_it_would_from_where_they_started() -> None:
    assert sum(claimed(False, seed) for seed in range(100, 200)) <= 12  # 5 % of 100, and three deviations
    assert sum(claimed(True, seed) for seed in range(10)) >= 6
