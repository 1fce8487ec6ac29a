"""How far exchanges go, among which layers, and what is written down of them."""

import math

import pytest
import torch
from torch import Tensor, nn

from pruning.search.network import SupermaskNetwork
from pruning.search.rules import selected
from pruning.search.score_updates import RESTRICTIONS, MaskUpdates
from pruning.search.swaps import Swaps


def two_layers(first: list[float], second: list[float], keep: int = 2) -> SupermaskNetwork:
    """Two layers of one output each with these scores, the first `keep` weights of each kept."""
    network = nn.Sequential(nn.Linear(len(first), 1, bias=False), nn.Linear(len(second), 1, bias=False))
    scores = {
        "0.weight": torch.tensor([first], dtype=torch.float32),
        "1.weight": torch.tensor([second], dtype=torch.float32),
    }
    masks = {name: (torch.arange(score.numel()) < keep).view(score.shape) for name, score in scores.items()}
    return SupermaskNetwork(network, scores, masks, selected)


def kept(searched: SupermaskNetwork) -> list[list[int]]:
    """The positions kept in each layer."""
    return [mask.reshape(-1).nonzero().squeeze(1).tolist() for mask in searched.found().values()]


def test_the_share_falls() -> None:
    assert RESTRICTIONS["cosine"](0.0) == 1.0
    assert RESTRICTIONS["cosine"](0.5) == pytest.approx(0.5)
    assert RESTRICTIONS["cosine"](1 / 3) == pytest.approx(0.75)
    assert RESTRICTIONS["quartic"](0.5) == 1 / 16
    assert RESTRICTIONS["quartic"](0.9) == pytest.approx(1e-4)
    assert [RESTRICTIONS["none"](t) for t in (0.0, 0.3, 0.99)] == [1.0] * 3


@pytest.mark.parametrize("restrict", RESTRICTIONS)
def test_as_many_swaps_as_the_share_says(restrict: str) -> None:
    """Ten weights want to enter at each step; of these ceil(r(step / iterations) 10) do."""
    for step in range(4):
        searched = two_layers([*[0.0] * 10, *range(1, 11)], [0.0, 0.0], keep=10)
        hook = MaskUpdates(searched, 4, restrict)
        assert hook.after(step) is False
        expected = math.ceil(RESTRICTIONS[restrict](step / 4) * 10)
        assert hook.swaps.entries == [(step + 1, expected, 10)]
        assert kept(searched)[0] == [*range(10 - expected), *range(20 - expected, 20)]


def test_each_layer_keeps_its_count() -> None:
    searched = two_layers([1, 2, 3], [7, 8, 9])
    MaskUpdates(searched, 10).after(0)
    assert kept(searched) == [[1, 2], [1, 2]]


def test_layers_that_compete() -> None:
    searched = two_layers([1, 2, 3], [7, 8, 9])
    hook = MaskUpdates(searched, 10, together=True)
    hook.after(0)
    assert kept(searched) == [[2], [0, 1, 2]]
    assert hook.swaps.entries == [(1, 2, 2)]


def test_the_largest_of_either_sign() -> None:
    searched = two_layers([1, -2, -3], [0.5, 0.25, -1])
    MaskUpdates(searched, 10, by_size=True).after(0)
    assert kept(searched) == [[1, 2], [0, 2]]


def test_what_came_pruned_never_enters() -> None:
    searched = two_layers([1, 2, 3, 4], [1, 1])
    allowed = {"0.weight": torch.tensor([[True, True, True, False]]), "1.weight": torch.tensor([[True, True]])}
    MaskUpdates(searched, 10, allowed=allowed).after(0)
    assert kept(searched)[0] == [1, 2]


def test_the_same_whatever_the_memory_layout() -> None:
    source = torch.Generator().manual_seed(0)
    scores = torch.rand(6, 4, 3, 3, generator=source).mul(20).round()  # ties
    mask = torch.rand(scores.shape, generator=source) < 0.3
    results: list[Tensor] = []
    for layout in (torch.contiguous_format, torch.channels_last):
        searched = SupermaskNetwork(nn.Conv2d(4, 6, 3), {"weight": scores}, {"weight": mask}, selected)
        searched.to(memory_format=layout)
        assert searched.masks[0].is_contiguous(memory_format=layout)
        MaskUpdates(searched, 10, "cosine").after(4)
        results.append(searched.found()["weight"])
    assert torch.equal(*results)
    assert not torch.equal(results[0], mask)


def test_the_record_is_thinned_by_summing() -> None:
    swaps = Swaps()
    for step in range(450):
        swaps.note(step, step, 2 * step)
    record = swaps.record()
    assert set(record) == {"swaps/iteration", "swaps/carried", "swaps/possible"}
    assert record["swaps/iteration"] == [*[3.0 * (row + 1) for row in range(150)]]
    assert record["swaps/carried"][:2] == [0.0 + 1 + 2, 3.0 + 4 + 5]
    assert sum(record["swaps/possible"]) == 2 * sum(record["swaps/carried"]) == 450 * 449
    swaps.note(450, 1)
    assert swaps.record()["swaps/iteration"][-1] == 451.0
    assert len(swaps.record(points=7)["swaps/carried"]) == 7
    assert Swaps().record() == {"swaps/iteration": [], "swaps/carried": [], "swaps/possible": []}


def test_few_swaps_are_kept_as_they_are() -> None:
    swaps = Swaps()
    swaps.note(0, 5)
    swaps.note(1, 3, 9)
    assert swaps.record() == {
        "swaps/iteration": [1.0, 2.0],
        "swaps/carried": [5.0, 3.0],
        "swaps/possible": [5.0, 9.0],
    }
