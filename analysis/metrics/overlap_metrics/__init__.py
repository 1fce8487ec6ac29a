"""Overlap metrics: how alike two masks are, from what each keeps and what both keep.

A metric is an `OverlapMetric` in a file of its own here, or in a plugin, or registered at run time with
`METRICS.register`. `overlap.pairwise`, the command line and the page Masks then know it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pruning.registry import Registry


@dataclass(frozen=True)
class PairCounts:
    """Weights that the two tickets of each pair keep, in a layer or over the network; the arrays broadcast.

    Attributes:
        first: how many the one ticket keeps.
        second: how many the other keeps.
        both: how many both keep.
        expected: how many both would keep by chance, at the sparsities of each layer: the sum of n p q.
        size: how many weights there are.
    """

    first: np.ndarray
    second: np.ndarray
    both: np.ndarray
    expected: np.ndarray
    size: np.ndarray

    @property
    def least(self) -> np.ndarray:
        """How many the sparser of the two keeps."""
        result: np.ndarray = np.minimum(self.first, self.second)
        return result


@dataclass(frozen=True)
class OverlapMetric:
    """A number for how alike two masks are.

    Attributes:
        name: what it is asked for by.
        label: what a menu calls it.
        axis: what an axis calls it.
        help: what it means, in one line.
        formula: `PairCounts` -> the value of each pair. It must be the same when the tickets change places; a division
            by 0 warns nobody.
        low: the least value that there can be.
        high: the greatest.
    """

    name: str
    label: str
    axis: str
    help: str
    formula: Callable[[PairCounts], np.ndarray]
    low: float = 0.0
    high: float = 1.0


METRICS: Registry[OverlapMetric] = Registry("overlap metric", OverlapMetric, __name__)
"""All of them by name."""
