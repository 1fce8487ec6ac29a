"""Geometric similarity: every ticket under every condition is one node, alike where images lie alike.

A node's vector holds the length and margin of all images, each standardised over the nodes, image by image (Li et al.,
arXiv 2206.07918; their vectors hold the angles too, but these turn with a vector common to all class directions, which
changes no prediction; they can be had all the same). The nodes are joined by their minimum spanning tree; maps of them
are in `similarity_maps`. How far two trainings of one method lie apart on clean images is the scale of noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist, squareform

from analysis.comparisons.redundancy import kendall
from analysis.corruptions.conditions import CLEAN, Condition, in_order
from analysis.results.store import Results
from analysis.statistics.bootstrap import resampled_means
from pruning.errors import UserError

MEASURES = ("length", "margin")
WITH_ANGLE = ("angle", *MEASURES)
PARTS = ("network", "condition", "interaction")
RESAMPLES, PERMUTATIONS = 2_000, 4_999


@dataclass(frozen=True)
class Nodes:
    """Tickets under conditions as vectors.

    Attributes:
        keys: the tickets. conditions: the clean one first.
        values: standardised, float64 [tickets, conditions, images, measures].
        accuracy: share of the images classified right, [tickets, conditions].
        noise: how far two trainings of one method lie apart on clean images, the median over pairs of seeds, on the
            scale of `distances`; NaN where there is one seed.
    """

    keys: list[str]
    conditions: list[Condition]
    values: np.ndarray
    accuracy: np.ndarray
    noise: float = float("nan")

    @property
    def table(self) -> pd.DataFrame:
        """key, corruption, severity, accuracy: a row a node, ticket after ticket."""
        rows = [(key, *condition) for key in self.keys for condition in self.conditions]
        return pd.DataFrame(rows, columns=["key", "corruption", "severity"]).assign(accuracy=self.accuracy.ravel())

    @cached_property
    def between_conditions(self) -> np.ndarray:
        """How far apart two conditions leave a ticket's images, the mean over tickets, [conditions, conditions]."""
        count = len(self.conditions)
        near = self.distances.reshape(len(self.keys), count, len(self.keys), count)
        return np.asarray(np.mean([near[each, :, each, :] for each in range(len(self.keys))], axis=0))

    @cached_property
    def distances(self) -> np.ndarray:
        """Root mean square distance between the nodes' vectors, [nodes, nodes], in standard deviations."""
        flat = self.values.reshape(len(self.keys) * len(self.conditions), -1)
        return np.asarray(cdist(flat, flat) / np.sqrt(flat.shape[1]))


def nodes(
    results: Results,
    tickets: Mapping[str, Sequence[str]],
    seed_place: Mapping[str, int],
    conditions: Sequence[Condition],
    measures: Sequence[str] = MEASURES,
) -> Nodes:
    """The nodes of tickets under conditions, from the tables `samples` and `corrupted`.

    Args:
        results: the study's.
        tickets: key -> ids of all its seeds.
        seed_place: key -> which of these has results image by image under corruption; tickets that are not in it, or
            were not measured under all conditions, are left out.
        conditions: corruptions and severities.
        measures: what the vectors hold of each image: `MEASURES` or `WITH_ANGLE`.

    Raises:
        UserError: no ticket was measured under all of them, or none has a classifier.
    """
    shown = {key: ids[seed_place[key]] for key, ids in tickets.items() if key in seed_place}
    clean = _arrays(results, "samples", [ticket for ids in tickets.values() for ticket in ids], "", measures)
    named = " OR ".join(f"(corruption = '{name}' AND severity = {severity})" for name, severity in conditions)
    corrupted = _arrays(results, "corrupted", list(shown.values()), named or "FALSE", measures)
    order = [CLEAN, *in_order(conditions)]
    there = {
        key: ticket
        for key, ticket in shown.items()
        if (ticket, *CLEAN) in clean and all((ticket, *condition) in corrupted for condition in order[1:])
    }
    if not there:
        raise UserError("No ticket chosen has results image by image under these corruptions.")
    raw = np.stack(
        [np.stack([(clean | corrupted)[(ticket, *condition)] for condition in order]) for ticket in there.values()]
    )
    if not np.isfinite(raw[..., : len(measures)]).any():
        raise UserError("These networks have no linear classifier that was found, so their images have no geometry.")
    labels = _labels(results, next(iter(there.values())))
    accuracy = (raw[..., len(measures)] == labels).mean(-1)
    values = raw[..., : len(measures)]
    spread = _scale(values)[1]
    noise = [
        float(np.sqrt(np.mean((np.nan_to_num(one - other)[..., : len(measures)] / spread) ** 2)))
        for key in there
        for one, other in combinations(
            [clean[(ticket, *CLEAN)] for ticket in tickets[key] if (ticket, *CLEAN) in clean], 2
        )
    ]
    return Nodes(list(there), order, standardised(values), accuracy, float(np.median(noise)) if noise else np.nan)


def standardised(values: np.ndarray) -> np.ndarray:
    """Measures [tickets, conditions, images, measures] in standard deviations over the nodes, image by image.

    What is not finite counts as 0.
    """
    mean, spread = _scale(values)
    return np.asarray((np.nan_to_num(values) - mean) / spread)


def pairs_within_noise(nodes: Nodes) -> tuple[int, int]:
    """How many pairs of tickets lie no farther apart on clean images than two seeds of one method do; of how many."""
    clean = nodes.distances[:: len(nodes.conditions), :: len(nodes.conditions)]
    apart = clean[np.triu_indices(len(clean), 1)]
    return int((apart <= nodes.noise).sum()), len(apart)


def spanning_tree(distances: np.ndarray) -> list[tuple[int, int]]:
    """The edges of the minimum spanning tree of [n, n] distances: n - 1 pairs of places."""
    graph = np.triu(distances + 1, 1)  # a distance of 0 would be no edge, and the same for all changes no tree
    tree = minimum_spanning_tree(graph).tocoo()
    return sorted((int(a), int(b)) for a, b in zip(tree.row, tree.col, strict=True))


def shares(nodes: Nodes, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """How much of the nodes' variance is the network's, the condition's, and their interaction's.

    Returns:
        part (of `PARTS`), share (0 to 1; they sum to 1), low, high: 95 % interval by bootstrap over images.
    """
    x = nodes.values
    whole, network, condition = x.mean((0, 1), keepdims=True), x.mean(1, keepdims=True), x.mean(0, keepdims=True)
    by_network = ((network - whole) ** 2).sum((0, 1, 3)) * x.shape[1]
    by_condition = ((condition - whole) ** 2).sum((0, 1, 3)) * x.shape[0]
    by_image = np.stack([by_network, by_condition, ((x - network - condition + whole) ** 2).sum((0, 1, 3))])
    drawn = resampled_means(by_image, resamples, seed)
    total = by_image.sum()
    low, high = np.percentile(drawn / drawn.sum(0), [2.5, 97.5], axis=1)
    return pd.DataFrame(
        {"part": PARTS, "share": by_image.sum(1) / total if total else np.nan, "low": low, "high": high}
    )


@dataclass(frozen=True)
class Agreement:
    """Whether corruptions that are alike in geometry rank tickets alike.

    `pairs`: a, b (corruptions with severity), distance (geometry), tau (Kendall's, between the tickets' accuracies).
    `rho`: Spearman's correlation of distance and tau over pairs; negative: what is near ranks alike. `p`: of a Mantel
    test that permutes the conditions, two-sided; NaN with fewer than four tickets or five conditions.
    """

    pairs: pd.DataFrame
    rho: float
    p: float


def rank_agreement(nodes: Nodes, permutations: int = PERMUTATIONS, seed: int = 0) -> Agreement:
    """Whether corruptions that are alike in geometry rank tickets alike; the clean images are one of the conditions."""
    count = len(nodes.conditions)
    distance = nodes.between_conditions
    by_condition = nodes.accuracy.T
    ordered = np.ptp(by_condition, axis=1) > 0  # what all tickets are equal under orders nothing
    tau = np.where(np.outer(ordered, ordered), kendall(by_condition[:, None], by_condition), np.nan)
    upper = np.triu_indices(count, 1)
    names = [f"{name} {severity}" if severity else name for name, severity in nodes.conditions]
    pairs = pd.DataFrame(
        {
            "a": [names[a] for a in upper[0]],
            "b": [names[b] for b in upper[1]],
            "distance": distance[upper],
            "tau": tau[upper],
        }
    )
    if len(nodes.keys) < 4 or count < 5 or np.isnan(tau[upper]).any():
        return Agreement(pairs, np.nan, np.nan)
    ranks = _standard(stats.rankdata(distance[upper])), squareform(_standard(stats.rankdata(tau[upper])))
    rho = float(ranks[0] @ ranks[1][upper])
    rng = np.random.default_rng(seed)
    orders = (rng.permutation(count) for _ in range(permutations))
    drawn = np.array([ranks[0] @ ranks[1][order[upper[0]], order[upper[1]]] for order in orders])
    return Agreement(pairs, rho, float((1 + (np.abs(drawn) >= abs(rho) - 1e-12).sum()) / (1 + permutations)))


def _standard(values: np.ndarray) -> np.ndarray:
    """Values less their mean, to the length 1, so that the product of two such is their correlation."""
    centred: np.ndarray = values - values.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length else np.full_like(centred, np.nan)


def _scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and spread over nodes of each image's measures, [images, measures]; a spread of 0 is taken as 1."""
    values = np.nan_to_num(values)
    spread = values.std((0, 1))
    return values.mean((0, 1)), np.where(spread == 0, 1.0, spread)


def _arrays(
    results: Results, table: str, ids: Sequence[str], where: str, measures: Sequence[str]
) -> dict[tuple[str, str, int], np.ndarray]:
    """(ticket, corruption, severity) -> [images, measures and prediction], the images in order."""
    place = ["corruption", "severity"] if table == "corrupted" else []
    rows = results.table(
        table, ids=ids, columns=["ticket_id", *place, "sample", *measures, "prediction"], where=where or None
    )
    if not place:
        rows = rows.assign(corruption=CLEAN[0], severity=CLEAN[1])
    values = rows[[*measures, "prediction"]].to_numpy(np.float64)
    samples = rows["sample"].to_numpy()
    return {
        (str(ticket), str(name), int(severity)): values[own[np.argsort(samples[own], kind="stable")]]
        for (ticket, name, severity), own in rows.groupby(
            ["ticket_id", "corruption", "severity"], sort=False
        ).indices.items()
    }


def _labels(results: Results, ticket: str) -> np.ndarray:
    rows = results.table("samples", ids=[ticket], columns=["sample", "label"]).sort_values("sample")
    return np.asarray(rows["label"])
