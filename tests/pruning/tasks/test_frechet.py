"""Fréchet's distance: closed forms, what it is of equal and of singular sets, its bias, and the network below it."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from pruning.data import load_data
from pruning.models import build_model
from pruning.models.generative import Generative
from pruning.tasks import frechet
from pruning.tasks.frechet import Moments, distance, moments
from pruning.training.seeds import generator


def gaussian(mean: list[float], covariance: list[list[float]]) -> Moments:
    """The moments of a normal distribution."""
    return Moments(torch.tensor(mean, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64))


def test_two_gaussians_by_hand() -> None:
    one = gaussian([0, 0], [[4, 0], [0, 9]])
    other = gaussian([3, 4], [[1, 0], [0, 25]])
    assert distance(one, other) == pytest.approx(25 + (2 - 1) ** 2 + (3 - 5) ** 2)  # independent: each for itself
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)  # the same plane, turned
    turned = [Moments(turn @ each.mean, turn @ each.covariance @ turn.T) for each in (one, other)]
    assert distance(*turned) == pytest.approx(30)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_as_the_root_of_the_product(seed: int, d: int) -> None:
    """The formula with scipy's root of the matrix, where that is well defined; and it is symmetric."""
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=(3 * d + 5, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d) for _ in range(2))
    one, other = (moments(torch.from_numpy(each)) for each in (a, b))
    first, second = np.cov(a.T).reshape(d, d), np.cov(b.T).reshape(d, d)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(
        first + second - 2 * scipy.linalg.sqrtm(first @ second).real
    )
    assert distance(one, other) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert distance(one, other) == pytest.approx(distance(other, one), rel=1e-8, abs=1e-8)
    assert distance(one, one) == pytest.approx(0, abs=1e-8)


def test_features_that_never_vary() -> None:
    """Singular covariances, as of dead features, in one or in both sets."""
    flat = gaussian([1, 0], [[4, 0], [0, 0]])
    assert distance(flat, flat) == pytest.approx(0, abs=1e-12)
    assert distance(flat, gaussian([1, 0], [[4, 0], [0, 9]])) == pytest.approx(9)
    assert distance(flat, gaussian([1, 2], [[0, 0], [0, 0]])) == pytest.approx(4 + 4)
    constant = moments(torch.ones(5, 3))
    assert distance(constant, constant) == 0


def test_bias_by_the_number_of_images() -> None:
    """The moments of n draws from a distribution lie (d + d (d + 1) / 4) / n from it, so n must be the same for all."""
    d, source = 16, torch.Generator().manual_seed(0)
    truth = Moments(torch.zeros(d, dtype=torch.float64), torch.eye(d, dtype=torch.float64))
    for n in (500, 2000):
        found = [distance(moments(torch.randn(n, d, generator=source)), truth) for _ in range(30)]
        assert np.mean(found) == pytest.approx((d + d * (d + 1) / 4) / n, rel=0.1)


def test_the_network_below() -> None:
    data = load_data("digits")
    features = frechet.feature_network(data)
    test = features(data.test.images / 255)
    assert test.shape == (len(data.test.labels), frechet.FEATURES)
    assert bool((test.std(0) > 0).all())
    classifier = frechet._trained(data)
    assert torch.equal(classifier[:-1](data.test.images / 255), test)  # the same at every training
    right = (classifier(data.test.images / 255).argmax(1) == data.test.labels).double().mean()
    assert right > 0.95
    raw = dataclasses.replace(data, mean=(0.0,), std=(1.0,))
    assert frechet.feature_network(raw) is features
    state = torch.get_rng_state()
    frechet._trained(data)
    assert torch.equal(torch.get_rng_state(), state)


def test_floor_and_ceiling() -> None:
    data = load_data("digits")
    low, high = frechet.floor(data), frechet.ceiling(data)
    features = frechet.feature_network(data)
    train, test = (moments(features(split.images / 255)) for split in (data.train, data.test))
    assert low == pytest.approx(distance(test, train))
    assert 0 < low < high / 50


def test_distance_of_made_images() -> None:
    data, model = load_data("digits"), build_model("vae_mlp", 10, (1, 8, 8), 0).eval()
    assert isinstance(model, Generative)
    latents = torch.randn(2000, 8, generator=generator(3, "made"))
    with torch.no_grad():
        made = frechet.feature_network(data)(model.decode(latents))
    expected = distance(moments(made), frechet.reference(data))

    def draws(*purpose: object) -> torch.Generator:
        return generator(3, *purpose)

    with torch.inference_mode():
        assert frechet.made_distance(model, data, draws) == pytest.approx(expected)
    with torch.no_grad():
        model.get_parameter("decoder.fc1.weight").fill_(torch.nan)
    assert np.isnan(frechet.made_distance(model, data, draws))
