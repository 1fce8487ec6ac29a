"""A batch of images is corrupted, on as many threads as pay."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import workers
from analysis.corruptions.checks import check_images, check_severity, indices_of
from analysis.corruptions.layouts import Layout, as_bytes
from analysis.corruptions.photographs import Photographs
from analysis.corruptions.random import Draws
from analysis.corruptions.registry import get_corruption

Images = TypeVar("Images")


def corrupt(
    images: Images,
    name: str,
    severity: int,
    seed: int = 0,
    index: Tensor | np.ndarray | Sequence[int] | None = None,
    frost: Photographs | None = None,
    layout: Layout | None = None,
) -> Images:
    """A corrupted copy of images.

    Args:
        images: with 1 or 3 channels, any height and width; best uint8 [N, C, H, W], a torch tensor on any device. Also
            floating ones in [0, 1], a numpy array, a PIL image; channels last; one image without a batch.
        name: one of `CORRUPTIONS`.
        severity: 1 to 5, or 1 for those that have but one. What it means at other sizes than 32x32 is said in
            `corruption`.
        seed: any integer. Seed, name, severity and an image's index alone decide the random numbers it gets, so the
            result depends neither on the batch nor on what was made before.
        index: integers [N], the images' places in the data set; 0 to N - 1 when not given.
        frost: photographs for the corruption ``frost`` to take its crystals from; it grows its own when not given.
        layout: ``NCHW``, ``NHWC``, ``CHW`` or ``HWC``, where the places of 1 or 3 channels leave it open.

    Returns the same type, layout and range; floating images have been rounded to bytes in between. Raises UserError for
    anything else than the above.
    """
    levels, back = as_bytes(images, layout)
    found: Images = back(_corrupted(levels, name, severity, seed, index, frost))
    return found


def _corrupted(
    images: Tensor,
    name: str,
    severity: int,
    seed: int,
    index: Tensor | np.ndarray | Sequence[int] | None,
    frost: Photographs | None,
) -> Tensor:
    """The same of uint8 [N, C, H, W]."""
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

    workers.run(work, len(images), images[0].numel(), images.device, corruption.together)
    return result
