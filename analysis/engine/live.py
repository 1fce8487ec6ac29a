"""What networks make of images, worked out when somebody asks: features and logits, without a results file.

They are those that a measure is shown: the same images, down to the noise, and the same precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Shown
from analysis.engine.images import TestImages
from analysis.engine.networks import Network
from analysis.engine.showing import Viewer, show
from pruning.progress import Progress, quiet


@dataclass(frozen=True, eq=False)
class Features:
    """What a network makes of the test images under one condition.

    Attributes:
        features: float32 [N, D], the inputs of the classifier. logits: float32 [N, K], the network's own.
        labels: int64 [N], the true classes.
        weight: float32 [K, D], the class directions. bias: float32 [K].
        without: why there are no features, "" where there are; D is then 1 and all of them are nan.
    """

    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    without: str = ""

    @cached_property
    def predictions(self) -> np.ndarray:
        """The predicted classes, int64 [N]."""
        return np.asarray(self.logits.argmax(axis=1))

    @cached_property
    def right(self) -> np.ndarray:
        """Which images are classified right, bool [N]."""
        return np.asarray(self.predictions == self.labels)

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of the finite features, float64 [D]: of the clean ones, what the geometry is centred by."""
        there = self.features[np.isfinite(self.features).all(axis=1)].astype(np.float64)
        return np.asarray(there.mean(axis=0)) if len(there) else np.zeros(self.features.shape[1])

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        return sum(each.nbytes for each in (self.features, self.logits, self.labels, self.weight, self.bias))


def features_of(
    networks: Mapping[str, Network], images: TestImages, condition: Condition, progress: Progress = quiet
) -> dict[str, Features]:
    """Show the images under a condition to networks, each corrupted batch made once for all of them.

    Returns:
        Name -> its features, the images in order.

    Raises:
        UserError: the corruption is not known, or a network cannot be attacked.
    """
    seen: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in networks}

    def viewer(name: str) -> Viewer:
        def take(shown: Shown) -> None:
            seen[name].append((shown.features.float().cpu().numpy(), shown.logits.float().cpu().numpy()))

        return Viewer(take)

    show(networks, images, condition, {name: [viewer(name)] for name in networks}, progress)
    labels = images.labels.numpy()
    found = {}
    for name, network in networks.items():
        features, logits = (np.concatenate(parts) for parts in zip(*seen[name], strict=True))
        weight, bias = (each.detach().float().cpu().numpy() for each in (network.weight, network.bias))
        found[name] = Features(features, logits, labels, weight, bias, network.without)
    return found
