"""Attacks by gradient: the optimum of linear networks, balls that nothing leaves, and steps that adapt."""

import numpy as np
import pytest
import torch
from pyautoattack import AutoAttack
from torch import Tensor

from analysis.security import autoattack, gradient
from analysis.security.pixels import ROUNDING, Ball, Pixels
from pruning.errors import UserError
from tests.analysis.security.linear import bent, known, linear

SIZES = [("linf", 0.5), ("linf", 1.5), ("l2", 0.02), ("l2", 0.04)]
BALLS = [Ball(norm, size) for norm, size in SIZES]  # type: ignore[arg-type]


@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.name)
def test_of_a_linear_network_it_finds_all_that_can_be_found(ball: Ball) -> None:
    network, images, labels = linear()
    found = gradient.withstood(network, images, labels, ball)
    expected = known(network, images, labels, ball)
    assert 0.05 < expected.mean() < found["clean"].mean() == pytest.approx(0.9, abs=0.01)
    # The loss is a mean over classes, so that the steps may stop short of the class that is easiest to reach.
    assert not (~found["steps"] & expected).any()
    assert (found["steps"] & ~expected).mean() < 0.08
    assert not (~found["one_step"] & expected).any()


@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.name)
def test_of_two_classes_one_step_is_exact(ball: Ball) -> None:
    network, images, labels = linear(classes=2, seed=3)
    expected = known(network, images, labels, ball)
    found = gradient.withstood(network, images, labels, ball)
    assert (found["one_step"] == expected).all()
    assert not (~found["steps"] & expected).any()
    assert (found["steps"] & ~expected).mean() < 0.02  # twenty steps come close to the best point of a sphere
    assert 0 < expected.mean() < 0.9


@pytest.mark.parametrize("ball", [*BALLS, Ball("l2", 3.0), Ball("linf", 255)], ids=lambda ball: ball.name)
def test_no_image_leaves_the_ball_or_the_range_of_pixels(ball: Ball) -> None:
    network, images, labels = linear()
    chance = torch.Generator().manual_seed(0)
    for made in (
        gradient.one_step(network, images[:100], labels[:100], ball),
        gradient.steps(network, images[:100], labels[:100], ball, chance),
    ):
        assert ball.length(made - images[:100]).max() <= ball.radius * (1 + ROUNDING)
        assert made.min() >= 0
        assert made.max() <= 1


def test_starts_are_uniform_in_the_ball() -> None:
    ball, chance = Ball("l2", 2.0), torch.Generator().manual_seed(1)
    drawn = ball.start(torch.Size((4000, 1, 2, 2)), chance)
    shares = (ball.length(drawn) / 2) ** 4  # of the ball's volume within: uniform
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.max() <= 1
    assert drawn.mean(dim=0).abs().max() < 0.06


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    network, images, labels = linear()
    ball = Ball("l2", 0.05)
    assert np.array_equal(
        gradient.withstood(network, images[:110], labels[:110], ball)["steps"],
        gradient.withstood(network, images, labels, ball)["steps"][:110],
    )


@pytest.mark.parametrize("ball", [Ball("linf", 6.0), Ball("l2", 0.2)], ids=lambda ball: ball.name)
def test_steps_do_about_as_much_harm_as_those_that_adapt(ball: Ball) -> None:
    """APGD has five times the iterations on the same loss, by its authors' code."""
    network, images, labels = bent(100)
    attack = AutoAttack(network, norm=autoattack.NORMS[ball.norm], eps=ball.radius, seed=0).apgd
    attack.loss = "ce"
    share = float(network.right(attack.perturb(images, labels), labels).float().mean())
    own = gradient.withstood(network, images, labels, ball)["steps"].mean()
    assert 0.02 < share < 0.9
    assert own == pytest.approx(share, abs=0.03)


def test_what_is_not_finite_is_a_sentence() -> None:
    _, images, labels = linear()

    class Broken(torch.nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1)[:, :6] * torch.nan

    with pytest.raises(UserError, match="not finite"):
        gradient.withstood(Pixels(Broken(), (0.5,), (0.25,), 0), images, labels, Ball("l2", 1.0))
