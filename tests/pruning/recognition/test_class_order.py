"""A network whose classes come in another order is told from one that guesses, and the order is said."""

import dataclasses
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from pruning.data import Dataset, load_data, normalise
from pruning.models import build_model
from pruning.recognition import choose_normalisation
from pruning.recognition.class_order import class_order, in_words

ORDER = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])


@pytest.mark.parametrize("classes", [2, 3, 10, 40])
@pytest.mark.parametrize("right", [0.7, 1.0])
def test_any_order_is_found_and_accuracy_is_that_of_the_order(classes: int, right: float) -> None:
    numbers = torch.Generator().manual_seed(classes)
    labels = torch.arange(classes * 30) % classes
    order = (torch.arange(classes) + 1) % classes
    noise = torch.rand(len(labels), generator=numbers) > right
    others = torch.randint(0, classes, labels.shape, generator=numbers)
    predicted = torch.where(noise, others, order[labels])
    found = class_order(predicted, labels, classes)
    assert found is not None
    assert found.outputs == tuple(order.tolist())
    assert found.accuracy == pytest.approx(float((predicted == order[labels]).double().mean()))


def test_two_that_are_swapped() -> None:
    labels = torch.arange(400) % 10
    predicted = torch.where(labels == 2, 7, torch.where(labels == 7, 2, labels))
    found = class_order(predicted, labels, 10)
    assert found is not None
    said = in_words(found, [f"c{n}" for n in range(10)])
    assert "('c2' is its output 7, 'c7' is its output 2, counted from 0): with its order 100.0% are right" in said


def others() -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
    """Predictions that have no other order: right ones, guesses, one class only, two classes mixed, too few images."""
    numbers = torch.Generator().manual_seed(1)
    labels = torch.arange(500) % 10
    yield labels, labels, 10
    yield torch.randint(0, 10, labels.shape, generator=numbers), labels, 10
    yield torch.full_like(labels, 3), labels, 10
    yield torch.where((labels == 2) & (torch.arange(500) % 20 < 10), 7, labels), labels, 10
    many = torch.arange(1000)
    yield many.roll(1), many, 1000


@pytest.mark.parametrize("number", range(5))
def test_what_is_no_other_order(number: int) -> None:
    assert class_order(*list(others())[number]) is None


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_data("digits")


@pytest.fixture(scope="module")
def network(digits: Dataset) -> nn.Module:
    """A small network trained a little with mean and deviation 0.5."""
    model = build_model("lenet300", digits.num_classes, digits.shape, 0)
    inputs = normalise(digits.train.images, (0.5,), (0.5,))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), digits.train.labels).backward()
        optimizer.step()
    return model


def test_the_normalisation_is_found_under_another_order(digits: Dataset, network: nn.Module) -> None:
    """Labels renamed by a table are the network's in another order."""
    plain = choose_normalisation(network, digits)
    train = dataclasses.replace(digits.train, labels=ORDER.argsort()[digits.train.labels])
    found = choose_normalisation(network, dataclasses.replace(digits, train=train))
    assert found.name == plain.name == "half"
    assert "in another order ('0' is its output 3, '2' is its output 4, '3' is its output 0" in found.sentence
    assert "guessing" not in found.sentence
    assert "another order" not in plain.sentence


def test_that_of_the_study_comes_first_unless_another_is_better(digits: Dataset, network: nn.Module) -> None:
    near = (0.51,), (0.5,)
    found = choose_normalisation(network, digits, first=near)
    assert (found.name, found.mean, found.std) == ("study", *near)
    assert "the study's own" in found.sentence
    far = choose_normalisation(network, digits, first=((30.0,), (0.5,)))
    assert far.name == "half"
    assert far.accuracies["study"] < far.accuracies["half"]
