"""Networks of tickets and of weights from elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from analysis.engine.classifier import IMAGENET, Classifier
from pruning.data import Dataset, Split, load_data, normalise
from pruning.errors import UserError
from pruning.models import build_model
from pruning.ticket import Ticket

DATA = load_data("digits")


def of_images(images: Tensor) -> Dataset:
    """A data set with ten classes of these images."""
    split = Split(images, DATA.test.labels[: len(images)])
    return replace(DATA, name="fake", train=split, test=split)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights as public files hold them."""
    state = build_model("lenet300", 10, DATA.shape, seed=4).state_dict()
    path = tmp_path / "net.th"
    torch.save({"state_dict": {f"module.{name}": value for name, value in state.items()}, "best_prec1": 91.7}, path)
    return path


def test_weights_are_those_of_the_file(weights: Path) -> None:
    found = Classifier.of_weights("lenet300", weights, DATA)
    images = DATA.test.images[:50]
    expected = build_model("lenet300", 10, DATA.shape, seed=4).eval()(normalise(images, DATA.mean, DATA.std))
    assert torch.equal(found.predict(images).cpu(), expected.argmax(dim=1))
    other = Classifier.of_weights("lenet300", weights, DATA, mean=(0.9,), std=(0.01,))
    expected = build_model("lenet300", 10, DATA.shape, seed=4).eval()(normalise(images, (0.9,), (0.01,)))
    assert torch.equal(other.predict(images).cpu(), expected.argmax(dim=1))


def test_colour_images_are_normalised_as_imagenet_is(tmp_path: Path) -> None:
    colour = of_images(DATA.test.images.expand(-1, 3, -1, -1))
    torch.save(build_model("resnet20", 10, colour.shape, seed=0).state_dict(), tmp_path / "net.pt")
    found = Classifier.of_weights("resnet20", tmp_path / "net.pt", colour)
    assert (found.mean, found.std) == IMAGENET
    assert not found.module.training


def test_a_ticket_brings_its_normalisation(found_study: Path) -> None:
    path = min((found_study / "tickets").glob("*.safetensors"))
    ticket = Ticket.load(path)
    found = Classifier.of_ticket(path, DATA)
    right = (found.predict(DATA.test.images).cpu() == DATA.test.labels).double().mean().item()
    assert right == pytest.approx(ticket.info.accuracy, abs=1e-6)
    with pytest.raises(UserError, match=r"is for 10 classes of images \(1, 8, 8\) .* 'fake' has 10 of \(1, 9, 9\)"):
        Classifier.of_ticket(path, of_images(torch.zeros(4, 1, 9, 9, dtype=torch.uint8)))


def test_files_that_will_not_do(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no file .*gone\.pt"):
        Classifier.of_weights("lenet300", tmp_path / "gone.pt", DATA)
    (tmp_path / "cut.pt").write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(UserError, match=r"cut\.pt cannot be read"):
        Classifier.of_weights("lenet300", tmp_path / "cut.pt", DATA)
    with pytest.raises(UserError, match=r"net\.th do not fit the model 'resnet20'"):
        Classifier.of_weights("resnet20", weights, DATA)
    with pytest.raises(UserError, match="values, and the images have 1 channels"):
        Classifier.of_weights("lenet300", weights, DATA, mean=(0.1, 0.2, 0.3))
