"""The ensemble: the optimum of linear networks, the global random numbers untouched, and its loss by hand."""

import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.security import ensemble
from analysis.security.pixels import Ball, Pixels
from pruning.errors import UserError
from tests.analysis.security.linear import known, linear

BALLS = [Ball("linf", 1.5), Ball("l2", 0.04)]


@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.name)
def test_of_a_linear_network_it_finds_all_that_can_be_found(ball: Ball, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "ITERATIONS", 30)
    network, images, labels = linear()
    images, labels = images[:110], labels[:110]
    told: list[float] = []
    state = np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002
    found = ensemble.withstood(
        network, images, labels, ball, queries=60, progress=lambda share, text: told.append(share)
    )
    expected = known(network, images, labels, ball)
    assert found.keys() == {"clean", *ensemble.PARTS}
    assert (found["apgd"] == expected).all()
    assert (found["ensemble"] == expected).all()
    for name in ensemble.PARTS:
        assert not (~found[name] & expected).any(), "what no attack can reach was reached"
    assert (found["apgd"] <= found["apgd_ce"]).all()
    assert (found["square"] <= found["clean"]).all()
    assert found["square"].mean() < found["clean"].mean()
    again = ensemble.withstood(network, images, labels, ball, queries=60)
    assert all((found[name] == again[name]).all() for name in found)
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == state  # noqa: NPY002
    assert told == sorted(told)
    assert 0 < expected.mean() < 0.9


def test_nothing_shown_leaves_the_ball(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every iterate counts that is misclassified, so every one must be allowed."""
    monkeypatch.setattr(ensemble, "ITERATIONS", 8)
    ball = Ball("l2", 0.4)
    network, images, labels = linear()
    images, labels, farthest = images[:40], labels[:40], []

    class Looking(Pixels):
        def forward(self, shown: Tensor) -> Tensor:
            near = torch.cdist(shown.detach().flatten(1), images.flatten(1)).amin(dim=1)
            if shown.requires_grad:
                farthest.append(float(near.max()))
            return super().forward(shown)

    ensemble.withstood(Looking(network.module, (0.5,), (0.25,), 0), images, labels, ball, queries=2)
    assert len(farthest) >= 8
    assert max(farthest) <= 0.4 * (1 + 1e-4)


def test_the_targeted_ratio_is_that_of_the_paper() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.5, -1.0, -2.0]])
    loss = ensemble._TargetedRatio(torch.tensor([2]))
    one_hot = nn.functional.one_hot(torch.tensor([0]), 5)
    assert float(loss(logits, one_hot)) == pytest.approx(-(3.0 - 0.5) / (3.0 - (0.5 - 1.0) / 2))


def test_three_classes_have_no_targeted_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "ITERATIONS", 10)
    network, images, labels = linear(classes=3)
    found = ensemble.withstood(network, images[:30], labels[:30], Ball("linf", 4.0), queries=2)
    assert (found["apgd"] == found["apgd_ce"]).all()


def test_without_the_toolbox_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "art.attacks.evasion", None)
    network, images, labels = linear()
    with pytest.raises(UserError, match=r"pip install \"pruning-side-by-side\[attacks\]\""):
        ensemble.withstood(network, images, labels, Ball("l2", 1.0))


@pytest.mark.parametrize(("ball", "shape"), [("linf", (9, 14)), ("l2", (9, 9)), ("linf", (5, 5)), ("l2", (3, 3))])
def test_images_of_any_shape_are_attacked_or_it_is_a_sentence(
    ball: str, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble, "ITERATIONS", 2)
    layer = nn.Linear(shape[0] * shape[1], 5)
    network = Pixels(nn.Sequential(nn.Flatten(), layer).eval(), (0.5,), (0.25,), 0)
    images = torch.rand(12, 1, *shape, generator=torch.Generator().manual_seed(0))
    labels, where = network(images).argmax(dim=1), Ball("linf", 8.0) if ball == "linf" else Ball("l2", 0.5)
    if shape == (3, 3):
        with pytest.raises(UserError, match="cannot attack this network"):
            ensemble.withstood(network, images, labels, where, queries=5)
    else:
        assert len(ensemble.withstood(network, images, labels, where, queries=5)["square"]) == 12
