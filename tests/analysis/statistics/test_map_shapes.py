"""Whether maps are of one shape: what is and what is not, and where nothing can be said."""

import numpy as np
import pytest
from scipy.stats import f as f_distribution

from analysis.statistics.map_shapes import Maps, compare_shapes, cosine, effective_dimension

P = 40


def drawn(pattern: np.ndarray, seeds: int, images: int = 1, noise: float = 0.3, seed: int = 0) -> Maps:
    rng = np.random.default_rng(seed)
    return {each: pattern + noise * rng.standard_normal((images, P)) for each in range(seeds)}


@pytest.fixture
def patterns() -> np.ndarray:
    return np.random.default_rng(9).standard_normal((2, P))


def test_another_pattern_is_told_apart_and_another_strength_is_not(patterns: np.ndarray) -> None:
    maps = {
        "base": drawn(patterns[0], 3, seed=1),
        "stronger": drawn(3 * patterns[0], 3, seed=2),
        "other": drawn(patterns[1], 3, seed=3),
    }
    table = compare_shapes(maps, "base").set_index("key")
    assert table["differs"].to_dict() == {"base": False, "stronger": False, "other": True}
    assert table.at["base", "likeness"] == pytest.approx(1)
    assert np.isnan(table.at["base", "p"])
    assert table.at["stronger", "likeness"] > 0.9 > 0.5 > table.at["other", "likeness"]
    assert set(table["over"]) == {"seeds"}
    means = [np.mean([each[0] for each in maps[key].values()], axis=0) for key in ("base", "other")]
    assert table.at["other", "likeness"] == pytest.approx(cosine(*means))
    assert (table["p_holm"].dropna() >= table["p"].dropna()).all()


def test_one_seed_on_several_images_speaks_of_images_and_on_one_says_nothing(patterns: np.ndarray) -> None:
    maps = {"base": drawn(patterns[0], 1, 6, seed=1), "other": drawn(patterns[1], 1, 6, seed=2)}
    row = compare_shapes(maps, "base").set_index("key").loc["other"]
    assert row["differs"]
    assert (row["over"], row["seeds"]) == ("images", 1)
    alone = compare_shapes({key: {0: each[0][:1]} for key, each in maps.items()}, "base")
    assert alone["p"].isna().all()
    assert not alone["differs"].any()


def test_the_p_value_is_that_of_the_best_strengths(patterns: np.ndarray) -> None:
    """Two seeds by hand: numbers in orthogonal directions, so that the best strengths are at an end or between."""
    base = {seed: (patterns[0] + noise)[None] for seed, noise in enumerate(np.eye(P)[:2])}
    other = {seed: (patterns[1] + noise)[None] for seed, noise in enumerate(np.eye(P)[2:4])}
    found = compare_shapes({"base": base, "other": other}, "base").set_index("key").at["other", "p"]
    ratios = []
    for strength in np.linspace(0, 1, 2001):
        apart = [strength * other[seed][0] - (1 - strength) * base[seed][0] for seed in (0, 1)]
        mean = np.mean(apart, axis=0)
        ratios.append(mean @ mean / (sum((each - mean) @ (each - mean) for each in apart) / 2))
    # The two tickets' deviations are one direction each: two independent numbers, and no more are taken.
    assert found == pytest.approx(f_distribution.sf(min(ratios), 2, 2), rel=1e-3)


def test_maps_of_nothing_are_compared_with_nothing(patterns: np.ndarray) -> None:
    table = compare_shapes({"base": drawn(patterns[0], 3), "dead": {0: np.zeros((1, P)), 1: np.zeros((1, P))}}, "base")
    assert table["p"].isna().all()
    nan = compare_shapes({"base": drawn(patterns[0], 3), "lost": {0: np.full((1, P), np.nan)}}, "base")
    assert nan["p"].isna().all()
    unpaired = compare_shapes({"base": drawn(patterns[0], 3), "late": {7: patterns[1][None]}}, "base")
    assert unpaired["p"].isna().all()
    exact = compare_shapes({"base": {0: patterns[:1], 1: patterns[:1]}, "same": {0: patterns[:1], 1: patterns[:1]}},
                           "base")  # fmt: skip
    assert exact["p"].isna().all()


@pytest.mark.parametrize("dimension", [1, 4, 12])
def test_the_effective_dimension_is_that_of_equal_directions(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    found = []
    for _ in range(200):
        rows = np.zeros((20, P))
        rows[:, :dimension] = rng.standard_normal((20, dimension))
        found.append(effective_dimension(rows - rows.mean(axis=0), 19))
    assert np.median(found) == pytest.approx(dimension, rel=0.1)


def test_the_effective_dimension_is_never_more_than_what_was_seen() -> None:
    rows = np.eye(P)[:4]
    assert effective_dimension(rows, 3) == 3
    assert effective_dimension(rows[:1], 1) == 1
