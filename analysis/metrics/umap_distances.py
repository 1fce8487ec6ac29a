"""All distances between the samples of a map: UMAP has scikit-learn ask for each by itself, a call of Python a pair."""

from typing import Any

import numpy as np
from numba import njit
from sklearn.metrics import pairwise_distances
from umap.distances import euclidean


def distances(features: np.ndarray, metric: Any = "euclidean", **settings: Any) -> np.ndarray:
    """What scikit-learn's `pairwise_distances` gives [N, N]; of UMAP's own Euclidean metric to the last bit, at once.

    Args:
        features: [N, D].
        metric: as scikit-learn takes it.
        settings: the metric's, and scikit-learn's.
    """
    if metric is not euclidean or settings or features.dtype not in (np.float32, np.float64):
        return np.asarray(pairwise_distances(features, metric=metric, **settings))
    found = np.zeros((len(features), len(features)), features.dtype)
    _fill(np.ascontiguousarray(features), found)
    return found


@njit(nogil=True, cache=True)
def _fill(features: np.ndarray, found: np.ndarray) -> None:
    for row in range(len(features)):
        for column in range(row + 1):
            found[row, column] = found[column, row] = euclidean(features[column], features[row])
