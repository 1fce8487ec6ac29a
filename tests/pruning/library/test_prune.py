"""Pruning of a network that is at hand, held to the finders, to torch's own pruning and to counts by hand."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.utils.prune as torch_prune
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pruning import Pruned, Recipe, UserError, apply_masks, features, find_ticket, prune, score, train
from pruning.criteria import CRITERIA
from pruning.library import masks_of
from pruning.models import build_model

Pair = tuple[Tensor, Tensor]


class Blocks(nn.Module):
    """A network that no registry knows, with a shortcut and a head that is registered first."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 4)
        self.stem, self.body = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, images: Tensor) -> Tensor:
        """Give the logits."""
        x = torch.relu(self.stem(images))
        x = torch.relu(x + self.norm(self.body(x)))
        logits: Tensor = self.head(x.mean(dim=(2, 3)))
        return logits


class Wrapped(nn.Module):
    """A network that gives its logits among other things, as those of Hugging Face do."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixel_values: Tensor) -> dict[str, Tensor | None]:
        """Give the logits by their name."""
        logits = self.network(pixel_values)
        return {"loss": None, "logits": logits, "attentions": logits.detach()[:, :2]}


@pytest.fixture
def network() -> Blocks:
    torch.manual_seed(0)
    return Blocks()


@pytest.fixture
def data() -> Pair:
    source = torch.Generator().manual_seed(1)
    return torch.randn(48, 3, 12, 12, generator=source), torch.arange(48) % 4


def prunable_count(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters() if value.ndim > 1)


@pytest.mark.parametrize("name", [name for name, each in CRITERIA.items() if each.structure is None])
def test_every_criterion_keeps_the_exact_number_and_leaves_the_network_alone(
    name: str, network: Blocks, data: Pair
) -> None:
    before = pickle.dumps(network.state_dict())
    pruned = prune(network, name, 0.8, data=data)
    total = prunable_count(network)
    assert sum(int(mask.sum()) for mask in pruned.masks.values()) == total - round(0.8 * total)
    assert pickle.dumps(network.state_dict()) == before
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_masks_are_those_of_the_finder() -> None:
    recipe = Recipe(model="lenet300", data="digits", criterion="magnitude", score_on="init", sparsity=0.7, seed=3)
    ticket = find_ticket(recipe.but(training=recipe.training.but(epochs=0)))
    network = build_model("lenet300", 10, (1, 8, 8), seed=3)
    pruned = prune(network, "magnitude", 0.7)
    assert all(torch.equal(mask, ticket.masks[name]) for name, mask in pruned.masks.items())


def test_global_magnitude_is_that_of_torch(network: Blocks) -> None:
    pruned = prune(network, "magnitude", 0.6)
    layers = [(module, "weight") for module in (network.head, network.stem, network.body)]
    torch_prune.global_unstructured(layers, torch_prune.L1Unstructured, amount=0.6)
    theirs = masks_of(network)
    assert {name: mask.tolist() for name, mask in theirs.items()} == {n: m.tolist() for n, m in pruned.masks.items()}


@pytest.mark.parametrize("as_data", [lambda x, y: [(x[:20], y[:20]), (x[20:], y[20:])], lambda x, y: (x, y)])
def test_data_come_in_any_form(as_data: Any, network: Blocks, data: Pair) -> None:
    whole = score(network, "snip", DataLoader(TensorDataset(*data), batch_size=48))
    found = score(network, "snip", as_data(*data))
    for name, values in whole.items():
        # SNIP's |gradient x weight| of the sum over images does not depend on how they are cut but for batch statistics
        assert values.shape == found[name].shape


def test_snip_is_its_formula(data: Pair) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, 6), nn.ReLU(), nn.Linear(6, 4))
    found = score(network, "snip", data)
    nn.functional.cross_entropy(network(data[0]), data[1]).backward()
    for index in (1, 3):
        layer = network[index]
        assert isinstance(layer, nn.Linear)
        assert layer.weight.grad is not None
        ours, formula = found[f"{index}.weight"], (layer.weight.grad * layer.weight).abs().detach()
        torch.testing.assert_close(ours / ours.sum(), formula / formula.sum(), rtol=1e-4, atol=1e-7)


def test_logits_are_taken_among_what_a_network_gives(network: Blocks, data: Pair) -> None:
    plain, wrapped = prune(network, "snip", 0.8, data=data), prune(Wrapped(network), "snip", 0.8, data=data)
    assert set(wrapped.masks) == {f"network.{name}" for name in plain.masks}
    assert all(torch.equal(mask, wrapped.masks[f"network.{name}"]) for name, mask in plain.masks.items())
    left_out = prune(Wrapped(network), "magnitude", 0.8, classifier=False, shape=(3, 12, 12))
    assert "network.head.weight" not in left_out.masks
    assert isinstance(Wrapped(network)(data[0]), dict)


def test_only_so_many_images_are_looked_at(network: Blocks, data: Pair) -> None:
    def endless() -> Iterator[Pair]:
        while True:
            yield data

    few = score(network, "snip", endless(), images=10)
    assert all(
        torch.equal(few[name], value) for name, value in score(network, "snip", (data[0][:10], data[1][:10])).items()
    )


def test_layers_are_left_out_by_name_pattern_or_as_the_classifier(network: Blocks) -> None:
    assert set(prune(network, "magnitude", 0.5, exclude="stem").masks) == {"head.weight", "body.weight"}
    assert set(prune(network, "magnitude", 0.5, exclude=["st*", "body.weight"]).masks) == {"head.weight"}
    assert set(prune(network, "magnitude", 0.5, classifier=False).masks) == {"stem.weight", "body.weight"}
    assert set(prune(network, "synflow", 0.5, exclude="head").masks) == {"stem.weight", "body.weight"}


def test_granularity_allocation_and_rounds(network: Blocks) -> None:
    halves = prune(network, "magnitude", granularity="2:4", exclude="stem")
    groups = halves.masks["body.weight"].permute(0, 2, 3, 1).reshape(-1, 4).sum(dim=1)
    assert groups.unique().tolist() == [2]
    shares = prune(network, "magnitude", 0.5, allocation="layer").summary()
    assert shares["sparsity"].to_numpy() == pytest.approx(0.5, abs=0.02)
    filters = prune(network, "magnitude", 0.3, granularity="filter").masks["body.weight"].flatten(1)
    assert all(row.all() or not row.any() for row in filters)
    once, often = prune(network, "synflow", 0.9, rounds=1), prune(network, "synflow", 0.9)
    assert any(not torch.equal(mask, often.masks[name]) for name, mask in once.masks.items())


def test_the_sparsity_is_shared_out_as_the_criterions_paper_does(network: Blocks, data: Pair) -> None:
    masks = prune(network, "wanda", 0.5, data=data).masks
    assert all(float(mask.float().mean()) == pytest.approx(0.5, abs=0.02) for mask in masks.values())
    said = prune(network, "wanda", 0.5, data=data, allocation="global").masks
    assert any(float(mask.float().mean()) != pytest.approx(0.5, abs=0.05) for mask in said.values())


def test_pruned_is_short_to_read_and_applies(network: Blocks) -> None:
    pruned = prune(network, "magnitude", 0.9)
    assert len(repr(pruned)) < 120
    assert "<table" in pruned._repr_html_()
    assert pruned.apply(network) is network
    zeros = sum(int((value == 0).sum()) for value in network.parameters() if value.ndim > 1)
    assert zeros == round(0.9 * prunable_count(network))
    assert pruned.summary().iloc[-1]["sparsity"] == pytest.approx(pruned.sparsity)


def test_a_network_that_torch_prunes_is_pruned_further_and_stays_so(network: Blocks, data: Pair) -> None:
    torch_prune.l1_unstructured(network.body, "weight", 0.5)
    network(data[0])
    pruned = prune(network, "magnitude", 0.9)
    pruned.apply(network)
    network(data[0])
    assert torch.equal(network.body.weight != 0, pruned.masks["body.weight"])


def test_masks_in_other_forms(network: Blocks) -> None:
    masks = prune(network, "magnitude", 0.7).masks
    for form in (
        {name: mask.numpy() for name, mask in masks.items()},
        {name: mask.float() for name, mask in masks.items()},
        {name: mask.numpy().astype(np.int64) for name, mask in masks.items()},
        Pruned(masks, ""),
    ):
        torch.manual_seed(0)
        fresh = Blocks()
        apply_masks(fresh, form)
        assert all(torch.equal(masks_of(fresh)[name], mask) for name, mask in masks.items())


@pytest.mark.parametrize("called", ["{}_mask", "module.{}", "_orig_mod.{}_mask", "{}.mask"])
@pytest.mark.parametrize("around", [nn.Identity, nn.DataParallel])
def test_masks_are_named_as_files_name_them(called: str, around: type[nn.Module], network: Blocks) -> None:
    masks = prune(network, "magnitude", 0.7).masks
    apply_masks(
        nn.DataParallel(network) if around is nn.DataParallel else network,
        {called.format(name): mask for name, mask in masks.items()},
    )
    assert all(torch.equal(masks_of(network)[name], mask) for name, mask in masks.items())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"criterion": "snp", "sparsity": 0.5}, "Did you mean 'snip'"),
        ({"criterion": "snip", "sparsity": 0.5}, "looks at data"),
        ({"sparsity": 90}, "Did you mean 0.9"),
        ({}, "Say how much is to go"),
        ({"sparsity": 0.5, "allocation": "glob"}, "Did you mean 'global'"),
        ({"sparsity": 0.5, "granularity": "fliter"}, "fliter"),
        ({"sparsity": 0.5, "exclude": "fc"}, "no layer of the network"),
        ({"sparsity": 0.5, "exclude": "*"}, "nothing to prune"),
        ({"sparsity": 0.5, "power": 2}, "unknown key 'power'"),
        ({"sparsity": 0.5, "ties": "random"}, "`ties` is True or False"),
        ({"sparsity": 0.5, "structure": "filter"}, "no argument 'structure'. Did you mean 'granularity'"),
        ({"sparsity": 0.5, "alocation": "erk"}, "Did you mean 'allocation'"),
        ({"criterion": "snip", "sparsity": 0.5, "data": 3}, "is a int"),
        ({"criterion": "snip", "sparsity": 0.5, "data": []}, "has no images"),
        ({"criterion": "snip", "sparsity": 0.5, "data": [1]}, "pairs of inputs and labels"),
        (
            {"criterion": "snip", "sparsity": 0.5, "data": (torch.zeros(2, 3, 4, 4, dtype=torch.uint8),) * 2},
            "normalised",
        ),
        ({"criterion": "snip", "sparsity": 0.5, "data": (torch.zeros(2, 3, 4, 4), torch.zeros(2))}, "whole number"),
        ({"sparsity": 0.5, "criterion": "synflow", "shape": (5, 5)}, r"cannot be run on inputs of shape \(5, 5\)"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: dict[str, Any], sentence: str, network: Blocks) -> None:
    with pytest.raises(UserError, match=sentence):
        prune(network, **arguments)


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ({"tail.weight": torch.ones(4, 8, dtype=torch.bool)}, "no parameters of the network"),
        ({"head.weight": torch.ones(4, 7, dtype=torch.bool)}, "must have one shape"),
        ({"head.weight": torch.full((4, 8), 0.5)}, "other values than 0"),
        ({"head.weight": "all"}, "is a str"),
        ({"head.weight": torch.ones(4, 8), "head.weight_mask": torch.ones(4, 8)}, "no parameters of the network"),
        (7, "not int"),
    ],
)
def test_masks_that_do_not_fit(masks: Any, sentence: str, network: Blocks) -> None:
    before = network.head.weight.clone()
    with pytest.raises(UserError, match=sentence):
        apply_masks(network, masks)
    assert torch.equal(network.head.weight, before)


def test_a_small_network_is_scored_on_one_thread_as_by_finders(network: Blocks) -> None:
    seen = []

    def by_size(model: nn.Module, context: Any) -> dict[str, Tensor]:
        seen.append(torch.get_num_threads())
        return {name: weight.detach().abs() for name, weight in context.weights(model).items()}

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        pair = torch.zeros(2, 3, 8, 8), torch.zeros(2, dtype=torch.long)
        prune(network, by_size, 0.5, data=pair)
        score(network, by_size, data=pair)
        assert (seen, torch.get_num_threads()) == ([1, 1], 2)
    finally:
        torch.set_num_threads(before)


def test_what_is_no_network_is_a_sentence() -> None:
    given: list[Callable[[Any], Any]] = [
        lambda it: prune(it, "magnitude", 0.5),
        lambda it: score(it, "magnitude"),
        lambda it: apply_masks(it, {}),
        lambda it: train(it, [(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))]),
        lambda it: features(it, [(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))]),
    ]
    for call in given:
        with pytest.raises(UserError, match=r"nn.Module such as model.eval\(\), not the text 'resnet18'"):
            call("resnet18")
