"""Clusters of what is correlated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.statistics.correlation import Correlation
from analysis.statistics.leaf_order import order_leaves

CORRELATED = 0.8
"""r from which names make a group."""


@dataclass(frozen=True)
class Clustering:
    """Average linkage of 1 - r, leaves ordered so that neighbours are as alike as can be (Bar-Joseph et al. 2001).

    Attributes:
        order: the names as the leaves stand.
        places: int [K], their places in the correlation, which brings a matrix into this order by
            `matrix[np.ix_(places, places)]`.
        linkage: float [K - 1, 4], scipy's, whose leaf numbers are places in the correlation; no rows for fewer than two
            names.
        matrix: [K, K], in this order.
    """

    order: list[str]
    places: np.ndarray
    linkage: np.ndarray
    matrix: np.ndarray

    def groups(self, r: float = CORRELATED) -> list[list[str]]:
        """Names that correlate by at least `r` (-1 to 1) on average where they were joined, in the leaves' order."""
        if len(self.order) < 2:
            return [[name] for name in self.order]
        marks = fcluster(self.linkage, 1 - r, criterion="distance")[self.places]
        found: dict[int, list[str]] = {}
        for name, mark in zip(self.order, marks, strict=True):
            found.setdefault(int(mark), []).append(name)
        return list(found.values())


def cluster(correlation: Correlation) -> Clustering:
    """Cluster what is correlated; see `Clustering`."""
    matrix = correlation.matrix
    if len(matrix) < 2:
        return Clustering(correlation.names, np.arange(len(matrix)), np.empty((0, 4)), matrix)
    distance = np.maximum(1 - matrix, 0)
    tree = order_leaves(linkage(squareform(distance, checks=False), method="average"), distance)
    places = leaves_list(tree)
    return Clustering([correlation.names[place] for place in places], places, tree, matrix[np.ix_(places, places)])


def linkage_of(correlation: Correlation, names: Sequence[str]) -> np.ndarray | None:
    """Linkage (scipy's) of what is correlated, its leaves numbered by their places in `names`.

    None where the names are others, as when one of them does not vary.
    """
    if set(correlation.names) != set(names):
        return None
    places = np.array([list(names).index(name) for name in correlation.names])
    tree = cluster(correlation).linkage.copy()
    leaves = tree[:, :2] < len(names)
    tree[:, :2][leaves] = places[tree[:, :2][leaves].astype(int)]
    return tree
