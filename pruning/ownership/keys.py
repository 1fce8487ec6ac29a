"""Keys: the part of a ticket that is kept back, so that what is shipped does not work (Chen et al. 2021).

A network is a graph of channels; a kernel that is alive is an edge as strong as the sum of its weights' magnitudes.
Paths from the inputs and betweenness are of that graph, weighted and masked. A key is a number of weights: kernels in
order of their score, the last one in part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from pruning.masks import Masks, keep_best
from pruning.shrink.channel_order import Channels
from pruning.training.seeds import derived_seed, generator

if TYPE_CHECKING:
    import networkx as nx

PIVOTS = 128
"""Nodes at most from which shortest paths are counted (Brandes & Pich 2007); drawn where there are more."""

WALKS = 5000
"""Paths that are drawn; kernels on none of them come last, by their size."""

Edge = tuple[object, object]


def kernels(weight: Tensor) -> Tensor:
    """Return the strength of each kernel, float64 [out, in]: the sum of the magnitudes of its weights."""
    return weight.detach().double().abs().flatten(2).sum(2) if weight.ndim > 2 else weight.detach().double().abs()


def ends(network: nn.Module, masks: Masks, shape: tuple[int, int, int]) -> dict[str, tuple[list[object], list[object]]]:
    """Return the nodes that each layer's outputs and inputs are, by parameter; an input image's are of their own.

    Raises:
        UserError: torch.fx cannot trace the network.
    """
    uses = {(use.name, use.dim): use.classes.tolist() for use in Channels.of(network, shape).uses}
    return {
        name: (
            uses.get((name, 0)) or [(name, "out", row) for row in range(mask.shape[0])],
            uses.get((name, 1)) or [("input", column) for column in range(mask.shape[1])],
        )
        for name, mask in masks.items()
    }


def graph_of(network: nn.Module, masks: Masks, shape: tuple[int, int, int]) -> nx.DiGraph:
    """Return the channels of a network and the kernels between that are alive, with `strength` and 1 / strength.

    Channels that a linear layer reads at several places are one node, their kernels one edge.
    """
    import networkx as nx

    graph: nx.DiGraph = nx.DiGraph()
    for name, (outputs, inputs) in ends(network, masks, shape).items():
        strength = kernels(network.get_parameter(name) * masks[name])
        for row, column in strength.nonzero().tolist():
            edge, more = (inputs[column], outputs[row]), float(strength[row, column])
            before = graph.edges[edge]["strength"] if graph.has_edge(*edge) else 0.0
            graph.add_edge(*edge, strength=before + more, distance=1 / (before + more))
    return graph


def betweenness(graph: nx.DiGraph, seed: int) -> dict[Edge, float]:
    """Return the share of shortest paths that each edge is on (Brandes 2001), strong edges being short."""
    import networkx as nx

    pivots = min(PIVOTS, len(graph))
    found: dict[Edge, float] = nx.edge_betweenness_centrality(
        graph, k=pivots if pivots < len(graph) else None, weight="distance", seed=derived_seed(seed, "pivots") % 2**32
    )
    return found


def visits(graph: nx.DiGraph, seed: int, weighted: bool) -> dict[Edge, float]:
    """Return how many of `WALKS` paths from the inputs use each edge; edges are taken by strength, or all alike."""
    source = np.random.default_rng(derived_seed(seed, "paths"))
    starts = [node for node in graph if not graph.in_degree(node)] or list(graph)
    steps: dict[object, tuple[list[object], np.ndarray]] = {}
    for node in graph:
        after = list(graph.successors(node))
        weights = np.array([graph.edges[node, each]["strength"] if weighted else 1.0 for each in after])
        steps[node] = after, weights.cumsum() / weights.sum() if after else weights
    seen: dict[Edge, float] = dict.fromkeys(graph.edges, 0.0)
    for start in source.integers(len(starts), size=WALKS):
        node = starts[start]
        for _ in range(len(graph)):  # a residual network's graph has circles
            after, chances = steps[node]
            if not after:
                break
            following = after[min(int(np.searchsorted(chances, source.random(), side="right")), len(after) - 1)]
            seen[node, following] += 1
            node = following
    return seen


SCORES: Mapping[str, Callable[[nx.DiGraph, int], dict[Edge, float]]] = {
    "paths": lambda graph, seed: visits(graph, seed, weighted=True),
    "random_paths": lambda graph, seed: visits(graph, seed, weighted=False),
    "betweenness": betweenness,
}


def locked(network: nn.Module, masks: Masks, shape: tuple[int, int, int], by: str, keep: int, seed: int) -> Masks:
    """Return masks without the key: `keep` of the weights are left, those with the highest scores are the key.

    Args:
        network: trained; left as it was.
        masks: of its weights, True = kept.
        shape: of one image, (C, H, W).
        by: what the weights are scored by: `paths`, `random_paths`, `betweenness`, `magnitude` or `random`.
        keep: how many weights are left.
        seed: of the paths, of the pivots of betweenness, and of the random key.

    Raises:
        UserError: the network cannot be traced, for paths and betweenness.
    """
    scores = scored(network, masks, shape, by, seed)
    flat = torch.cat([torch.where(mask, -scores[name], -torch.inf).flatten() for name, mask in masks.items()])
    kept = keep_best(flat, keep).split([mask.numel() for mask in masks.values()])
    return {name: part.view(masks[name].shape) for name, part in zip(masks, kept, strict=True)}


def scored(network: nn.Module, masks: Masks, shape: tuple[int, int, int], by: str, seed: int) -> dict[str, Tensor]:
    """Return each weight's score, float64 by parameter: the highest are the key. Arguments as of `locked`."""
    size = {name: network.get_parameter(name).detach().cpu().double().abs() for name in masks}
    if by == "random":
        draws = {name: generator(seed, "key", name) for name in masks}
        return {name: torch.rand(mask.shape, generator=draws[name]).double() for name, mask in masks.items()}
    if by not in SCORES:
        return size
    found, nodes = SCORES[by](graph_of(network, masks, shape), seed), ends(network, masks, shape)
    return {name: _spread(found, *nodes[name], size[name]) for name in masks}


def _spread(found: Mapping[Edge, float], outputs: list[object], inputs: list[object], size: Tensor) -> Tensor:
    """Each weight's score: that of its kernel's edge, and among equals the kernel's size, float64 like `size`."""
    edges = torch.tensor([[found.get((each, row), 0.0) for each in inputs] for row in outputs], dtype=torch.float64)
    strength = kernels(size)
    # less than any difference between edges: counts, or shares of shortest paths
    score = edges + 1e-9 * strength / max(1e-12, float(strength.max()))
    return score.view(*score.shape, *[1] * (size.ndim - 2)).expand(size.shape)
