"""Networks and functions that are at hand under corruptions, held to tickets and to plain loops."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.utils.prune as torch_prune
from torch import Tensor, nn

from analysis import robustness
from analysis.corruptions import corrupt
from pruning import Recipe, Training, UserError, find_ticket
from pruning.data import load_data
from tests.pruning.library.test_features import Twice

Images = tuple[Tensor, Tensor]


@pytest.fixture(scope="module")
def images() -> Images:
    test = load_data("digits").test
    return test.images[:40], test.labels[:40]


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def test_a_network_is_shown_the_corrupted_images_on_the_scale_of_one(network: nn.Sequential, images: Images) -> None:
    found = robustness.evaluate({"mine": network}, *images, ["fog", "contrast"], [2])
    for name in ("fog", "contrast"):
        logits = network(corrupt(images[0], name, 2).float() / 255)
        ours = found[found["corruption"] == name]
        assert ours["prediction"].tolist() == logits.argmax(dim=1).tolist()
        assert ours["confidence"].to_numpy() == pytest.approx(logits.softmax(1).amax(1).detach().numpy(), abs=1e-6)
    assert not found["angle"].isna().any()


def test_a_network_and_its_function_agree_but_for_the_geometry(network: nn.Sequential, images: Images) -> None:
    first, second = (network[index] for index in (1, 3))
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    weights = [value.detach().numpy() for layer in (first, second) for value in (layer.weight, layer.bias)]

    def theirs(batch: Tensor) -> np.ndarray:
        hidden = np.maximum(batch.flatten(1).numpy() @ weights[0].T + weights[1], 0)
        return hidden @ weights[2].T + weights[3]

    found = robustness.evaluate({"mine": network, "theirs": theirs}, *images, ["fog"], [3])
    mine, other = (found[found["ticket"] == name].reset_index(drop=True) for name in ("mine", "theirs"))
    assert np.array_equal(mine["prediction"], other["prediction"])
    assert mine["confidence"].to_numpy() == pytest.approx(other["confidence"].to_numpy(), abs=1e-6)
    assert other[["angle", "length", "margin"]].isna().all().all()


def test_logits_are_taken_among_what_a_network_or_a_function_gives(network: nn.Sequential, images: Images) -> None:
    class Wrapped(nn.Sequential):
        def forward(self, batch: Tensor) -> Any:
            return SimpleNamespace(logits=super().forward(batch))

    def function(batch: Tensor) -> dict[str, Tensor]:
        return {"hidden": torch.zeros(len(batch), 3), "logits": network(batch)}

    found = robustness.evaluate({"a": network, "b": Wrapped(*network), "c": function}, *images, ["fog"], [3])
    first, second, third = (found[found["ticket"] == name].drop(columns="ticket") for name in "abc")
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))
    assert first["prediction"].tolist() == third["prediction"].tolist()


def test_a_network_stands_beside_a_ticket_and_equals_it_under_its_normalisation(images: Images) -> None:
    ticket = find_ticket(
        Recipe(model="lenet300", data="digits", criterion="magnitude", sparsity=0.5, training=Training(epochs=1))
    )
    ways = tuple(ticket.info.mean), tuple(ticket.info.std)
    both: dict[str, Any] = {"ticket": ticket, "network": ticket.model()}
    found = robustness.evaluate(both, *images, ["brightness"], [1], normalisation=ways)
    one, other = (found[found["ticket"] == name].drop(columns="ticket").reset_index(drop=True) for name in both)
    assert one.equals(other)


def test_the_network_is_left_as_it_was(network: nn.Sequential, images: Images) -> None:
    network.train()
    assert isinstance(network[1], nn.Linear)
    torch_prune.l1_unstructured(network[1], "weight", 0.5)
    network(torch.zeros(1, 64))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    robustness.evaluate({"mine": network}, *images, ["fog"], [1])
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (Twice(), r"'it': The network gives a tuple of tensors .* nothing says which are the logits"),
        (nn.Linear(3, 10), r"'it': The network cannot read images of shape \(1, 8, 8\)"),
        (lambda batch: batch, r"'it': Of 2 images the network gives \[2, 1, 8, 8\]"),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), "Label 9 names no class: 'it' has 4"),
        ("resnet18", "'it' is a str"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(model: Any, sentence: str, images: Images) -> None:
    with pytest.raises(UserError, match=sentence):
        robustness.evaluate({"it": model}, *images, ["fog"], [1])


def test_arrays_and_one_corruption_alone() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    images, labels = torch.randint(0, 256, (12, 1, 8, 8), dtype=torch.uint8), torch.arange(12) % 3
    expected = robustness.evaluate({"mine": network}, images, labels, ["fog"], [2])
    found = robustness.evaluate({"mine": network}, images.numpy(), labels.numpy(), "fog", 2)
    pd.testing.assert_frame_equal(found, expected)
    with pytest.raises(UserError, match=r'Give networks by name, such as \{"mine": network\}, not as a Sequential'):
        robustness.evaluate(network, images, labels)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="a tensor or an array, not a list"):
        robustness.evaluate({"mine": network}, [images], labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_networks_at_hand_compute_in_the_precision_asked_for(precision: str) -> None:
    seen = []

    class Spy(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found = super().forward(x)
            seen.append(found.dtype)
            return found

    network = nn.Sequential(nn.Flatten(), Spy(12, 3))
    images, labels = torch.zeros(2, 3, 2, 2, dtype=torch.uint8), torch.tensor([0, 1])
    list(robustness.iterate({"mine": network}, images, labels, [robustness.CLEAN], device="cpu", precision=precision))
    assert seen[-1] == getattr(torch, precision)


def test_an_unknown_precision_is_refused() -> None:
    images, labels = torch.zeros(2, 3, 2, 2, dtype=torch.uint8), torch.tensor([0, 1])
    with pytest.raises(UserError, match="Precision 'half' is not known; there are auto, float32, bfloat16"):
        robustness.iterate({"mine": nn.Flatten()}, images, labels, [robustness.CLEAN], precision="half")
