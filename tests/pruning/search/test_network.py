"""The frozen network with scores: what it computes, what gradient a score gets, and what is never trained."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import load_data
from pruning.models import build_model, count_macs
from pruning.search.network import SupermaskNetwork
from pruning.search.rules import Rule, binarised, popped_up, selected, signed
from pruning.training.config import Training
from pruning.training.loop import make_optimizer, train

SHAPE = (1, 8, 8)


def small(rule: Rule) -> tuple[SupermaskNetwork, Tensor, Tensor]:
    """One convolution, batch norm, and a classifier that is not searched; images and labels."""
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    scores = torch.randn(4, 1, 3, 3)
    mask = torch.rand(4, 1, 3, 3) < 0.5
    return (
        SupermaskNetwork(network, {"0.weight": scores}, {"0.weight": mask}, rule),
        torch.randn(16, 1, 8, 8),
        torch.arange(16) % 10,
    )


def by_hand_weights(rule: Rule, scores: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """The effective weights, a weight at a time."""
    flat = []
    kept = [abs(float(w)) for w, m in zip(weights.reshape(-1), mask.reshape(-1), strict=True) if m]
    mean = sum(kept) / len(kept)
    for s, m, w in zip(
        scores.reshape(-1).tolist(), mask.reshape(-1).tolist(), weights.reshape(-1).tolist(), strict=True
    ):
        values: dict[Rule, float] = {
            selected: w,
            popped_up: w,
            binarised: mean if w > 0 else -mean,
            signed: abs(w) if s > 0 else -abs(w),
        }
        flat.append(values[rule] if m else 0.0)
    return torch.tensor(flat).view(weights.shape)


SLOPES: dict[Rule, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    selected: lambda s, m, w: w,
    popped_up: lambda s, m, w: torch.where(s > 0, w, -w),
    binarised: lambda s, m, w: torch.where(s > 0, w, -w),
    signed: lambda s, m, w: torch.where(m, w.abs(), 0.0),
}


@pytest.mark.parametrize("rule", SLOPES)
def test_effective_weights_and_straight_through_gradient(rule: Rule) -> None:
    """The output is that of the plain network with the effective weights put in; the scores' gradient is that network's
    weight gradient, by ordinary autograd, times the slope of the rule."""
    searched, images, labels = small(rule)
    weights = searched.network.get_parameter("0.weight").clone()
    scores, mask = searched.scores[0].detach().clone(), searched.found()["0.weight"]
    expected = by_hand_weights(rule, scores, mask, weights)
    plain, _, _ = small(rule)
    network = plain.network.requires_grad_(True)
    with torch.no_grad():
        network.get_parameter("0.weight").copy_(expected)

    logits = searched(images)
    torch.testing.assert_close(logits, network(images), rtol=1e-5, atol=1e-6)
    F.cross_entropy(logits, labels).backward()
    F.cross_entropy(network(images), labels).backward()
    gradient = network.get_parameter("0.weight").grad
    assert gradient is not None
    assert searched.scores[0].grad is not None
    torch.testing.assert_close(searched.scores[0].grad, gradient * SLOPES[rule](scores, mask, weights))
    assert float(searched.scores[0].grad.abs().max()) > 1e-4


@pytest.mark.parametrize("rule", SLOPES)
def test_a_settled_network_computes_the_same(rule: Rule) -> None:
    searched, images, _ = small(rule)
    searched.eval()
    expected, mask = searched(images).detach(), searched.found()["0.weight"]
    network = searched.settled()
    assert torch.equal(network(images), expected)
    pruned = network.get_parameter("0.weight")[~mask]
    assert torch.equal(pruned, torch.zeros_like(pruned))
    assert not bool(pruned.signbit().any())


def test_binary_weights_have_one_size() -> None:
    searched, _, _ = small(binarised)
    values = searched.effective()["0.weight"].detach().unique().tolist()
    assert len(values) == 3
    assert values[1] == 0
    assert values[0] == -values[2]


def test_only_scores_are_trained() -> None:
    """The optimiser has the scores alone, as weights that decay; the network, but for batch statistics, stays."""
    searched, _, _ = small(selected)
    (group,) = make_optimizer(searched, Training(weight_decay=0.25)).param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(score) for score in searched.scores]
    assert group["weight_decay"] == 0.25
    before = {name: value.clone() for name, value in searched.network.state_dict().items()}
    scores = searched.scores[0].detach().clone()
    train(searched, load_data("digits"), Training(epochs=1, batch_size=500, warmup_epochs=0), 0)
    for name, value in searched.network.state_dict().items():
        moved = "running" in name or "tracked" in name
        assert torch.equal(value, before[name]) is not moved
    assert not torch.equal(searched.scores[0], scores)


@pytest.mark.parametrize("name", ["lenet300", "resnet20"])
def test_its_cost_is_that_of_the_network(name: str) -> None:
    """The training loop picks precision and memory layout by it."""
    network = build_model(name, 10, SHAPE, 0)
    expected = count_macs(network, SHAPE)
    weights = {key: value for key, value in network.named_parameters() if value.ndim > 1}
    masks = {key: torch.ones_like(value, dtype=torch.bool) for key, value in weights.items()}
    assert count_macs(SupermaskNetwork(network, weights, masks, selected), SHAPE) == expected > 0


def test_a_layer_that_is_there_under_two_names() -> None:
    """It has the effective weight in both places, and its own one again afterwards."""
    torch.manual_seed(0)
    layer = nn.Linear(4, 4, bias=False)
    network = nn.Sequential(layer, nn.ReLU(), layer)
    mask, x = torch.rand(4, 4) < 0.5, torch.randn(3, 4)
    searched = SupermaskNetwork(network, {"0.weight": torch.ones(4, 4)}, {"0.weight": mask}, selected)
    effective = (layer.weight * mask).detach()
    for _ in range(2):
        torch.testing.assert_close(searched(x), (x @ effective.T).relu() @ effective.T)
        assert isinstance(layer.weight, nn.Parameter)


def test_a_weight_that_two_layers_share() -> None:
    """Both see the effective weight, and the score gets the gradient of both."""
    torch.manual_seed(0)
    first, second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    second.weight = first.weight
    network = nn.Sequential(first, nn.ReLU(), second)
    weight, mask, x = first.weight.detach().clone(), torch.rand(4, 4) < 0.5, torch.randn(3, 4)
    searched = SupermaskNetwork(network, {"0.weight": torch.ones(4, 4)}, {"0.weight": mask}, selected)
    copy = (weight * mask).requires_grad_()
    expected = (x @ copy.T).relu() @ copy.T
    torch.testing.assert_close(searched(x), expected)
    searched(x).square().sum().backward()
    expected.square().sum().backward()
    assert copy.grad is not None
    torch.testing.assert_close(searched.scores[0].grad, copy.grad * weight)
