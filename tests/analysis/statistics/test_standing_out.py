"""What stands out of equal parts: the exact chance of agreeing favourites, and rates where nothing stands out."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.standing_out import standing_out


def one_favourite(places: list[int], parts: int, share: float = 0.7) -> np.ndarray:
    """Trainings that give `share` to one part each, and the rest to the others alike."""
    shares = np.full((len(places), parts), (1 - share) / (parts - 1))
    shares[range(len(places)), places] = share
    return shares


@pytest.mark.parametrize(("runs", "parts"), [(2, 5), (3, 5), (3, 10)])
def test_trainings_agree_on_a_favourite_by_chance_as_often_as_dice_do(runs: int, parts: int) -> None:
    """The other dice show what the first does: 1 in K for each of them."""
    p = standing_out(one_favourite([2] * runs, parts), 1 / parts, 10**9)
    chance = parts ** (1.0 - runs)
    assert p[2] == pytest.approx(chance, abs=5 * np.sqrt(chance / 4999) + 1 / 5000)
    assert (np.delete(p, 2) == 1).all()


def test_one_training_is_held_against_other_images_alone() -> None:
    """The chance that any of K binomial shares is so great, by hand."""
    shares = np.array([[0.4, 0.15, 0.15, 0.15, 0.15]])
    p = standing_out(shares, 0.2, 20)
    expected = 1 - stats.binom.cdf(7, 20, 0.2) ** 5
    assert p[0] == pytest.approx(expected, abs=0.02)
    assert standing_out(shares, 0.2, 2000)[0] < 0.001


def test_a_second_part_is_held_against_those_left() -> None:
    shares = np.array([[0.5, 0.3, 0.05, 0.05, 0.05, 0.05]])
    p = standing_out(shares, 1 / 6, 400)
    assert (p[:2] < 0.01).all()
    assert (p[2:] == 1).all()
    assert p[0] <= p[1]


def test_favourites_that_differ_are_nobodys() -> None:
    assert (standing_out(one_favourite([0, 1, 2], 10), 0.1, 500) > 0.05).all()


def test_parts_without_images_and_shares_as_expected_are_not_named() -> None:
    assert (standing_out(np.full((3, 4), 0.25), 0.25, 100) == 1).all()
    assert standing_out(np.array([[1.0, 0.0]]), 0.5, [0, 10]).tolist() == [1, 1]


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_equal_parts_are_named_at_most_at_the_nominal_rate(runs: int) -> None:
    """Favourites of each training at random, and the same images for all trainings."""
    rng = np.random.default_rng(runs)
    named = 0
    for study in range(200):
        trials, parts = 60, 8
        images = rng.multinomial(trials, np.full(parts, 1 / parts)) / trials - 1 / parts
        own = rng.dirichlet(np.full(parts, 0.5), runs) if runs > 1 else np.full((1, parts), 1 / parts)
        named += int((standing_out(own + images, 1 / parts, trials, study, draws=399) < 0.05).any())
    assert named <= 200 * 0.05 + 3 * np.sqrt(200 * 0.05 * 0.95)


def test_a_true_favourite_leaves_the_others_in_peace() -> None:
    """One part takes half in every training; the rest is of no favour: the step-down procedure names no second one."""
    rng = np.random.default_rng(0)
    second = 0
    for study in range(150):
        rest = rng.dirichlet(np.full(7, 0.5), 3) / 2
        shares = np.column_stack([np.full(3, 0.5), rest])
        p = standing_out(shares, 1 / 8, 200, study, draws=399)
        second += int((p[1:] < 0.05).any())
    assert second <= 150 * 0.05 + 3 * np.sqrt(150 * 0.05 * 0.95)


def test_a_thousand_parts_take_no_time() -> None:
    p = standing_out(one_favourite([17] * 3, 1000, 0.2), 0.001, 5000)
    assert p[17] < 0.01
