"""Which pixels turn a feature, and which lengthen it.

Three ways to ask: hide a patch and see what changes (occlusion; Zeiler & Fergus 2014, arXiv 1311.2901); the gradient by
the pixels (Simonyan, Vedaldi & Zisserman 2014, arXiv 1312.6034); the gradient summed on the way from an image without
content (integrated gradients; Sundararajan, Taly & Yan 2017, arXiv 1703.01365), whose parts sum to the whole change.
All are of the same sign: positive where a pixel adds to the value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from analysis.metrics import directions

Response = Callable[[Tensor], Tensor]
"""Images, floating point [N, C, H, W] -> values [N, M], with gradients."""

AT_ONCE, VALUES = 64, 600_000
"""Images, and values in them, that are on the way back at once: activations are kept for each."""


def gap_and_length(features: Tensor, weight: Tensor, mean: Tensor, labels: Tensor) -> Tensor:
    """The gap and the centred length of features, as `geometry.compare_tensors` has them, with gradients.

    Args:
        features: [N, D].
        weight: class directions [K, D].
        mean: what the features are centred by, [D].
        labels: int64 [N], the classes whose directions are the own.

    Returns float64 [N, 2]: degrees, and the length in the features' unit. Without another class the gap is nan.
    """
    centred = directions.centred_features(features.double(), mean.double())
    gap = directions.gap(directions.angles(centred, directions.centred_directions(weight.double())), labels)
    return torch.stack([torch.where(gap.isfinite(), gap, torch.nan), centred.norm(dim=1)], dim=1)


@dataclass(frozen=True)
class Patches:
    """Square patches that cover an image of `height` x `width`, `stride` pixels apart.

    The last of a row or column ends at the border, so that every pixel is covered. A patch is cut to the image.
    """

    height: int
    width: int
    patch: int
    stride: int

    @cached_property
    def corners(self) -> np.ndarray:
        """Top and left of each patch, int64 [P, 2], row by row."""
        starts = [_starts(size, min(self.patch, size), self.stride) for size in (self.height, self.width)]
        return np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.corners)

    def hide(self, image: Tensor, fill: Tensor, part: slice = slice(None)) -> Tensor:
        """Copies of an image [C, H, W], each with one patch replaced by what `fill` [C, H, W] has there: [P, C, H, W].

        `part` says which of the patches.
        """
        corners = self.corners[part]
        hidden = image.expand(len(corners), *image.shape).clone()
        for copy, (top, left) in zip(hidden, corners, strict=True):
            here = self._slices(top, left)
            copy[:, *here] = fill[:, *here]
        return hidden

    def spread(self, effects: np.ndarray) -> np.ndarray:
        """The effects of the patches, [..., P], as a map [..., H, W]: a pixel has the mean of those that cover it."""
        total = np.zeros((*effects.shape[:-1], self.height, self.width))
        count = np.zeros((self.height, self.width))
        for place, (top, left) in enumerate(self.corners):
            here = self._slices(top, left)
            total[..., *here] += effects[..., place, None, None]
            count[here] += 1
        return total / count

    def _slices(self, top: int, left: int) -> tuple[slice, slice]:
        return slice(top, top + self.patch), slice(left, left + self.patch)


def _starts(size: int, patch: int, stride: int) -> list[int]:
    starts = list(range(0, size - patch + 1, stride))
    return starts if starts[-1] == size - patch else [*starts, size - patch]


def mean_colour(image: Tensor) -> Tensor:
    """An image, uint8 [C, H, W], of the mean colour of the one given."""
    mean = image.double().mean(dim=(1, 2), keepdim=True)
    return mean.round().to(image.dtype).expand_as(image).contiguous()


def blurred(image: Tensor, sigma: float) -> Tensor:
    """The image, uint8 [C, H, W], blurred by a Gaussian of `sigma` pixels; beyond the border there is nothing."""
    down, across = (_blur_matrix(size, sigma) for size in image.shape[1:])
    return (down @ image.double().cpu() @ across.T).round().clamp(0, 255).to(image.device, image.dtype)


def _blur_matrix(size: int, sigma: float) -> Tensor:
    """Row i: the weights of the pixels of a line for pixel i, summing to 1 as far as the line goes."""
    places = torch.arange(size, dtype=torch.float64)
    weights = torch.exp(-((places[:, None] - places) ** 2) / (2 * sigma**2))
    return weights / weights.sum(dim=1, keepdim=True)


def input_gradients(response: Response, images: Tensor) -> Tensor:
    """The gradient of each value by each pixel.

    Args:
        response: what is derived, image by image.
        images: floating point [N, C, H, W].

    Returns [N, M, C, H, W], in units of the value for one unit of brightness.
    """
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        values = response(images)
        found = [torch.autograd.grad(each.sum(), images, retain_graph=True)[0] for each in values.unbind(dim=1)]
    return torch.stack(found, dim=1)


def integrated_gradients(response: Response, image: Tensor, start: Tensor, steps: int = 128) -> Tensor:
    """How much each pixel adds to each value on the straight way from one image to another.

    The gradients are summed by the midpoint rule. With enough steps the parts sum to response(image) - response(start),
    which Sundararajan et al. call completeness.

    Args:
        response: what is asked.
        image: floating point [C, H, W].
        start: of the same shape, what stands for no content.
        steps: points on the way.

    Returns [M, C, H, W], in units of the value.
    """
    shares = (torch.arange(steps, dtype=image.dtype, device=image.device) + 0.5) / steps
    total = torch.zeros((), dtype=image.dtype, device=image.device)
    for part in shares.split(max(1, min(AT_ONCE, VALUES // image.numel()))):
        on_the_way = start + part[:, None, None, None] * (image - start)
        total = total + input_gradients(response, on_the_way).sum(dim=0)
    return total / steps * (image - start)
