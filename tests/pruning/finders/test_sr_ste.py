"""SR-STE: whose gradients are trained, what the refining term adds, and that N:M holds at the end."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from pruning import Recipe, Training, UserError, find_ticket
from pruning.finders.lineage import parents_of
from pruning.finders.sr_ste import PatternNetwork, Refined
from pruning.masks import full_masks
from pruning.models import prunable

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "finder": "sr_ste",
    "training": Training(epochs=2, batch_size=60, warmup_epochs=0),
    "seed": 1,
}


def test_gradients_are_those_of_the_weights_in_force_and_the_others_decay() -> None:
    """By finite differences of the loss as a function of the effective weights, pruned ones included."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(4, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(12, 2)).double()
    patterned = PatternNetwork(network, full_masks(prunable(network)), (1, 4))
    refined = Refined(patterned, 0.1)
    images, labels = torch.randn(5, 4, 3, 3, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1])
    F.cross_entropy(patterned(images), labels).backward()
    refined.gradients(0)
    masks = patterned.masks()
    effective = {name: network.get_parameter(name).detach() * mask for name, mask in masks.items()}

    def loss(weights: dict[str, torch.Tensor]) -> float:
        return float(F.cross_entropy(functional_call(network, weights, (images,)), labels).detach())

    for name, weight in effective.items():
        parameter, slope = network.get_parameter(name), torch.zeros_like(weight)
        for position in range(weight.numel()):
            nudge = torch.zeros_like(weight)
            nudge.view(-1)[position] = 1e-6
            rise = loss({**effective, name: weight + nudge}) - loss({**effective, name: weight - nudge})
            slope.view(-1)[position] = rise / 2e-6
        assert parameter.grad is not None
        expected = slope + 0.1 * parameter.detach() * ~masks[name]
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-5, atol=1e-8)


def test_the_pattern_holds_and_the_network_has_learnt() -> None:
    recipe = Recipe(**COMMON)
    first, again = find_ticket(recipe), find_ticket(recipe)
    assert recipe.sparsity == 0.5
    for mask in first.masks.values():
        assert bool((mask.view(len(mask), -1, 4).sum(dim=2) == 2).all())
    assert all(torch.equal(value, again.state[name]) for name, value in first.state.items())
    assert first.info.accuracy > 0.8
    assert len(first.info.record["swaps/iteration"]) > 10


def test_the_refining_term_calms_the_mask() -> None:
    calm, wild = (find_ticket(Recipe(**COMMON, refine=refine, structure="1:4")) for refine in (0.05, 0.0))
    assert sum(calm.info.record["swaps/carried"]) < 0.8 * sum(wild.info.record["swaps/carried"])


def test_the_trained_network_is_where_it_may_start() -> None:
    recipe = Recipe(**COMMON, weights="trained", finetune=Training(epochs=1, batch_size=60, lr=0.01))
    assert [parent.is_dense for parent in parents_of(recipe)] == [True]
    assert parents_of(Recipe(**COMMON)) == []
    assert Recipe(**COMMON, finetune=Training(epochs=1)).id == Recipe(**COMMON).id
    assert find_ticket(recipe).info.accuracy > 0.8


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"structure": "filter"}, "trains N:M"),
        ({"sparsity": 0.9}, "always has sparsity 0.5"),
        ({"refine": -1}, "refine"),
        ({"structure": "4:2"}, "1 <= N < M"),
    ],
)
def test_what_cannot_be_is_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Recipe(**COMMON, **options)
