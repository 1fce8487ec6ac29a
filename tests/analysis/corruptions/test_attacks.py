"""Attacks: a linear network, whose worst images are known, finite differences, and what must not change."""

import copy
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.corruptions import SEVERITIES, attacks
from analysis.corruptions.attacks import EPSILONS, attack
from pruning.data import Dataset, load_data, normalise
from pruning.errors import UserError
from tests.analysis.corruptions.pictures import pictures

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)
NAMES = ("fgsm", "pgd")


class Net(nn.Module):
    """A small network with everything that has a mode: batch normalisation and dropout."""

    def __init__(self, channels: int = 3, classes: int = 5) -> None:
        super().__init__()
        torch.default_generator.manual_seed(3)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5)
        )
        self.head = nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).mean(dim=(2, 3)))


def labels(count: int, classes: int = 5) -> Tensor:
    return torch.arange(count) % classes


def linear(weight: Tensor) -> nn.Module:
    """A network of two classes whose logits differ by the product of `weight` with the input."""
    layer = nn.Linear(weight.numel(), 2)
    with torch.no_grad():
        layer.weight.copy_(torch.stack([torch.zeros(weight.numel()), weight.flatten()]))
    return nn.Sequential(nn.Flatten(), layer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_linear_network_is_attacked_at_its_best(name: str, severity: int) -> None:
    images = pictures(7, 3, 6, 5)
    weight = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(0))
    truth = torch.tensor([0, 1, 0, 1, 1, 0, 1])
    found = attack(linear(weight), images, truth, name, severity, mean=MEAN, std=STD).int()
    # The loss grows with the logit of the wrong class: each byte goes as far as it may with, or against, its weight.
    toward = torch.where(truth == 0, 1, -1)[:, None, None, None] * weight.sign()
    best = (images.int() + EPSILONS[severity - 1] * toward).clamp(0, 255).int()
    assert torch.equal(found, best)


def test_the_direction_is_that_of_finite_differences() -> None:
    images, truth = pictures(2, 3, 5, 4), torch.tensor([1, 4])
    net = Net().eval()
    change = attack(net, images, truth, "fgsm", 3, mean=MEAN, std=STD).int() - images.int()
    exact = copy.deepcopy(net).double()

    def loss(levels: Tensor) -> Tensor:
        scaled = (levels / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
        return F.cross_entropy(exact(scaled), truth, reduction="none")

    compared = 0
    for place in range(images[0].numel()):
        step = torch.zeros(images[0].numel(), dtype=torch.float64)
        step[place] = 1e-3
        step = step.view(images[0].shape)
        slope = (loss(images.double() + step) - loss(images.double() - step)).detach()
        moved = change.flatten(1)[:, place]
        free = (images.flatten(1)[:, place] >= 4) & (images.flatten(1)[:, place] <= 251) & (slope.abs() > 1e-12)
        assert torch.equal(moved[free], (4 * slope.sign()).int()[free])
        compared += int(free.sum())
    assert compared > 60


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_no_byte_changes_by_more_than_eps(name: str, channels: int) -> None:
    images = pictures(9, channels, 12, 11)
    for severity, eps in zip(SEVERITIES, (1, 2, 4, 8, 16), strict=True):
        found = attack(Net(channels), images, labels(9), name, severity, mean=MEAN[:channels], std=STD[:channels])
        assert found.dtype == torch.uint8
        assert found.shape == images.shape
        assert (found.int() - images.int()).abs().max() == eps


def test_the_normalisation_enters_the_gradient() -> None:
    # The network is the square of the only input, so the direction is decided by which side of the mean a byte is on.
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            z = (x**2).flatten(1).sum(dim=1, keepdim=True) * self.scale
            return torch.cat([-z, z], dim=1)

    images = torch.full((1, 1, 2, 2), 100, dtype=torch.uint8)
    for mean, expected in ((0.2, 104), (0.6, 96)):
        found = attack(Square(), images, torch.tensor([0]), "fgsm", 3, mean=(mean,), std=(0.5,))
        assert (found == expected).all()


class Trained(NamedTuple):
    net: nn.Module
    data: Dataset

    def attacked(self, name: str, severity: int) -> Tensor:
        test = self.data.test
        return attack(self.net, test.images, test.labels, name, severity, mean=self.data.mean, std=self.data.std)

    def loss(self, images: Tensor) -> tuple[float, float]:
        """Cross-entropy and accuracy."""
        with torch.no_grad():
            logits = self.net(normalise(images, self.data.mean, self.data.std))
        right = logits.argmax(dim=1) == self.data.test.labels
        return F.cross_entropy(logits, self.data.test.labels).item(), right.double().mean().item()


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A network that knows the digits."""
    data = load_data("digits")
    torch.default_generator.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    inputs = normalise(data.train.images, data.mean, data.std)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(net(inputs), data.train.labels).backward()
        optimiser.step()
    return Trained(net, data)


def test_pgd_finds_more_than_fgsm_and_both_more_than_chance(trained: Trained) -> None:
    images = trained.data.test.images
    clean, accuracy = trained.loss(images)
    assert accuracy > 0.9
    noise = torch.randint(0, 2, images.shape, generator=torch.Generator().manual_seed(1)).mul_(2).sub_(1)
    chance, _ = trained.loss((images.int() + EPSILONS[-1] * noise).clamp(0, 255).to(torch.uint8))
    fgsm, under_fgsm = trained.loss(trained.attacked("fgsm", 5))
    pgd, under_pgd = trained.loss(trained.attacked("pgd", 5))
    assert clean < chance < fgsm <= pgd
    assert accuracy > under_fgsm >= under_pgd
    losses = [trained.loss(trained.attacked("pgd", severity))[0] for severity in SEVERITIES]
    assert losses == sorted(losses)


def test_a_network_that_is_certain_is_attacked_all_the_same() -> None:
    # Of logits this far apart, cross-entropy has a gradient of exactly zero.
    images = torch.full((1, 1, 4, 4), 128, dtype=torch.uint8)
    net = linear(torch.full((1, 4, 4), 1e4))
    found = attack(net, images, torch.tensor([1]), "fgsm", 2, mean=(0.0,), std=(1.0,))
    assert (found == 126).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["convolution", "linear"])
def test_an_image_gets_the_same_in_any_batch(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacks, "IMAGES_AT_ONCE", 16)
    images, truth = pictures(37, 3, 12, 12), labels(37)
    torch.default_generator.manual_seed(1)
    net = (
        Net() if kind == "convolution" else nn.Sequential(nn.Flatten(), nn.Linear(432, 30), nn.ReLU(), nn.Linear(30, 5))
    )
    whole = attack(net, images, truth, name, 4, mean=MEAN, std=STD, seed=2)
    assert torch.equal(attack(net, images, truth, name, 4, mean=MEAN, std=STD, seed=2), whole)
    order = torch.randperm(37, generator=torch.Generator().manual_seed(0))
    for part in order.split(5):
        found = attack(net, images[part], truth[part], name, 4, mean=MEAN, std=STD, seed=2, index=part)
        assert torch.equal(found, whole[part])
    again = attack(net, images, truth, name, 4, mean=MEAN, std=STD, seed=3)
    assert torch.equal(again, whole) == (name == "fgsm")


def test_the_network_is_left_as_it_was() -> None:
    net = Net().train()
    net.body[1].eval()
    for place, parameter in enumerate(net.parameters()):
        parameter.requires_grad_(place % 2 == 0)
        parameter.grad = torch.full_like(parameter, 7.0) if place == 0 else None
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.inference_mode():
        attack(net, pictures(3, 3, 8, 8), labels(3), "pgd", 3, mean=MEAN, std=STD)
    assert [part.training for part in net.body] == [True, False, True, True]
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    for place, parameter in enumerate(net.parameters()):
        assert parameter.requires_grad == (place % 2 == 0)
        assert (parameter.grad is None) == (place != 0)
    kept = next(net.parameters()).grad
    assert kept is not None
    assert kept.eq(7).all()


def test_its_mode_does_not_matter_nor_that_gradients_are_off() -> None:
    images, truth = pictures(4, 3, 8, 8), labels(4)
    expected = attack(Net().eval(), images, truth, "pgd", 3, mean=MEAN, std=STD)
    frozen = Net().train().requires_grad_(False)
    with torch.inference_mode():
        assert torch.equal(attack(frozen, images * 1, truth * 1, "pgd", 3, mean=MEAN, std=STD), expected)


def test_no_images_come_back_as_none() -> None:
    empty = torch.empty(0, 3, 8, 8, dtype=torch.uint8)
    assert attack(Net(), empty, labels(0), "pgd", 1, mean=MEAN, std=STD).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    ("images", "truth", "name", "severity", "message"),
    [
        (pictures(2, 3, 8, 8), labels(2), "pdg", 1, "Unknown attack 'pdg'. Did you mean 'pgd'"),
        (pictures(2, 3, 8, 8), labels(2), "fog", 1, "Unknown attack 'fog'"),
        (pictures(2, 3, 8, 8), labels(2), "pgd", 6, "Severity 6 .* 1 to 5"),
        (pictures(2, 3, 8, 8).float(), labels(2), "pgd", 1, "must be bytes"),
        (pictures(2, 3, 8, 8), labels(3), "pgd", 1, r"one label, int64, for each of the 2 images .* \[3\]"),
        (pictures(2, 3, 8, 8), labels(2).float(), "pgd", 1, "one label, int64, .* torch.float32"),
        (pictures(2, 3, 8, 8), [0, 1], "pgd", 1, "one label, int64, .* list"),
        (pictures(2, 3, 8, 8), torch.tensor([0, 5]), "pgd", 1, "Label 5 names no class: .* has 5"),
        (pictures(2, 3, 8, 8), torch.tensor([0, -1]), "pgd", 1, "Label -1 names no class"),
    ],
)
def test_bad_input_is_one_sentence(images: Tensor, truth: Tensor, name: str, severity: int, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        attack(Net(), images, truth, name, severity, mean=MEAN, std=STD)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_without_a_gradient_is_refused(value: float) -> None:
    net = Net()
    with torch.no_grad():
        net.head.weight[2, 3] = value
    net.train()
    with pytest.raises(UserError, match="gradient by the image is not finite"):
        attack(net, pictures(2, 3, 8, 8), labels(2), "pgd", 1, mean=MEAN, std=STD)
    assert net.training
