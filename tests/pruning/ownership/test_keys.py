"""Keys: the graph by hand, betweenness by brute force over paths, and exact counts."""

from itertools import pairwise, product

import pytest
import torch
from torch import nn

from pruning.masks import Masks
from pruning.models import build_model, prunable
from pruning.ownership.keys import SCORES, betweenness, graph_of, locked, visits

SHAPE = (1, 1, 3)


def small() -> tuple[nn.Module, Masks]:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        model.get_parameter("1.weight").copy_(torch.tensor([[4.0, -1.0, 0.5], [1.0, 2.0, 8.0]]))
        model.get_parameter("3.weight").copy_(torch.tensor([[3.0, -5.0], [7.0, 0.25]]))
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in model.named_parameters()}
    masks["1.weight"][0, 2] = False
    return model, masks


def test_the_graph_has_an_edge_for_each_kernel_alive_as_strong_as_its_weights() -> None:
    graph = graph_of(*small(), SHAPE)
    assert sorted(data["strength"] for *_, data in graph.edges(data=True)) == [0.25, 1, 1, 2, 3, 4, 5, 7, 8]
    assert all(data["distance"] == pytest.approx(1 / data["strength"]) for *_, data in graph.edges(data=True))
    assert sum(not graph.in_degree(node) for node in graph) == 3
    assert sum(not graph.out_degree(node) for node in graph) == 2


def test_betweenness_by_brute_force() -> None:
    graph = graph_of(*small(), SHAPE)
    count = dict.fromkeys(graph.edges, 0.0)
    for one, other in product(graph, graph):
        paths = [[one, other]] if graph.has_edge(one, other) else []
        paths += [[one, mid, other] for mid in graph if graph.has_edge(one, mid) and graph.has_edge(mid, other)]
        if paths and one != other:
            best = min(paths, key=lambda path: sum(1 / graph.edges[e]["strength"] for e in pairwise(path)))
            for edge in pairwise(best):
                count[edge] += 1
    found = betweenness(graph, 0)
    pairs = len(graph) * (len(graph) - 1)
    assert {edge: found[edge] * pairs for edge in count} == pytest.approx(count)


def test_paths_take_edges_by_their_strength() -> None:
    graph = graph_of(*small(), SHAPE)
    for weighted in (True, False):
        seen = visits(graph, 0, weighted)
        start = next(node for node in graph if not graph.in_degree(node) and graph.out_degree(node) == 2)
        total = sum(graph.edges[start, each]["strength"] for each in graph.successors(start))
        walked = sum(seen[start, each] for each in graph.successors(start))
        for each in graph.successors(start):
            share = graph.edges[start, each]["strength"] / total if weighted else 0.5
            assert seen[start, each] / walked == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("by", [*SCORES, "magnitude", "random"])
def test_a_key_has_exactly_so_many_weights_of_the_mask(by: str) -> None:
    model = build_model("lenet5", 10, (1, 16, 16), 0).eval()
    source = torch.Generator().manual_seed(0)
    masks = {name: torch.rand(weight.shape, generator=source) < 0.1 for name, weight in prunable(model).items()}
    kept = sum(int(mask.sum()) for mask in masks.values())
    found = locked(model, masks, (1, 16, 16), by, round(0.8 * kept), 3)
    assert sum(int(mask.sum()) for mask in found.values()) == round(0.8 * kept)
    assert all(not bool((found[name] & ~mask).any()) for name, mask in masks.items())
    again = locked(model, masks, (1, 16, 16), by, round(0.8 * kept), 3)
    assert all(torch.equal(again[name], mask) for name, mask in found.items())


def test_the_largest_weights_are_the_key_by_magnitude() -> None:
    model, masks = small()
    found = locked(model, masks, SHAPE, "magnitude", 6, 0)
    gone = [float(w) for name, p in model.named_parameters() for w in p.detach().abs()[masks[name] & ~found[name]]]
    assert sorted(gone) == [5, 7, 8]
