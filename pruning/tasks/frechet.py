"""Fréchet's distance of made images from real ones, on the features of a small classifier of the same data.

It is that of two normal distributions with the means and covariances of the features (Dowson & Landau 1982), as Heusel
et al. 2017 (arXiv 1706.08500) have it, who take the features of Inception; so it is not their FID, and distances on
different data sets have different scales. Of n images it is too large, for d independent features of variance 1 by
about (d + d (d + 1) / 4) / n, so n is the same for all networks: 2,000 made images.
"""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.data.base import LEVELS, used_rows
from pruning.models.user_file import seeded
from pruning.tasks.base import Draws

SAMPLES = 2000
REAL = 10_000  # training images that made ones are held against, at most
FEATURES = 16
STEPS, BATCH, RATE = 300, 128, 3e-3  # of the classifier's training
PART = 500  # images in memory at once
MEANING = (
    "Fréchet's distance of 2,000 made images from the training images, on the 16 features of a small classifier of the "
    "data; not FID, which has the features of Inception."
)
Features = Callable[[Tensor], Tensor]


class Moments(NamedTuple):
    """Mean [D] and covariance [D, D] of features, float64 on the CPU."""

    mean: Tensor
    covariance: Tensor


def moments(features: Tensor) -> Moments:
    """Give mean and covariance (unbiased) of features [N, D], N at least 2."""
    values = features.detach().cpu().double()
    return Moments(values.mean(0), torch.cov(values.T).reshape(values.shape[1], values.shape[1]))


def distance(one: Moments, other: Moments) -> float:
    """Give |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), at least 0.

    The trace of the root is the sum of the roots of the eigenvalues of S1 S2, which are those of the symmetric
    S1^(1/2) S2 S1^(1/2) and at least 0; rounding makes small negative ones of some, which count as 0. So singular
    covariances, of features that never vary, are no trouble, as they are for a root of the product itself.
    """
    values, vectors = torch.linalg.eigh(one.covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    shared = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp_min(0).sqrt().sum()
    apart = (one.mean - other.mean).square().sum()
    return max(0.0, float(apart + one.covariance.trace() + other.covariance.trace() - 2 * shared))


def made_distance(model: Any, data: Dataset, draws: Draws) -> float:
    """Give the distance of images that the network makes of drawn latents from the training images.

    Args:
        model: a network with `latent` and `decode`, as of `pruning.models.generative`; in evaluation mode.
        data: what it is trained on.
        draws: seeded; the same latents for the same ones.

    Returns NaN where the images are not finite.
    """
    latents = torch.randn(SAMPLES, model.latent, generator=draws("made"))
    device = next(model.parameters()).device
    features = feature_network(data)
    with torch.no_grad():
        found = torch.cat([features(model.decode(part.to(device))) for part in latents.split(PART)])
    return distance(moments(found), reference(data)) if bool(found.isfinite().all()) else float("nan")


@lru_cache(maxsize=4)
def _reference(images: "_ByIdentity") -> Moments:
    return moments(feature_network(images.data)(training_images(images.data)))


def reference(data: Dataset) -> Moments:
    """Give the moments of the training images, of 10,000 of them where there are more."""
    return _reference(_ByIdentity(data))


def training_images(data: Dataset) -> Tensor:
    """Give the images whose moments `reference` has, float32 [N, C, H, W] in [0, 1]."""
    return _pixels(data.train.images[used_rows(len(data.train.images), REAL)])


def floor(data: Dataset) -> float:
    """Give the distance of the test images (2,000 of them where there are more): no better one is to be had."""
    images = data.test.images[used_rows(len(data.test.images), SAMPLES)]
    return distance(moments(feature_network(data)(_pixels(images))), reference(data))


def ceiling(data: Dataset) -> float:
    """Give the distance of 2,000 images of uniform noise."""
    noise = torch.rand(SAMPLES, *data.shape, generator=torch.Generator().manual_seed(0))
    return distance(moments(feature_network(data)(noise)), reference(data))


def feature_network(data: Dataset) -> Features:
    """Give what turns images float32 [N, C, H, W] in [0, 1] into features float32 [N, 16], on the CPU.

    They are the inner layer below the logits of a small classifier, which is trained on the training images when it is
    first asked for, in seconds, the same at each time and in every process; how the data set is normalised has no say.
    """
    features: Features = _feature_network(_ByIdentity(data))
    return features


class _ByIdentity:
    """A data set as a key of a cache: that of its training images, however they are normalised."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.count = len(data.train.images)

    def __hash__(self) -> int:
        return id(self.data.train)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.data.train is self.data.train


@lru_cache(maxsize=4)
def _feature_network(images: _ByIdentity) -> Features:
    body = _trained(images.data)[:-1]

    def features(pictures: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            parts = pictures.detach().float().cpu().contiguous().split(PART)
            return torch.cat([body(part) for part in parts])

    return features


def _classifier(data: Dataset) -> nn.Sequential:
    """Linear layers for small images, convolutions of stride 2 for others; features are linear, so that none dies."""
    channels, height, width = data.shape
    if min(height, width) < 16:
        inner: list[nn.Module] = [nn.Flatten(), nn.Linear(prod(data.shape), 128), nn.ReLU(), nn.Linear(128, FEATURES)]
    else:
        pool = [nn.AdaptiveAvgPool2d(7)]
        convolutions = [nn.Conv2d(channels, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()]
        inner = [*convolutions, *pool, nn.Flatten(), nn.Linear(32 * 49, FEATURES)]
    return nn.Sequential(*inner, nn.Linear(FEATURES, data.num_classes))


def _trained(data: Dataset) -> nn.Sequential:
    """The classifier, whatever mode the caller is in; on one thread, so that it is the same on any machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with seeded(0), torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
            model = _classifier(data)
            _train(model, data)
    finally:
        torch.set_num_threads(threads)
    return model.eval().requires_grad_(False)


def _train(model: nn.Module, data: Dataset) -> None:
    source = torch.Generator().manual_seed(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    count = len(data.train.labels)
    for _ in range(STEPS):
        rows = torch.randint(count, (min(BATCH, count),), generator=source)
        loss = F.cross_entropy(model(_pixels(data.train.images[rows])), data.train.labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()


def _pixels(images: Tensor) -> Tensor:
    return images.float() / (LEVELS - 1)
