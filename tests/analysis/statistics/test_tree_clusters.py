"""Clusters of a dendrogram: ranges that cover its leaves, along the tree, whatever the tree."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster

from analysis.statistics.tree_clusters import tree_of


def bundles(bundles: int, each: int, seed: int = 0) -> np.ndarray:
    """Vectors in bundles of nearly one direction, `each` to a bundle, one after another."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.normal(size=(bundles, 30)), each, axis=0) + 0.05 * rng.normal(size=(bundles * each, 30))


def test_bundles_are_the_clusters() -> None:
    tree = tree_of(bundles(5, 6))
    found = tree.cut((0, 30), wanted=5, most=30)
    assert [last - first for first, last in found] == [6] * 5
    for first, last in found:
        assert len(set(tree.leaves[first:last] // 6)) == 1


def test_clusters_of_a_number_are_those_of_scipy_where_all_are_split_alike() -> None:
    tree = tree_of(bundles(4, 4))
    marks = fcluster(tree.linkage, 4, criterion="maxclust")
    for first, last in tree.cut((0, 16), 4, 16):
        assert len(set(marks[tree.leaves[first:last]])) == 1


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 99))
def test_clusters_cover_a_range_and_no_more(count: int, wanted: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = tree_of(rng.normal(size=(count, 5)))
    first, last = sorted(rng.integers(0, count + 1, 2).tolist())
    found = tree.cut((first, last), wanted, most=10)
    covered = [leaf for start, stop in found for leaf in range(start, stop)]
    assert covered == list(range(first, last))
    assert sorted(tree.leaves.tolist()) == list(range(count))


def test_a_thousand_are_cut_into_about_twenty_in_no_time() -> None:
    vectors = np.random.default_rng(0).normal(size=(1000, 64))
    began = time.perf_counter()
    tree = tree_of(vectors)
    found = tree.cut((0, 1000), 20, 60)
    assert time.perf_counter() - began < 20  # seconds on a loaded machine; 0.3 alone
    assert 20 <= len(found) <= 40
    for first, last in found:
        inside = tree.cut((first, last), 20, 60)
        assert sum(stop - start for start, stop in inside) == last - first


@pytest.mark.parametrize("vectors", [np.zeros((3, 2)), np.full((3, 2), np.nan), np.ones((1, 2))])
def test_vectors_without_a_direction_are_leaves_too(vectors: np.ndarray) -> None:
    tree = tree_of(vectors)
    assert sorted(tree.leaves.tolist()) == list(range(len(vectors)))
    assert len(tree.cut((0, len(vectors)), 20, 60)) == len(vectors)
