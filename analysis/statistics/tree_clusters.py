"""A dendrogram of many things, cut into clusters of a size that can be read, as ranges of its leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.statistics.leaf_order import order_leaves

ORDERED = 100
"""Up to so many leaves the best order is found, which takes the cube of their number in steps."""

Range = tuple[int, int]
"""Places [first, last) among the leaves as they stand."""


@dataclass(frozen=True)
class Tree:
    """Ward's clustering (1963) of vectors by their directions, alike ones side by side.

    Attributes:
        linkage: float [K - 1, 4], scipy's; no rows for a single leaf.
        leaves: int [K], the things as the leaves stand; K at least 1.
    """

    linkage: np.ndarray
    leaves: np.ndarray

    def cut(self, within: Range, wanted: int, most: int) -> list[Range]:
        """Clusters of the leaves in a range, from left to right.

        The largest is split in two along the tree until there are so many as `wanted`, and on while one has more than
        `most` leaves and there are fewer than twice as many.
        """
        found = self._nodes(within) if within[0] < within[1] else []
        while found and len(found) < 2 * wanted:
            sizes = [last - first for (first, last), _ in found]
            largest = int(np.argmax(sizes))
            if sizes[largest] == 1 or (len(found) >= wanted and sizes[largest] <= most):
                break
            found[largest : largest + 1] = self._children(found[largest])
        return [leaves for leaves, _ in found]

    def _nodes(self, within: Range) -> list[tuple[Range, int]]:
        """The greatest nodes that lie in the range, with their ranges."""
        whole, count = (0, len(self.leaves)), len(self.leaves)
        waiting: list[tuple[Range, int]] = [(whole, 2 * count - 2)]
        found: list[tuple[Range, int]] = []
        while waiting:
            (first, last), node = waiting.pop()
            if within[0] <= first and last <= within[1]:
                found.append(((first, last), node))
            elif first < within[1] and within[0] < last:
                waiting += self._children(((first, last), node))
        return sorted(found)

    def _children(self, node: tuple[Range, int]) -> list[tuple[Range, int]]:
        (first, last), number = node
        count = len(self.leaves)
        left, right = (int(child) for child in self.linkage[number - count, :2])
        middle = first + (1 if left < count else int(self.linkage[left - count, 3]))
        return [((first, middle), left), ((middle, last), right)]


def tree_of(vectors: np.ndarray) -> Tree:
    """Cluster vectors [K, D] by their directions; those of length 0, or not finite, are at right angles to all."""
    vectors = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0.0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths > 0, lengths, 1.0)
    if len(units) < 2:
        return Tree(np.empty((0, 4)), np.arange(len(units)))
    cosines = units @ units.T
    distance = np.sqrt(np.maximum(2 - 2 * cosines, 0))
    np.fill_diagonal(distance, 0.0)
    found = linkage(squareform(distance, checks=False), method="ward")
    if len(units) <= ORDERED:
        found = order_leaves(found, distance)
    return Tree(found, leaves_list(found))
