"""Inputs, labels and outputs of networks at hand: brought to what is wanted, or refused in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from pruning import UserError, features, prune, score, train
from pruning.library import reconstruct

Pair = tuple[Tensor, Tensor]


class Small(nn.Module):
    """A network of four classes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        """Give the logits."""
        logits: Tensor = self.head(torch.relu(self.stem(images)).mean(dim=(2, 3)))
        return logits


@pytest.fixture
def network() -> Small:
    return Small()


@pytest.fixture
def data() -> Pair:
    return torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(32) % 4


class Several(nn.Module):
    """A network that gives its logits among others of their shape, without names: always, or in training mode."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.network, self.always = Small(), always

    def forward(self, images: Tensor) -> Any:
        """Give both."""
        logits = self.network(images)
        return (logits, logits.detach()) if self.always or self.training else logits


CALLS: dict[str, Callable[[nn.Module, Any], object]] = {
    "prune": lambda network, data: prune(network, "snip", 0.5, data=data),
    "score": lambda network, data: score(network, "grasp", data),
    "features": features,
    "train": lambda network, data: train(network, data, epochs=1),
    "reconstruct": lambda network, data: reconstruct(network, prune(network, "magnitude", 0.5), data),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_logits_that_nothing_names_are_a_sentence(call: Callable[..., object], data: Pair) -> None:
    with pytest.raises(UserError, match=r"gives a tuple of tensors \[5, 4\], \[5, 4\].*called 'logits'"):
        call(Several(always=True), data)


def test_without_a_shape_too_it_is_that_nothing_names_them() -> None:
    with pytest.raises(UserError, match="nothing says which are the logits"):
        prune(Several(always=True), "synflow", 0.5)
    assert prune(Several(always=True), "magnitude", 0.5).sparsity == pytest.approx(0.5, abs=0.01)


def test_logits_that_nothing_names_in_training_mode_are_a_sentence(data: Pair) -> None:
    features(Several(always=False), data)
    with pytest.raises(UserError, match="The network, in training mode, gives a tuple of tensors"):
        train(Several(always=False), data, epochs=1)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_inputs_are_brought_to_the_type_of_the_network(
    call: Callable[..., object], kind: torch.dtype, network: Small, data: Pair
) -> None:
    call(network, (data[0].to(kind), data[1]))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_network_in_double_precision_takes_single(call: Callable[..., object], network: Small, data: Pair) -> None:
    call(network.double(), data)


@pytest.mark.parametrize("kind", [torch.int32, torch.uint8, torch.bool])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_labels_are_whole_numbers_of_any_type(
    call: Callable[..., object], kind: torch.dtype, network: Small, data: Pair
) -> None:
    call(network, (data[0], (data[1] % 2).to(kind)))
    call(network, DataLoader(TensorDataset(data[0], (data[1] % 2).to(kind)), 16))


@pytest.mark.parametrize("call", [CALLS[name] for name in CALLS if name != "reconstruct"])
@pytest.mark.parametrize("form", [lambda pair: pair, lambda pair: DataLoader(TensorDataset(*pair), 16)])
def test_a_label_beyond_the_classes_is_a_sentence(
    call: Callable[..., object], form: Callable[[Pair], Any], network: Small, data: Pair
) -> None:
    with pytest.raises(UserError, match="Label 7 names no class: the network has 4, numbered from 0"):
        call(network, form((data[0], torch.where(data[1] == 3, 7, data[1]))))


def test_labels_are_checked_where_they_are_looked_at(network: Small, data: Pair) -> None:
    beyond = data[0], data[1] + 4
    assert reconstruct(network, prune(network, "magnitude", 0.5, data=beyond), beyond)
    with pytest.raises(UserError, match="Label 7 names no class"):
        train(network, data, epochs=1, validation=beyond)
    with pytest.raises(UserError, match="Label 9 names no class: the network has 4"):
        train(nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), "digits", epochs=1)
