"""AutoAttack: the optimum of linear networks, the package's own evaluation, the global random numbers untouched."""

import sys

import pyautoattack
import pytest
import torch
from torch import Tensor

from analysis.security import autoattack
from analysis.security.pixels import Ball, Pixels
from pruning.errors import UserError
from pruning.training.seeds import derived_seed
from tests.analysis.security.linear import bent, known, linear

BALLS = [Ball("linf", 1.5), Ball("l2", 0.04)]


@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.name)
def test_of_a_linear_network_it_finds_all_that_can_be_found(ball: Ball, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoattack, "ITERATIONS", 30)
    network, images, labels = linear()
    images, labels = images[:110], labels[:110]
    told: list[float] = []
    state = torch.random.get_rng_state()
    found = autoattack.withstood(
        network, images, labels, ball, queries=60, progress=lambda share, text: told.append(share)
    )
    expected = known(network, images, labels, ball)
    assert found.keys() == {"clean", *autoattack.PARTS}
    assert (found["apgd"] == expected).all()
    assert (found["autoattack"] == expected).all()
    for name in autoattack.PARTS:
        assert not (~found[name] & expected).any(), "what no attack can reach was reached"
    assert (found["white"] <= found["apgd"]).all()
    assert (found["apgd"] <= found["apgd_ce"]).all()
    assert (found["square"] <= found["clean"]).all()
    assert found["square"].mean() < found["clean"].mean()
    again = autoattack.withstood(network, images, labels, ball, queries=60)
    assert all((found[name] == again[name]).all() for name in found)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert told == sorted(told)
    assert max(told) <= 1
    assert 0 < expected.mean() < 0.9


def test_nothing_shown_leaves_the_ball(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every iterate counts that is misclassified, so every one must be allowed."""
    monkeypatch.setattr(autoattack, "ITERATIONS", 8)
    ball = Ball("l2", 0.4)
    network, images, labels = linear()
    images, labels, farthest = images[:40], labels[:40], []

    class Looking(Pixels):
        def forward(self, shown: Tensor) -> Tensor:
            near = torch.cdist(shown.detach().flatten(1), images.flatten(1)).amin(dim=1)
            if shown.requires_grad:
                farthest.append(float(near.max()))
            return super().forward(shown)

    autoattack.withstood(Looking(network.module, (0.5,), (0.25,), 0), images, labels, ball, queries=2)
    assert len(farthest) >= 8
    assert max(farthest) <= 0.4 * (1 + 1e-4)


@pytest.mark.parametrize("ball", [Ball("linf", 6.0), Ball("l2", 0.2)], ids=lambda ball: ball.name)
def test_by_gradient_it_is_the_standard_evaluation_of_the_package(ball: Ball) -> None:
    network, images, labels = bent(60, classes=10)
    found = autoattack.withstood(network, images, labels, ball, seed=3, queries=1)
    seed = derived_seed(3, "autoattack", ball.name, 0) % 2**32
    norm = autoattack.NORMS[ball.norm]
    package = pyautoattack.AutoAttack(network, norm=norm, eps=ball.radius, seed=seed, version="standard")
    package.attacks_to_run = ["apgd-ce", "apgd-t", "fab-t"]
    made, _ = package.run_standard_evaluation(images, labels)
    assert (network.right(made, labels).numpy() == found["white"]).all()
    assert 0 < found["white"].mean() < 0.9


def test_fab_alone_finds_the_nearest_boundary() -> None:
    """With three classes there is no targeted ratio, and cross-entropy does not look for the class that is nearest."""
    ball = Ball("linf", 1.5)
    network, images, labels = linear(classes=3)
    found = autoattack.withstood(network, images, labels, ball, queries=2)
    assert (found["apgd"] == found["apgd_ce"]).all()
    assert (found["white"] == known(network, images, labels, ball)).all()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    network, images, labels = linear()
    with pytest.raises(UserError, match=r"pip install \"pruning-side-by-side\[attacks\]\""):
        autoattack.withstood(network, images, labels, Ball("l2", 1.0))


@pytest.mark.parametrize("shape", [(9, 14), (9, 9), (5, 5), (3, 3)])
@pytest.mark.parametrize("ball", [Ball("linf", 8.0), Ball("l2", 0.5)], ids=lambda ball: ball.name)
def test_images_of_any_shape_are_attacked_or_it_is_a_sentence(
    ball: Ball, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoattack, "ITERATIONS", 2)
    network, images, labels = bent(12, shape)
    if ball.norm == "l2" and shape in ((9, 14), (3, 3)):
        with pytest.raises(UserError, match="needs square images"):
            autoattack.withstood(network, images, labels, ball, queries=5)
    else:
        assert len(autoattack.withstood(network, images, labels, ball, queries=5)["square"]) == 12


@pytest.mark.parametrize("images", [1, 2])
def test_single_images_are_attacked(images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoattack, "ITERATIONS", 3)
    network, shown, labels = bent(images)
    found = autoattack.withstood(network, shown, labels, Ball("linf", 60.0), queries=5)
    assert found["clean"].all()
    assert not found["autoattack"].any()
