"""Features of a network that is at hand, held to what its layers give, and the geometry of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.utils.prune as torch_prune
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from analysis import features as features_of_analysis
from analysis import geometry
from pruning import UserError, features
from pruning.data import load_data, normalise
from pruning.models import build_model

Pair = tuple[Tensor, Tensor]


@pytest.fixture
def data() -> Pair:
    source = torch.Generator().manual_seed(1)
    return torch.randn(50, 2, 6, 6, generator=source), torch.arange(50) % 4


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    body = [nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5)]
    return nn.Sequential(*body, nn.Linear(5 * 16, 4))


@torch.no_grad()
def by_hand(network: nn.Sequential, data: Pair) -> tuple[np.ndarray, np.ndarray]:
    mode = network.training
    inner = network.eval()[:-1](data[0])
    logits = network(data[0])
    network.train(mode)
    return inner.numpy(), logits.numpy()


def test_they_are_what_goes_into_the_last_layer_in_evaluation_mode(network: nn.Sequential, data: Pair) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = features(network, DataLoader(TensorDataset(*data), batch_size=16))
    inner, logits = by_hand(network, data)
    np.testing.assert_allclose(found.features, inner, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.labels, data[1].numpy())
    np.testing.assert_allclose(found.features @ found.weight.T + found.bias, logits, rtol=1e-4, atol=1e-5)
    assert found.accuracy == pytest.approx((logits.argmax(1) == data[1].numpy()).mean())
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert len(repr(found)) < 120
    assert features_of_analysis is features


def test_only_so_many_of_an_endless_loader(network: nn.Sequential, data: Pair) -> None:
    def endless() -> Iterator[Pair]:
        while True:
            yield data

    assert len(features(network, endless(), images=70).labels) == 70


def test_a_data_set_gives_its_test_images() -> None:
    digits, network = load_data("digits"), build_model("lenet300", 10, (1, 8, 8), seed=0)
    found = features(network, digits)
    pair = normalise(digits.test.images, digits.mean, digits.std), digits.test.labels
    np.testing.assert_allclose(found.logits, features(network, pair).logits, rtol=1e-5, atol=1e-6)


def test_the_geometry_of_a_network_is_that_of_its_arrays(network: nn.Sequential, data: Pair) -> None:
    torch_prune.l1_unstructured(network[0], "weight", 0.5)
    inner, logits = by_hand(network, data)
    layer = network[-1]
    assert isinstance(layer, nn.Linear)
    expected = geometry.measure(inner, layer.weight.detach(), layer.bias.detach(), data[1])
    for found in (geometry.measure(network, data), geometry.measure(features(network, data))):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert (expected["prediction"] == logits.argmax(1)).all()


def test_a_function_has_logits_alone(network: nn.Sequential, data: Pair) -> None:
    found = features(lambda inputs: by_hand(network, (inputs, inputs))[1], data)
    np.testing.assert_allclose(found.logits, features(network, data).logits, rtol=1e-4, atol=1e-5)
    assert np.isnan(found.features).all()
    with pytest.raises(UserError, match="A function has no features"):
        geometry.measure(found)


def test_a_network_without_a_classifier_says_so(network: nn.Sequential, data: Pair) -> None:
    bent = nn.Sequential(network, nn.Linear(4, 4), nn.Tanh())
    assert "not linear in the features" in features(bent, data).without
    assert "no classifier, as was said" in features(network, data, classifier="none").without
    with pytest.raises(UserError, match=r"no geometry to measure: .* as was said\."):
        geometry.measure(network, data, classifier="none")


class Twice(nn.Module):
    """A network of two heads."""

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return inputs.flatten(1), inputs.flatten(1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"data": []}, "has no images"),
        ({"data": (torch.zeros(3, 2, 6, 6), torch.arange(3) + 2)}, "Label 4 names no class: the network has 4"),
        ({"data": (torch.zeros(3, 1, 6, 6), torch.arange(3))}, "cannot be run on inputs"),
        ({"data": (torch.zeros(2, 2, 6, 6), torch.arange(2) - 1)}, "Label -1 names no class: labels count from 0"),
        ({"data": (torch.zeros(2, 2, 6, 6), torch.zeros(2, 1))}, r"they are float32 \[2, 1\]"),
        ({"data": [(torch.zeros(2), torch.zeros(2), 3)]}, "gives a tuple of 3: Tensor, Tensor, int"),
        ({"network": Twice()}, "gives a tuple of tensors .* and nothing says which are the logits"),
        ({"network": lambda inputs: torch.zeros(3)}, "must give logits, a row an input"),
        ({"classifier": "head"}, "cannot be 'head'"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: dict[str, Any], sentence: str, network: nn.Sequential, data: Pair
) -> None:
    with pytest.raises(UserError, match=sentence):
        features(**{"network": network, "data": data, **arguments})


def test_features_without_a_classifier_are_asked_for_it(data: Pair) -> None:
    with pytest.raises(UserError, match=r"measure\(features, weight, bias, labels\)"):
        geometry.measure(np.zeros((3, 4)))
