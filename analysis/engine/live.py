"""What networks make of images, worked out when somebody asks: features and logits, without a results file.

They are those that a measure is shown: the same images, down to the noise, and the same precision.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Shown
from analysis.engine.images import TestImages
from analysis.engine.networks import Network
from analysis.engine.showing import Viewer, show
from pruning.library import Features as Features
from pruning.progress import Progress, quiet


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
