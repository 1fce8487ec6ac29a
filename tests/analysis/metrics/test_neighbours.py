"""Nearest neighbours against scikit-learn and brute force; the Jaccard index by sets and its level by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from analysis.metrics import neighbours
from analysis.metrics.neighbours import NOBODY, by_chance, jaccard, nearest, overlap, parts
from pruning.errors import UserError


@given(st.integers(3, 80), st.integers(1, 20), st.integers(1, 12), st.floats(0, 1e4), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_they_are_sklearns(n: int, width: int, k: int, away: float, seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=(n, width)) + away
    k = min(k, n - 1)
    index, distance = nearest(features, k)
    theirs = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(features).kneighbors()
    np.testing.assert_allclose(distance, theirs[0], rtol=1e-4, atol=1e-6 * (1 + away))
    if away < 1:
        np.testing.assert_array_equal(index, theirs[1])


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32)
    whole, far = nearest(features, 9)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 20_000)
    index, distance = nearest(features, 9, threads=threads)
    np.testing.assert_array_equal(index, whole)
    np.testing.assert_allclose(distance, far, rtol=1e-6)


def test_neighbours_of_others() -> None:
    features, asked = np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[2.9], [0.0], [np.nan]])
    index, distance = nearest(features, 2, asked)
    assert index.tolist() == [[2, 1], [0, 1], [NOBODY, NOBODY]]  # one that is where a sample is has it for a neighbour
    np.testing.assert_allclose(distance, np.array([[0.1, 1.9], [0.0, 1.0], [np.nan, np.nan]]), rtol=1e-5)
    assert nearest(features, 2)[0].tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_rounding_far_from_the_origin_does_not_change_who_is_near() -> None:
    # Squared distances of 1e-4 are lost in squares of 1e4, as float32 has them.
    cluster = np.random.default_rng(1).normal(size=(200, 3)) * 1e-2
    features = np.concatenate([cluster + 100, -cluster - 100])
    exact = NearestNeighbors(n_neighbors=5).fit(features).kneighbors(return_distance=False)
    agree = [len(set(one) & set(other)) for one, other in zip(nearest(features, 5)[0], exact, strict=True)]
    assert np.mean(agree) > 4.95  # features themselves are rounded


def test_equally_near_samples_come_in_their_order() -> None:
    grid = np.array([[0.0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    assert nearest(grid, 4)[0][0].tolist() == [1, 2, 3, 4]


def test_odd_input() -> None:
    dead = np.full((6, 3), 0.3, dtype=np.float32)
    index, distance = nearest(dead, 2)
    assert (index == NOBODY).all()
    assert np.isnan(distance).all()
    broken = np.array([[0.0], [np.nan], [1.0], [3.0]])
    assert nearest(broken, 2)[0].tolist() == [[2, 3], [NOBODY, NOBODY], [0, 3], [2, 0]]
    with pytest.raises(UserError, match="3 neighbours were asked for, among 3 samples"):
        nearest(broken, 3)
    with pytest.raises(UserError, match=r"\[samples, D\], not \[4\]"):
        nearest(np.zeros(4), 1)


@given(st.integers(2, 30), st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_jaccard_by_sets(n: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = (np.stack([random.permutation(n + k)[:k] for _ in range(n)]) for _ in range(2))
    expected = [
        len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    np.testing.assert_allclose(jaccard(first, second), expected, rtol=1e-6)
    np.testing.assert_array_equal(jaccard(first, first), np.ones(n))
    gone = np.vstack([np.full((1, k), NOBODY), first[1:]])
    assert np.isnan(jaccard(gone, second)).tolist() == [True] + [False] * (n - 1)
    assert overlap(second, gone)[0] == -1


def test_the_level_by_chance_is_that_of_unrelated_spaces() -> None:
    random = np.random.default_rng(0)
    drawn = [
        jaccard(*(nearest(random.normal(size=(200, 4)), 15)[0] for _ in range(2))).mean() for _ in range(30)
    ]  # fmt: skip
    assert np.mean(drawn) == pytest.approx(by_chance(200), rel=0.03)
    assert by_chance(200) == pytest.approx(15 / (2 * 200 - 15), rel=0.05)  # as it is often given, about
    assert by_chance(16, 15) == pytest.approx(1)  # all others


def test_parts_have_the_mean_of_the_index_and_a_spread_that_is_careful() -> None:
    """Over drawn spaces the mean index varies less than the parts say, and more than the indices' own spread says."""
    random = np.random.default_rng(0)
    means, from_parts, from_indices = [], [], []
    for _ in range(120):
        common = random.normal(size=(120, 4))
        first, second = (nearest(common + 0.7 * random.normal(size=common.shape), 10)[0] for _ in range(2))
        each, own = jaccard(first, second), parts(first, second)
        assert own.mean() == pytest.approx(each.mean(), rel=1e-5)
        means.append(each.mean())
        from_parts.append(own.std() / np.sqrt(120))
        from_indices.append(each.std() / np.sqrt(120))
    spread = np.std(means)
    assert 1.0 < np.mean(from_parts) / spread < 1.5
    assert np.mean(from_indices) / spread < 0.85
    shares = np.array([len(set(a) & set(b)) / 10 for a, b in zip(first.tolist(), second.tolist(), strict=True)])
    assert parts(first, second, recall=True).mean() == pytest.approx(shares.mean())
    assert parts(np.full_like(first, NOBODY), second).tolist() == [0] * 120
