"""Where the nodes of `similarity` lie on a map, how far that is to be trusted, and how conditions rank the tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.manifold import MDS

from analysis.comparisons.similarity import Nodes
from analysis.metrics import embedding
from analysis.metrics.faithfulness import faithfulness

Kind = Literal["mds", "pca", "umap"]


@dataclass(frozen=True)
class Placed:
    """Nodes on a map.

    Attributes:
        xy: [nodes, 2], in standard deviations as `Nodes.distances`; of UMAP without unit.
        stress: Kruskal's stress 1 of scaling, 0 when it is exact; NaN of the others.
        explained: the share of the variance that the two axes of PCA hold; NaN of the others.
        trustworthiness: whether neighbours on the map are neighbours in truth, 0 to 1; NaN of fewer than 5 nodes.
    """

    xy: np.ndarray
    stress: float = float("nan")
    explained: float = float("nan")
    trustworthiness: float = float("nan")


def place(nodes: Nodes, kind: Kind = "mds", seed: int = 0) -> Placed:
    """Where the nodes lie on a map.

    Args:
        nodes: tickets under conditions.
        kind: metric multidimensional scaling by SMACOF, begun from the principal components; these; or UMAP.
        seed: decides what is random.

    Raises:
        UserError: UMAP of fewer than five nodes.
    """
    distances = nodes.distances
    flat = nodes.values.reshape(len(distances), -1)
    if kind == "umap":
        xy = np.asarray(embedding.umap(flat, seed), dtype=np.float64)
        return Placed(xy, trustworthiness=_trust(flat, xy))
    u, s, _ = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    xy = np.zeros((len(flat), 2))
    xy[:, : min(2, len(s))] = (u * s)[:, :2] / np.sqrt(flat.shape[1])
    if kind == "pca" or len(distances) < 3:
        explained = float((s[:2] ** 2).sum() / (s**2).sum()) if s.any() else float("nan")
        return Placed(xy, explained=explained, trustworthiness=_trust(flat, xy))
    scaling = MDS(2, metric="precomputed", n_init=1, init="random", random_state=seed, normalized_stress=True)
    found = scaling.fit_transform(distances, init=xy)
    found = found - found.mean(0)
    turned = np.asarray(found @ np.linalg.svd(found, full_matrices=False)[2].T)  # the widest direction lies across
    return Placed(turned, stress=float(scaling.stress_), trustworthiness=_trust(flat, turned))


def _trust(flat: np.ndarray, xy: np.ndarray) -> float:
    return float(faithfulness(flat, xy).whole["trustworthiness"])


def ranks(nodes: Nodes) -> pd.DataFrame:
    """The order of the tickets by accuracy under each condition, conditions that are alike in geometry side by side.

    Returns:
        key, corruption, severity, place (of the condition, from 0), accuracy, rank (1: most accurate; equals share the
        mean), ticket after ticket. Places are the leaves of a tree of the conditions by average linkage, in the order
        that brings the nearest together (Bar-Joseph et al. 2001).
    """
    count = len(nodes.conditions)
    order = np.arange(count)
    if count > 2:
        apart = squareform(nodes.between_conditions, checks=False)
        order = leaves_list(linkage(apart, "average", optimal_ordering=True))
        order = order if list(order).index(0) < count / 2 else order[::-1]  # the clean images towards the left
    places = np.empty(count, int)
    places[order] = np.arange(count)
    found = stats.rankdata(-nodes.accuracy, axis=0)
    return nodes.table.assign(place=np.tile(places, len(nodes.keys)), rank=found.ravel())
