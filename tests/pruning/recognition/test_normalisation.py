"""The normalisation under which a network was trained is found by trying."""

import dataclasses

import pytest
import torch
from torch import nn

from pruning.data import Dataset, Split, load_data, normalise
from pruning.errors import UserError
from pruning.models import build_model
from pruning.recognition import choose_normalisation
from pruning.recognition.normalisation import IMAGES, balanced_rows, known_ways


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_data("digits")


def trained(data: Dataset, mean: float, std: float) -> nn.Module:
    """A small network trained a little on images normalised so."""
    model = build_model("lenet300", data.num_classes, data.shape, 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    images, labels = normalise(data.train.images, (mean,), (std,)), data.train.labels
    for start in range(40):
        rows = torch.arange(start * 64, start * 64 + 64) % len(labels)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model


def test_that_of_the_training_is_found_and_the_network_left_as_it_was(digits: Dataset) -> None:
    model = trained(digits, 0.5, 0.5)
    found = choose_normalisation(model, digits)
    assert (found.name, found.mean, found.std) == ("half", (0.5,), (0.5,))
    assert not found.doubtful
    assert list(found.accuracies) == list(known_ways(digits)) == ["mnist", "data", "half", "none"]
    assert model.training
    rows = balanced_rows(digits.train.labels, IMAGES)
    with torch.no_grad():
        logits = model(normalise(digits.train.images[rows], (0.5,), (0.5,)))
    labels = digits.train.labels[rows]
    assert found.accuracies["half"] == pytest.approx(float((logits.argmax(1) == labels).double().mean()))
    assert found.losses["half"] == pytest.approx(float(nn.functional.cross_entropy(logits, labels)), rel=1e-5)
    assert f"half {found.accuracies['half']:.1%}" in found.sentence
    assert choose_normalisation(model, digits) == found


def test_what_a_wrapper_kept_is_tried_too(digits: Dataset) -> None:
    model = trained(digits, 4.0, 0.3)
    state = {"mu": torch.tensor([4.0]).view(1, 1, 1, 1), "sigma": torch.tensor([0.3]), "fc1.weight": torch.zeros(3, 3)}
    found = choose_normalisation(model, digits, state=state)
    assert found.name == "checkpoint"
    assert (found.mean, found.std) == ((4.0,), (pytest.approx(0.3),))


def test_one_that_is_given_is_measured_only(digits: Dataset) -> None:
    model = trained(digits, 0.5, 0.5)
    assert choose_normalisation(model, digits, "none").accuracies.keys() == {"none"}
    found = choose_normalisation(model, digits, ((0.1,), (0.2,)))
    assert (found.name, found.mean, found.std) == ("given", (0.1,), (0.2,))
    with pytest.raises(UserError, match="Unknown normalisation 'imagnet'"):
        choose_normalisation(model, digits, "imagnet")


def test_a_network_that_only_guesses_is_doubted(digits: Dataset) -> None:
    found = choose_normalisation(build_model("lenet300", 10, digits.shape, 0), digits)
    assert found.doubtful
    assert "guessing" in found.sentence


def test_rows_are_balanced_and_spread() -> None:
    labels = torch.tensor([0] * 100 + [1] * 7 + [2] * 50)
    rows = balanced_rows(labels, 60)
    assert labels[rows].bincount().tolist() == [20, 7, 20]
    assert rows[:20].tolist() == list(range(0, 100, 5))
    assert len(balanced_rows(torch.arange(2000), 512)) == 512


def test_colour_images_know_the_usual_ones(digits: Dataset) -> None:
    colour = Split(digits.train.images.expand(-1, 3, -1, -1), digits.train.labels)
    data = dataclasses.replace(digits, train=colour, mean=digits.mean * 3, std=digits.std * 3)
    assert known_ways(data)["imagenet"] == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert {"cifar10", "cifar100", "half", "none", "data"} < known_ways(data).keys()
