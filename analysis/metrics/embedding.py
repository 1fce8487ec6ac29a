"""Two-dimensional maps of features: PCA, t-SNE, UMAP, and UMAP maps of several networks laid over one another.

PCA is linear and keeps the large distances; UMAP (McInnes, Healy & Melville 2018, arXiv 1802.03426) keeps who is whose
neighbour, and the distances between its clusters mean little; so does t-SNE. Beside a map belongs how far to trust it
(`analysis.metrics.faithfulness`).

All functions treat odd input alike: a sample whose feature is not finite is at (nan, nan) and bears on no other;
features that are all the same, as of a network that pruning has disconnected, are all at the origin.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.faithfulness import MIN_SAMPLES
from analysis.metrics.neighbours import NEIGHBOURS, is_constant
from analysis.metrics.planes import principal
from pruning.errors import UserError

if TYPE_CHECKING:
    from scipy.sparse import coo_matrix

EPOCHS = 500
MIN_DIST, SPREAD = 0.1, 1.0

PULL = 0.25
"""Strength of the spring between a sample and its place in the reference map, as a share of the strongest edge."""


def pca(features: ArrayLike) -> np.ndarray:
    """The first two principal components.

    Args:
        features: [N, D], finite or not.

    Returns float32 [N, 2], in the features' units, centred. The sign of each axis is such that the feature that
    weighs most in it does so positively, so equal features give equal maps. With one feature, or samples along one
    line, the second coordinate is 0. Raises UserError when the shape is another.
    """
    features, _ = _checked(features)
    return principal(features).project(features)


def umap(features: ArrayLike, seed: int = 0) -> np.ndarray:
    """A UMAP map: 15 neighbours, minimal distance 0.1, 500 epochs, begun from the principal components.

    Args:
        features: [N, D]; N at least 5. The time grows a little faster than N: on one core 1,000 samples take two
            seconds, 10,000 half a minute. The first call on a machine compiles for ten seconds.
        seed: decides the random choices. One thread, so that the same seed gives the same map on the same machine.

    Returns float32 [N, 2], without units. Raises UserError for fewer than 5 samples.
    """
    features, finite = _checked(features, MIN_SAMPLES)
    xy = _blank(features, finite)
    there = features[finite]
    if len(there) >= MIN_SAMPLES and not is_constant(there):
        xy[finite] = _mapper(there, seed).fit_transform(_wide(_scaled(there)))
    return xy


def tsne(features: ArrayLike, seed: int = 0) -> np.ndarray:
    """A t-SNE map (van der Maaten & Hinton 2008) by scikit-learn's Barnes-Hut, begun from the principal components.

    Args:
        features: [N, D]; N at least 5. The perplexity is 30, or a third of N where that is less. On one core 1,000
            samples take about three seconds and 2,000 seven.
        seed: decides the random choices.

    Returns float32 [N, 2], without units. Raises UserError for fewer than 5 samples.
    """
    from sklearn.manifold import TSNE  # when needed: it takes a second

    features, finite = _checked(features, MIN_SAMPLES)
    xy = _blank(features, finite)
    there = features[finite]
    if len(there) >= MIN_SAMPLES and not is_constant(there):
        start = pca(_scaled(there))
        start *= 1e-4 / start[:, 0].std()
        perplexity = min(30.0, (len(there) - 1) / 3)
        # One thread: sums of several would make another map on every machine.
        mapper = TSNE(2, perplexity=perplexity, init=start, random_state=seed, n_jobs=1, method="barnes_hut")
        xy[finite] = mapper.fit_transform(_scaled(there))
    return xy


def umap_joint(
    features: Mapping[str, ArrayLike], seed: int = 0, reference: tuple[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """UMAP maps of several networks' features of the same samples, such that a sample lies near itself in all.

    The first network (let it be the dense one) is the reference and gets the map that `umap` gives. Every other
    network begins there, and while its own neighbourhood graph forms the map, a weak spring ties each sample to its
    place in the reference. UMAP's attraction weakens with distance, so a sample whose neighbours have changed goes
    with them: that it has moved says something. Maps depend on the reference alone, not on the other networks, so
    further ones can be added later without moving those that are there.

    Why not `umap.AlignedUMAP`: it aligns slices in a chain, each with its three neighbours, which tickets are not.
    Measured on 18 tickets x 1,000 test digits x 84 features (displacement: mean distance of a sample from its place in
    the reference, in units of the maps' root mean square radius; time: in units of that of separate maps):

        ================================  ============  ===============  ====
        maps                              displacement  trustworthiness  time
        ================================  ============  ===============  ====
        separate                                  1.36            0.986   1.0
        separate, begun at the reference          0.67            0.986   0.7
        AlignedUMAP, identity relations           0.42            0.984   3.3
        here, spring 0.25                         0.22            0.986   0.8
        here, spring 1                            0.13            0.981   0.8
        samples in any order                      1.25                .     .
        ================================  ============  ===============  ====

    Args:
        features: {name: [N, D]}, the same N samples in the same order, D may differ.
        seed: as for `umap`.
        reference: the name and map [N, 2] of a network mapped earlier; `features` then holds the further ones.

    Returns {name: float32 [N, 2]}, in the order of `features`. Raises UserError for fewer than 5 samples, or when the
    networks differ in the number of samples.
    """
    maps: dict[str, np.ndarray] = {}
    place = None if reference is None else np.asarray(reference[1], dtype=np.float32)
    for name, given in features.items():
        values = np.asarray(given)
        if place is None or _is_point(place):  # a point would only draw the other maps together
            maps[name] = place = umap(values, seed)
            continue
        if len(values) != len(place):
            raise UserError(f"'{name}' has {len(values)} samples, the map to align with has {len(place)}.")
        maps[name] = _anchored(values, place, seed)
    return maps


def _anchored(features: Any, reference: np.ndarray, seed: int) -> np.ndarray:
    """The map of `features` [N, D] that the reference [N, 2] holds in place; see `umap_joint`."""
    features, finite = _checked(features, MIN_SAMPLES)
    xy = _blank(features, finite)
    there = features[finite]
    if len(there) < MIN_SAMPLES or is_constant(there):
        return xy
    mapper = _mapper(there, seed, transform_mode="graph").fit(_wide(_scaled(there)))
    xy[finite] = _lay_out(mapper.graph_.tocoo(), reference[finite], seed)
    return xy


def _lay_out(graph: coo_matrix, reference: np.ndarray, seed: int) -> np.ndarray:
    """UMAP's own optimiser on the graph of N samples, each with one more edge to a copy of itself that stands still."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params

    n, random = graph.shape[0], np.random.RandomState(seed)
    strong = graph.data >= graph.data.max() / EPOCHS  # the others would not be drawn once
    tied = np.flatnonzero(np.isfinite(reference).all(axis=1))
    heads = np.concatenate([graph.row[strong], tied]).astype(np.int32)
    tails = np.concatenate([graph.col[strong], tied + n]).astype(np.int32)
    pauses = np.concatenate([graph.data.max() / graph.data[strong], np.full(len(tied), 1 / PULL)]).astype(np.float64)
    # Samples without a place begin in the middle; equal points have no direction in which to part, hence the jitter.
    still = np.where(np.isfinite(reference), reference, np.nanmean(reference, axis=0))
    points = np.concatenate([still + random.normal(0, 1e-4, still.shape), still]).astype(np.float32)
    a, b = find_ab_params(SPREAD, MIN_DIST)
    state = random.randint(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1, 3).astype(np.int64)
    # Only heads are moved, and no copy is a head; with n as the number of vertices only samples repel one another.
    optimize_layout_euclidean(
        points, points, heads, tails, EPOCHS, n, pauses, a, b, state, 1.0, 1.0, 5.0, parallel=False, move_other=False
    )
    return points[:n]


def _wide(features: np.ndarray) -> np.ndarray:
    """Features [N, D] as at least two, a zero beside one, which is what the two principal components are asked of."""
    return features if features.shape[1] > 1 else np.pad(features, ((0, 0), (0, 1)))


def _mapper(features: np.ndarray, seed: int, **settings: Any) -> Any:
    # Imported when needed: it takes seconds.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

    _make_umap_quick()
    return UMAP(
        n_neighbors=min(NEIGHBOURS, len(features) - 1),
        min_dist=MIN_DIST,
        spread=SPREAD,
        n_epochs=EPOCHS,
        # As good as the spectral beginning here, ten times faster, and indifferent to graphs that fall apart.
        init="pca",
        random_state=seed,
        n_jobs=1,
        **settings,
    )


@cache
def _make_umap_quick() -> None:
    """Work out all distances at once, and keep on the disk what numba compiles of UMAP, where the rest lies already.

    UMAP marks only some of its functions so; the others were compiled by every process, for ten seconds.
    """
    from numba.core.dispatcher import Dispatcher
    from umap import layouts, umap_, utils

    from analysis.metrics.umap_distances import distances

    umap_.pairwise_distances = distances
    for module in (layouts, umap_, utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher):
                with suppress(RuntimeError):  # there is no folder to keep it in
                    function.enable_caching()


def _checked(features: ArrayLike, at_least: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The features as float array [N, D], and which of the rows are finite."""
    features = np.asarray(features)
    if features.ndim != 2:
        raise UserError(f"Features must be [samples, D], not {list(features.shape)}.")
    if len(features) < at_least:
        raise UserError(f"A map by neighbours needs at least {at_least} samples, there are {len(features)}.")
    if features.dtype not in (np.float32, np.float64):
        features = features.astype(np.float64)
    return features, np.isfinite(features).all(axis=1)


def _blank(features: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Where samples lie when nothing can be said: at the origin, or nowhere."""
    xy = np.zeros((len(features), 2), dtype=np.float32)
    xy[~finite] = np.nan
    return xy


def _is_point(xy: np.ndarray) -> bool:
    return is_constant(xy[np.isfinite(xy).all(axis=1)])


def _scaled(features: np.ndarray) -> np.ndarray:
    """Centred and scaled to a largest value of 1, which changes no neighbour and keeps squares within float32."""
    there = features.astype(np.float64)
    there -= there.mean(axis=0)
    result: np.ndarray = (there / np.abs(there).max()).astype(np.float32)
    return result
