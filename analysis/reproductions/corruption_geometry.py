"""Tickets of all seeds under corruption as vectors of geometry, and how near groups of them lie to each other.

Names of corruptions are what is exchanged: a group of them is near where its mean distance is below that of all but a
fortieth of the groups of as many. Tickets of different methods are held against each other over different seeds, as
those of one seed share their initial weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy import stats

from analysis.comparisons.similarity import MEASURES, Nodes, standardised
from analysis.corruptions.conditions import CLEAN
from analysis.engine.settings import settings
from analysis.reproductions.study_results import StudyResults
from analysis.robustness import iterate
from pruning.data import load_data
from pruning.ticket import Ticket

TAIL = 0.025
PERMUTATIONS = 4_999


def nodes_of_all_seeds(study: StudyResults, methods: dict[str, float]) -> Nodes:
    """Every seed of the methods (name -> sparsity) under every condition of the study, method after method."""
    tickets: dict[str, Ticket] = {
        f"{name} {seed}": ticket
        for name, sparsity in methods.items()
        for seed, ticket in zip(study.seeds, study.tickets(name, sparsity), strict=True)
    }
    images = load_data(study.study.config.data).test
    conditions = list(settings(study.study).conditions())
    values = np.zeros((len(tickets), len(conditions), len(images.labels), len(MEASURES)))
    accuracy = np.zeros((len(tickets), len(conditions)))
    for place, measured in enumerate(iterate(tickets, images.images, images.labels, conditions)):
        for row, found in enumerate(measured.tickets.values()):
            values[row, place] = np.stack([found.values[name] for name in MEASURES], axis=-1)
            accuracy[row, place] = found.right.mean()
    return Nodes(list(tickets), conditions, standardised(values), accuracy)


def of_seed(nodes: Nodes, seed: int, seeds: int) -> Nodes:
    """The tickets of one of so many seeds, by its place."""
    own = slice(seed, None, seeds)
    return replace(nodes, keys=nodes.keys[own], values=nodes.values[own], accuracy=nodes.accuracy[own])


def corrupted_accuracy(nodes: Nodes) -> np.ndarray:
    """Mean accuracy over all conditions but the clean one, [tickets]."""
    return np.asarray(nodes.accuracy[:, [each != CLEAN for each in nodes.conditions]].mean(1))


def condition_distances(nodes: Nodes, by_direction: bool = False) -> tuple[list[str], np.ndarray]:
    """The corruptions, and how far apart they take a ticket, the mean over the tickets [corruptions, corruptions].

    By direction it is one minus the cosine between the two ways from the ticket's clean images, so that how strong a
    corruption is plays no part.
    """
    clean = nodes.conditions.index(CLEAN)
    rest = [place for place in range(len(nodes.conditions)) if place != clean]
    shifts = (nodes.values[:, rest] - nodes.values[:, [clean]]).reshape(len(nodes.keys), len(rest), -1)
    if by_direction:
        lengths = np.linalg.norm(shifts, axis=-1, keepdims=True)
        units = shifts / np.where(lengths > 0, lengths, 1.0)
        distances = 1 - units @ units.transpose(0, 2, 1)
    else:
        distances = np.stack([_apart(own, own) for own in shifts])
    return [nodes.conditions[place][0] for place in rest], distances.mean(0)


def network_distances(nodes: Nodes, seeds: int) -> np.ndarray:
    """How far apart two tickets lie under the same conditions: [methods, seeds, methods, seeds]."""
    flat = nodes.values.reshape(len(nodes.keys), -1)
    methods = len(nodes.keys) // seeds
    return _apart(flat, flat).reshape(methods, seeds, methods, seeds)


def nearness(names: Sequence[str], distances: np.ndarray, group: Sequence[str]) -> tuple[float, float, list[str]]:
    """How near a group of corruptions lies, held against all groups of as many.

    Returns:
        The mean distance that a fortieth of the groups stays below over the group's own (above 1: it is among them);
        the share of the groups whose mean distance is as small, which is the exact p of a permutation of names; and the
        nearest group of all.
    """
    own = _within(distances, [names.index(each) for each in group])
    every = list(combinations(range(len(names)), len(group)))
    means = np.array([_within(distances, each) for each in every])
    few, nearest = float(np.quantile(means, TAIL, method="lower")), every[int(means.argmin())]
    return few / own, float((means <= own + 1e-12).mean()), [names[each] for each in nearest]


def between_over_within(distances: np.ndarray, seeds: Sequence[int]) -> float:
    """The logarithm of how many times as far as two seeds of one method two methods lie apart, over different seeds."""
    own = distances[:, seeds][:, :, :, seeds]
    other = ~np.eye(len(seeds), dtype=bool)
    by_pair = own.transpose(0, 2, 1, 3)[:, :, other].mean(-1)
    same = np.eye(len(by_pair), dtype=bool)
    return float(np.log(by_pair[~same].mean() / by_pair[same].mean()))


def apart(
    distances: np.ndarray,
    group: Sequence[int],
    rest: Sequence[int],
    seeds: Sequence[int],
    others: Sequence[int] | None = None,
) -> float:
    """The logarithm of how many times as far as `rest` from each other a group lies from `others`, else from `rest`.

    Over different seeds, like `between_over_within`.
    """
    own = distances[:, seeds][:, :, :, seeds]
    by_pair = own.transpose(0, 2, 1, 3)[:, :, ~np.eye(len(seeds), dtype=bool)].mean(-1)
    among = by_pair[np.ix_(rest, rest)][~np.eye(len(rest), dtype=bool)]
    return float(np.log(by_pair[np.ix_(group, rest if others is None else others)].mean() / among.mean()))


def agreement(distances: np.ndarray, seeds: Sequence[int]) -> float:
    """How alike the methods lie among each other in two seeds: Spearman's correlation, the mean over pairs of seeds."""
    upper = np.triu_indices(len(distances), 1)
    ranks = [stats.rankdata(distances[:, seed, :, seed][upper]) for seed in seeds]
    return float(np.corrcoef(ranks)[np.triu_indices(len(seeds), 1)].mean())


def permutation_p(distances: np.ndarray, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """How often methods whose names are exchanged within each seed are as far apart as they are by their names."""
    methods, seeds = distances.shape[:2]
    rng = np.random.default_rng(seed)
    mine = between_over_within(distances, range(seeds))
    drawn = 0
    for _ in range(permutations):
        order = np.stack([rng.permutation(methods) for _ in range(seeds)], axis=1)
        places = (order * seeds + np.arange(seeds)).ravel()
        flat = distances.reshape(methods * seeds, -1)[np.ix_(places, places)]
        drawn += between_over_within(flat.reshape(distances.shape), range(seeds)) >= mine - 1e-12
    return (1 + drawn) / (1 + permutations)


def _within(distances: np.ndarray, places: Sequence[int]) -> float:
    return float(np.mean([distances[a, b] for a, b in combinations(places, 2)]))


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Root mean square distances between the rows of [n, d] and [m, d]."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0) / one.shape[1]))
