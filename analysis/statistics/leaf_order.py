"""The order of a dendrogram's leaves that puts alike ones side by side (Bar-Joseph, Gifford & Jaakkola 2001).

scipy's `optimal_leaf_ordering` finds the length of the best order but, up to 1.17 at least, may return another
(scipy issue 11227), hence this one.
"""

from __future__ import annotations

import numpy as np


def order_leaves(linkage: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The same tree with the children of its nodes swapped so that neighbouring leaves are nearest in total.

    Args:
        linkage: [K - 1, 4], scipy's, of K >= 2 leaves.
        distance: [K, K], symmetric, between the leaves.

    Returns a new linkage, whose `scipy.cluster.hierarchy.leaves_list` is the order with the least sum of distances
    between neighbours of all that the tree allows. Takes K^3 steps in arrays.
    """
    tree = _Tree(linkage, distance)
    whole = len(linkage) + len(distance) - 1
    ends = np.unravel_index(np.argmin(tree.lengths[whole]), tree.lengths[whole].shape)
    order = tree.path(whole, *(int(tree.leaves[whole][end]) for end in ends))
    place = np.argsort(order)
    ordered = linkage.copy()
    for node, (left, right) in enumerate(tree.children):
        if place[tree.leaves[left]].min() > place[tree.leaves[right]].min():
            ordered[node, :2] = right, left
    return ordered


class _Tree:
    """For each node its leaves, and the length of the shortest order of these from any one leaf to any other."""

    def __init__(self, linkage: np.ndarray, distance: np.ndarray) -> None:
        self.distance = distance
        self.children = [(int(left), int(right)) for left, right in linkage[:, :2]]
        self.leaves = [np.array([leaf]) for leaf in range(len(distance))]
        self.lengths = [np.zeros((1, 1)) for _ in distance]
        for left, right in self.children:
            across = self._across(left, right)
            # An order has its ends on different sides: none goes from a leaf to one of the same side.
            same = [np.full((size, size), np.inf) for size in across.shape]
            self.leaves.append(np.concatenate([self.leaves[left], self.leaves[right]]))
            self.lengths.append(np.block([[same[0], across], [across.T, same[1]]]))

    def path(self, node: int, first: int, last: int) -> list[int]:
        """The shortest order of a node's leaves that begins and ends with these two."""
        if node < len(self.distance):
            return [first]
        left, right = self.children[node - len(self.distance)]
        if first not in self.leaves[left]:
            return self.path(node, last, first)[::-1]
        begin = self.lengths[left][self.leaves[left] == first][0]
        end = self.lengths[right][:, self.leaves[right] == last][:, 0]
        through = begin[:, None] + self.distance[np.ix_(self.leaves[left], self.leaves[right])] + end
        out, back = np.unravel_index(np.argmin(through), through.shape)
        return [
            *self.path(left, first, int(self.leaves[left][out])),
            *self.path(right, int(self.leaves[right][back]), last),
        ]

    def _across(self, left: int, right: int) -> np.ndarray:
        """Shortest lengths from each leaf on the left to each on the right, through all: [left, right]."""
        step = self.distance[np.ix_(self.leaves[left], self.leaves[right])]
        half = (self.lengths[left][:, :, None] + step).min(axis=1)
        result: np.ndarray = (half[:, :, None] + self.lengths[right]).min(axis=1)
        return result
