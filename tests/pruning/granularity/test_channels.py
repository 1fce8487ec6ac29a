"""Channels and hidden neurons: against the groups of Torch-Pruning, against sums by hand, and made really smaller."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch_pruning
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.granularity import get_granularity
from pruning.granularity.dead_channels import dead_channel_masks
from pruning.masks import counts, make_masks
from pruning.models import build_model, find_classifier, prunable
from tests.pruning.graph.test_coupling import Branches
from tests.pruning.shrink.test_shrink import assert_same_but_smaller, network

SHAPE = (3, 16, 16)
Group = frozenset[tuple[str, int]]


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Scores: the magnitudes of its weights."""
    return {name: weight.detach().abs() for name, weight in prunable(model).items()}


def our_groups(model: nn.Module, name: str) -> set[Group]:
    """The (layer, row) of each unit."""
    unit = get_granularity(name).units
    assert unit is not None
    found: dict[int, set[tuple[str, int]]] = {}
    for parameter, ids in unit({key: value.shape for key, value in prunable(model).items()}, model).items():
        for row, number in enumerate(ids.reshape(len(ids), -1)[:, 0].tolist()):
            if number >= 0:
                found.setdefault(number, set()).add((parameter.removesuffix(".weight"), row))
    return {frozenset(each) for each in found.values()}


def their_groups(model: nn.Module) -> set[Group]:
    """The same as Torch-Pruning's dependency graph has them, the classifier left out."""
    graph = torch_pruning.DependencyGraph().build_dependency(model, example_inputs=torch.randn(1, *SHAPE))
    names = {module: name for name, module in model.named_modules()}
    classifier = model.get_submodule(find_classifier(model).name)
    outputs = {graph.get_pruner_of_module(layer).prune_out_channels for layer in (nn.Conv2d(1, 1, 1), nn.Linear(1, 1))}
    outputs.add(graph.get_pruner_of_module(nn.Conv2d(2, 2, 1, groups=2)).prune_out_channels)
    found: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for layer, name in names.items():
        if not isinstance(layer, (nn.Conv2d, nn.Linear)) or layer is classifier or (name, 0) in found:
            continue
        for row in range(layer.weight.shape[0]):
            group = graph.get_pruning_group(layer, graph.get_pruner_of_module(layer).prune_out_channels, [row])
            members = {
                (names[each.dep.target.module], int(index))
                for each in group
                if each.dep.handler in outputs and isinstance(each.dep.target.module, (nn.Conv2d, nn.Linear))
                for index in each.idxs
            }
            found |= dict.fromkeys(members, members)
    return {frozenset(each) for each in found.values()}


@pytest.mark.parametrize("build", [Branches, partial(build_model, "torchvision/resnet18", 10, SHAPE, 0)])
def test_a_channel_is_what_torch_pruning_calls_a_group(build: Callable[[], nn.Module]) -> None:
    model = build().eval()
    assert our_groups(model, "channel") == their_groups(model)


def test_without_a_projection_a_residual_stream_goes_through_the_network() -> None:
    """ResNet-20 pads its shortcuts: of the last stage's 64 channels 16 begin in the first, 16 more in the second."""
    groups = our_groups(build_model("resnet20", 10, SHAPE, 0), "channel")
    streams = sorted(len(group) for group in groups if len(group) > 1)
    assert streams == [3] * 32 + [6] * 16 + [10] * 16  # conv2s of one stage, of two, of three and the stem
    assert sum(len(group) == 1 for group in groups) == 3 * (16 + 32 + 64)


def test_units_are_scored_over_all_their_layers() -> None:
    model = build_model("resnet20", 10, SHAPE, 0)
    scores = weights(model)
    masks = make_masks(scores, 0.2, structure="channel", model=model)
    means = {
        group: torch.cat([scores[f"{layer}.weight"][row].reshape(-1) for layer, row in group]).double().mean().item()
        for group in our_groups(model, "channel")
    }
    gone = {group for group in means if not any(bool(masks[f"{layer}.weight"][row].any()) for layer, row in group)}
    partly = [
        group for group in means if group not in gone and not all(masks[f"{a}.weight"][b].all() for a, b in group)
    ]
    assert gone
    assert not partly
    protected = max(means[group] for group in gone)
    assert sum(means[group] < protected for group in set(means) - gone) <= len(scores)  # the best of each layer stays
    kept, total = counts(masks)
    assert (
        0
        <= round(0.2 * total) - (total - kept)
        < max(sum(scores[f"{layer}.weight"][row].numel() for layer, row in group) for group in means)
    )


@pytest.mark.parametrize("name", ["resnet20", "wrn16_4"])  # norms behind filters, and norms that read sums
def test_what_goes_is_really_left_out(name: str) -> None:
    model = network(name)
    masks = make_masks(weights(model), 0.4, structure="channel", model=model)
    smaller = assert_same_but_smaller(model, masks | dead_channel_masks(model, masks, SHAPE))
    left = {key: len(value) for key, value in prunable(smaller).items()}
    assert left == {key: int(mask.flatten(1).any(dim=1).sum()) for key, mask in masks.items()}


def test_neurons_are_the_hidden_ones_of_linear_layers() -> None:
    assert our_groups(build_model("lenet5", 10, (1, 28, 28), 0), "neuron") == {
        frozenset({(layer, row)}) for layer, rows in (("fc1", 120), ("fc2", 84)) for row in range(rows)
    }
    transformer = our_groups(build_model("vit", 10, (1, 28, 28), 0), "neuron")
    assert transformer == {frozenset({(f"blocks.{block}.fc1", row)}) for block in range(4) for row in range(96)}


def test_networks_without_any_get_a_sentence() -> None:
    with pytest.raises(UserError, match="removes hidden neurons, and the network ResNet has none"):
        make_masks(weights(model := build_model("resnet20", 10, SHAPE, 0)), 0.5, structure="neuron", model=model)
    with pytest.raises(UserError, match="needs the network itself"):
        make_masks({"a": torch.rand(3, 3)}, 0.5, structure="channel")
