"""The test of patterns keeps its rate, finds what is there, and is the permutation of runs where there are many."""

from itertools import combinations

import numpy as np
import pytest

from analysis.statistics.patterns import compare_patterns
from analysis.statistics.replication import distinct

GROUPS = np.arange(400) % 10


def runs(
    count: int, rng: np.random.Generator, noise: float = 0.5, effect: np.ndarray | float = 0.0, groups: int = 10
) -> np.ndarray:
    """Runs of a method: an image is right by its difficulty, what the training did to its class, and luck."""
    easy = np.random.default_rng(99).normal(3, 2, 400)
    pattern = noise * rng.normal(size=(count, 10)) * (np.arange(10) < groups) + effect
    return rng.random((count, 400)) < 1 / (1 + np.exp(-easy - pattern[:, GROUPS]))


def rate(a: float, b: float, count: int, effect: np.ndarray | float = 0.0, groups: int = 10, draws: int = 150) -> float:
    rng = np.random.default_rng(1)
    found = [
        compare_patterns(
            distinct(runs(count, rng, a, effect, groups)), distinct(runs(count, rng, b, 0, groups)), GROUPS
        ).p
        for _ in range(draws)
    ]
    return float(np.mean(np.array(found) < 0.05))


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(("a", "b", "groups"), [(0.5, 0.5, 10), (2.0, 0.5, 10), (0.5, 2.0, 10), (1.5, 1.5, 2)])
def test_methods_of_one_pattern_are_not_told_apart(count: int, a: float, b: float, groups: int) -> None:
    """Noisy or not, and where the noise is all in two groups."""
    assert rate(a, b, count, groups=groups) <= 0.06


def test_a_pattern_beyond_the_noise_is_found() -> None:
    effect = np.array([-4.0, -3, *[0] * 6, 1, 1])
    assert rate(0.3, 0.3, 3, effect, draws=40) > 0.7
    assert rate(0.3, 0.3, 5, effect, draws=20) > 0.95
    assert rate(0.3, 0.3, 2, effect, draws=40) < rate(0.3, 0.3, 3, effect, draws=40)  # two seeds show little


def test_with_many_runs_it_is_the_permutation_of_runs() -> None:
    rng, ours, permuted = np.random.default_rng(4), [], []
    for effect in (0.0, 0.5, 1.0, 1.5, 3.0):
        a, b = runs(6, rng, 0.5, effect * np.linspace(-1, 1, 10)), runs(6, rng)
        ours.append(compare_patterns(a, b, GROUPS).p)
        both = np.concatenate([a, b])
        patterns = np.stack([np.bincount(GROUPS, weights=run) / 40 for run in both])
        patterns -= patterns.mean(axis=1, keepdims=True)
        splits = [list(chosen) for chosen in combinations(range(12), 6)]
        gaps = [patterns[s].mean(axis=0) - np.delete(patterns, s, axis=0).mean(axis=0) for s in splits]
        spreads = (np.array(gaps) ** 2).sum(axis=1)
        permuted.append((spreads >= spreads[0] - 1e-12).mean())
    np.testing.assert_allclose(ours, permuted, atol=0.12)


def test_the_spread_and_its_error_by_hand() -> None:
    # Two groups of two images. Patterns of a: +-1/4, +-1/2 (half the difference of the groups); of b: 0 and +-1/4.
    groups = np.array([0, 0, 1, 1])
    a = np.array([[1, 1, 1, 0], [1, 1, 0, 0]])
    b = np.array([[1, 0, 1, 0], [1, 1, 0, 1]])
    found = compare_patterns(a, b, groups)
    assert found.spread == pytest.approx(0.375 - 0.125)
    # over runs: (1/4)^2 / 4 of each; over images nothing that the runs do not explain
    assert found.error**2 >= 2 * 0.25**2 / 4 - 1e-12
    assert found.ceiling(found.p) == pytest.approx(found.spread)
    assert found.p_of_group[0] == pytest.approx(found.p_of_group[1])


def test_other_images_count_as_well() -> None:
    """Methods that differ on an image in every run: uneven on these images, but not beyond other images."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(100):
        a, b = (np.repeat(rng.random((1, 400)) < 0.8, 3, axis=0) for _ in range(2))
        flipped = [each ^ (rng.random((3, 400)) < 0.01) for each in (a, b)]
        found.append(compare_patterns(flipped[0], flipped[1], GROUPS).p)
    assert np.mean(np.array(found) < 0.05) <= 0.08


def test_a_single_run_claims_nothing() -> None:
    rng = np.random.default_rng(0)
    several, one = runs(3, rng), runs(1, rng, effect=np.array([-9.0, *[0] * 9]))
    for pair in ((one, several), (several, one), (one, one)):
        found = compare_patterns(*pair, GROUPS)
        assert np.isnan([found.p, found.error, *found.p_of_group]).all()
        assert found.spread >= 0
    assert len(distinct(np.repeat(one, 3, axis=0))) == 1
    assert len(distinct(several)) == 3


def test_methods_without_a_difference_or_a_spread() -> None:
    right = np.array([[1, 1, 1, 1], [0, 0, 0, 0]])
    found = compare_patterns(right, right, np.array([0, 0, 1, 1]))
    assert (found.spread, found.p) == (0, 1)
    assert found.p_of_group.tolist() == [1, 1]
