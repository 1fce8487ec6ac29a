"""Corruptions of images, made on the fly, a whole batch at a time, for images of any size.

They come in families (`families`): CIFAR-10-C, MNIST-C, the Fourier basis, and adversarial attacks. A corruption is a
`Corruption` in the module of its group, where `registry` finds it. How severities scale with the size of the images is
said in `corruption`, and where the random numbers come from in `random`. Attacks depend on the network that they are
shown to and are in `attacks`.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import workers
from analysis.corruptions.checks import check_images, check_severity, indices_of
from analysis.corruptions.corruption import SEVERITIES, Corruption
from analysis.corruptions.families import NAMES
from analysis.corruptions.photographs import Photographs
from analysis.corruptions.random import Draws
from analysis.corruptions.registry import (
    ATTACKS,
    CORRUPTIONS,
    FAMILIES,
    Family,
    check_name,
    family_of,
    get_corruption,
    get_family,
    label_of,
    severities_of,
    version_of,
)

__all__ = [
    "ATTACKS",
    "AVAILABLE",
    "CORRUPTIONS",
    "FAMILIES",
    "NAMES",
    "SEVERITIES",
    "Corruption",
    "Family",
    "Photographs",
    "check_name",
    "check_severity",
    "corrupt",
    "family_of",
    "get_corruption",
    "get_family",
    "label_of",
    "severities_of",
    "version_of",
]

AVAILABLE = NAMES
"""What is made where nothing else is asked for: the 19 of CIFAR-10-C."""


def corrupt(
    images: Tensor,
    name: str,
    severity: int,
    seed: int = 0,
    index: Tensor | np.ndarray | Sequence[int] | None = None,
    frost: Photographs | None = None,
) -> Tensor:
    """A corrupted copy of a batch of images.

    Args:
        images: uint8 [N, C, H, W] with C = 1 or 3, any height and width, on any device; it stays there.
        name: one of `CORRUPTIONS`.
        severity: 1 to 5, or 1 for those that have but one. What it means at other sizes than 32x32 is said in
            `corruption`.
        seed: any integer. Seed, name, severity and an image's index alone decide the random numbers it gets, so the
            result depends neither on the batch nor on what was made before.
        index: integers [N], the images' places in the data set; 0 to N - 1 when not given.
        frost: photographs for the corruption ``frost`` to take its crystals from; it grows its own when not given.

    Returns uint8, same shape. Raises UserError for anything else than the above.
    """
    corruption = get_corruption(name)
    check_severity(severity, name)
    check_images(images)
    indices = indices_of(index, images)
    if not images.numel():
        return images.clone()
    parameters = corruption.parameters(severity, min(images.shape[-2:]))
    draws = Draws.of(seed, name, severity, indices)
    images = images.contiguous()
    function = frost.over if frost is not None and name == "frost" else corruption.function
    result = torch.empty_like(images)

    def work(start: int, stop: int) -> None:
        result[start:stop] = function(images[start:stop], parameters, draws.part(start, stop))

    workers.run(work, len(images), images[0].numel(), images.device)
    return result
