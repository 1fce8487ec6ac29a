"""Training of a network that is at hand, held to the loop of the finders and to a loop written out."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch.nn.utils.prune as torch_prune
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from pruning import Training, UserError, prune, train
from pruning.data import load_data, normalise
from pruning.models import build_model
from pruning.training import loop

Pair = tuple[Tensor, Tensor]
QUICK = Training(epochs=2, batch_size=16, lr=0.05, warmup_epochs=0)


@pytest.fixture
def data() -> Pair:
    source = torch.Generator().manual_seed(1)
    inputs = torch.randn(70, 12, generator=source)
    return inputs, inputs[:, :3].argmax(1)


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 20), nn.ReLU(), nn.Linear(20, 3))


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_it_is_the_loop_of_the_finders_to_the_bit() -> None:
    digits = load_data("digits")
    config = QUICK.but(batch_size=200)
    ours, theirs, third = (build_model("lenet300", 10, digits.shape, seed=4) for _ in range(3))
    pair = normalise(digits.train.images, digits.mean, digits.std), digits.train.labels
    test = normalise(digits.test.images, digits.mean, digits.std), digits.test.labels
    masks = prune(ours, "magnitude", 0.8).masks
    found = train(ours, pair, config, masks=masks, validation=test, seed=3)
    expected = loop.train(theirs, digits, config, 3, masks=masks)
    assert same(state(ours), state(theirs))
    assert found.history == expected.history
    train(third, digits, config, masks=masks, seed=3)
    assert same(state(third), state(ours))


def test_it_is_the_loop_that_one_would_write(network: nn.Sequential, data: Pair) -> None:
    batches = list(zip(data[0].split(16), data[1].split(16), strict=True))
    weights = [value.detach().clone().requires_grad_() for value in network.parameters()]
    groups: list[dict[str, Any]] = [{"params": weights[::2], "weight_decay": 5e-4}, {"params": weights[1::2]}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9)
    losses = []
    for inputs, labels in batches * 2:
        hidden = F.relu(F.linear(inputs, weights[0], weights[1]))
        loss = F.cross_entropy(F.linear(hidden, weights[2], weights[3]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() * len(labels))
    found = train(network, batches, QUICK.but(schedule="constant"))
    for value, expected in zip(network.parameters(), weights, strict=True):
        torch.testing.assert_close(value, expected)
    assert found.curve["loss"].tolist() == pytest.approx([sum(losses[:5]) / 70, sum(losses[5:]) / 70], rel=1e-5)


class Stream(IterableDataset[Pair]):
    """Images one by one, of no known number."""

    def __init__(self, data: Pair) -> None:
        self.data = data

    def __iter__(self) -> Iterator[Any]:
        return iter(list(zip(*self.data, strict=True)))


@pytest.mark.parametrize(
    "form",
    [
        lambda data: DataLoader(TensorDataset(*data), batch_size=16),
        lambda data: DataLoader(Stream(data), batch_size=16),
        lambda data: iter(DataLoader(TensorDataset(*data), batch_size=16)),
        lambda data: [(x.numpy(), y.numpy()) for x, y in DataLoader(TensorDataset(*data), batch_size=16)],
        lambda data: [{"pixel_values": x, "labels": y} for x, y in DataLoader(TensorDataset(*data), batch_size=16)],
    ],
)
def test_data_come_in_any_form(form: Any, network: nn.Sequential, data: Pair) -> None:
    before = state(network)
    train(network, list(zip(data[0].split(16), data[1].split(16), strict=True)), QUICK)
    expected = state(network)
    network.load_state_dict(before)
    found = train(network, form(data), QUICK)
    assert same(state(network), expected)
    assert found.curve["epoch"].tolist() == [1, 2]


@pytest.mark.parametrize("sizes", [[1] * 70, [1, 1, 33, 34, 1], [34, 1, 1, 1, 33], [35, 35]])
def test_only_an_odd_last_batch_of_one_image_is_passed_over(
    sizes: list[int], network: nn.Sequential, data: Pair
) -> None:
    batches = list(zip(data[0].split(sizes), data[1].split(sizes), strict=True))
    seen: list[int] = []
    network.register_forward_pre_hook(lambda module, given: seen.append(len(given[0])) if module.training else None)
    train(network, batches, QUICK.but(epochs=1))
    odd = sizes[-1] == 1 and max(sizes) > 1
    assert seen == sizes[: len(sizes) - odd]
    normed = nn.Sequential(nn.Linear(12, 20), nn.BatchNorm1d(20), nn.Linear(20, 3))
    if max(sizes) == 1:
        for loader in (batches, DataLoader(TensorDataset(*data), batch_size=1)):
            with pytest.raises(UserError, match="has batch norms"):
                train(normed, loader, QUICK)
    else:
        train(normed, batches, QUICK)


@pytest.mark.parametrize("log_every", [0.3, 2.0])
def test_points_within_an_epoch_and_apart_see_the_same_batches(
    log_every: float, network: nn.Sequential, data: Pair
) -> None:
    before, loader = state(network), DataLoader(TensorDataset(*data), batch_size=16, shuffle=True)
    train(network, loader, QUICK, seed=5)
    expected = state(network)
    network.load_state_dict(before)
    torch.manual_seed(77)  # which does not matter
    train(network, loader, QUICK, seed=5, log_every=log_every)
    assert same(state(network), expected)


def test_the_seed_decides_and_global_generators_are_left(network: nn.Sequential, data: Pair) -> None:
    before, loader = state(network), DataLoader(TensorDataset(*data), batch_size=16, shuffle=True)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    train(network, loader, QUICK, seed=5)
    assert torch.equal(torch.rand(2), expected)
    first = state(network)
    network.load_state_dict(before)
    train(network, loader, QUICK, seed=6)
    assert not same(state(network), first)


def test_what_is_pruned_stays_so_and_modes_and_frozen_weights_too(network: nn.Sequential, data: Pair) -> None:
    pruned = prune(network, "snip", 0.7, data=data)
    network[2].bias.requires_grad_(False)
    bias = network[2].bias.clone()  # type: ignore[operator]
    network.eval()
    found = train(network, data, QUICK, masks=pruned, validation=data)
    for name, value in network.named_parameters():
        if name in pruned.masks:
            assert torch.equal(value != 0, pruned.masks[name])
    assert torch.equal(network[2].bias, bias)  # type: ignore[arg-type]
    assert not network.training
    right = (network(data[0]).argmax(1) == data[1]).float().mean()
    assert found.accuracy == pytest.approx(float(right))
    assert len(repr(found)) < 100
    assert "<table" in found._repr_html_()


def test_a_network_that_torch_prunes_is_trained_as_it_is(network: nn.Sequential, data: Pair) -> None:
    torch_prune.l1_unstructured(network[0], "weight", 0.5)
    mask = network[0].weight_mask.clone()  # type: ignore[operator]
    train(network, data, QUICK, masks=network)
    network(data[0])
    assert not network[0].weight[~mask.bool()].any()  # type: ignore[index]
    assert not network[0].weight_orig[~mask.bool()].any()  # type: ignore[index]


class Named(nn.Module):
    """A network as another library has it: it gives a dictionary."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: Tensor) -> dict[str, Tensor | None]:
        """Give the logits and what else there is."""
        logits = self.inner(inputs)
        return {"loss": None, "logits": logits, "hidden": logits.new_zeros(len(logits), 3)}


def test_a_network_that_gives_more_than_logits(network: nn.Sequential, data: Pair) -> None:
    named = Named(network)
    pruned = prune(named, "snip", 0.5, data=data)
    assert set(pruned.masks) == {"inner.0.weight", "inner.2.weight"}
    before = F.cross_entropy(network(data[0]), data[1]).item()
    train(named, data, QUICK, masks=pruned)
    assert type(named) is Named
    assert F.cross_entropy(named(data[0])["logits"], data[1]).item() < before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"epoch": 3}, "Did you mean 'epochs'"),
        ({"training": 3}, r"Training\(epochs=5\), or epochs=5, not as a int"),
        ({"data": []}, "has no images"),
        ({"data": TensorDataset(torch.zeros(4, 12), torch.zeros(4))}, r"DataLoader\(data"),
        ({"data": 3}, "is a int"),
        ({"validation": []}, "`validation` has no images"),
        ({"augment": "crop"}, "have your loader"),
        ({"until": "test accuracy > 0.9"}, "validation=loader"),
        ({"masks": {"5.weight": torch.ones(2, 2, dtype=torch.bool)}}, "no parameters of the network"),
        ({"lr": 1e30}, "not finite"),
        ({"data": (torch.zeros(4, 7), torch.zeros(4, dtype=torch.int64))}, r"cannot be run on inputs of shape \(7,\)"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: dict[str, Any], sentence: str, network: nn.Sequential, data: Pair
) -> None:
    with pytest.raises(UserError, match=sentence):
        train(network, **{"data": data, "training": QUICK, **arguments})


def test_nothing_to_train(network: nn.Sequential, data: Pair) -> None:
    with pytest.raises(UserError, match="requires a gradient"):
        train(network.requires_grad_(False), data)
