"""Probes, against scikit-learn's, and the promise that none sees the images it is tried on."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestCentroid
from torch import Tensor

from analysis.metrics.probes import RIDGE, accuracy, cross_fitted, nearest_mean, ridge


def drawn(classes: int = 4, count: int = 200, width: int = 9) -> tuple[Tensor, Tensor]:
    torch.manual_seed(3)
    labels = torch.arange(count) % classes
    labels = labels[torch.randperm(count)]
    return torch.randn(classes, width)[labels] + 0.8 * torch.randn(count, width) + 2, labels


def test_as_scikit_learn_fits_them() -> None:
    features, labels = drawn()
    x, y = features.double().numpy(), labels.numpy()
    directions, bias = nearest_mean(features, labels, 4)
    ours = (features.double() @ directions + bias).argmax(1).numpy()
    np.testing.assert_array_equal(ours, NearestCentroid().fit(x, y).predict(x))
    directions, bias = ridge(features, labels, 4)
    penalty = RIDGE * ((x - x.mean(0)) ** 2).sum(0).mean()
    other = Ridge(alpha=penalty).fit(x, np.eye(4)[y])
    np.testing.assert_allclose(directions, other.coef_.T, atol=1e-8)
    np.testing.assert_allclose(bias, other.intercept_, atol=1e-8)


def test_each_half_is_read_by_what_was_fitted_on_the_other() -> None:
    features, labels = drawn()
    probes = cross_fitted(nearest_mean, features, labels, 4)
    right = []
    for start in (0, 1):
        x, y = features[start::2].numpy(), labels[start::2].numpy()
        other = NearestCentroid().fit(features[1 - start :: 2].numpy(), labels[1 - start :: 2].numpy())
        right += [*(other.predict(x) == y)]
    assert accuracy(probes, features, labels) == pytest.approx(np.mean(right))


@pytest.mark.parametrize("fit", [nearest_mean, ridge])
def test_noise_is_read_at_chance(fit) -> None:  # type: ignore[no-untyped-def]
    """A probe that saw its images would read half of them: there are as many features as images."""
    rates = []
    for seed in range(10):
        torch.manual_seed(seed)
        features, labels = torch.randn(200, 100), torch.randint(0, 4, (200,))
        rates.append(accuracy(cross_fitted(fit, features, labels, 4), features, labels))
    assert np.mean(rates) == pytest.approx(0.25, abs=0.04)


def test_dead_features_missing_classes_and_nan() -> None:
    labels = torch.tensor([0, 0, 0, 0, 2, 2])
    dead = torch.ones(6, 3)
    assert accuracy(cross_fitted(ridge, dead, labels, 4), dead, labels) == pytest.approx(4 / 6)
    features = torch.tensor([[0.0], [1], [0], [1], [9], [9]])
    assert accuracy(cross_fitted(nearest_mean, features, labels, 4), features, labels) == 1
    broken = features.clone()
    broken[2] = torch.nan
    assert np.isnan(accuracy(cross_fitted(ridge, broken, labels, 4), broken, labels))
