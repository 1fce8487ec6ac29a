"""Which pixels of an image turn its feature, and which lengthen it: many networks at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from analysis.engine.networks import Network
from analysis.metrics.attribution import (
    Patches,
    Response,
    blurred,
    gap_and_length,
    input_gradients,
    integrated_gradients,
    mean_colour,
)
from pruning.data import normalise
from pruning.data.base import LEVELS
from pruning.models import features_and_logits
from pruning.progress import Progress, quiet
from pruning.training.precision import as_input, settled

Method = Literal["occlusion", "integrated", "gradient"]
Fill = Literal["blur", "mean"]
MEASURES = ("gap", "length")
"""What is attributed: degrees, and per cent of the image's own length."""

PIXELS = 4_000_000
"""Values of the hidden copies that are shown at once, which bounds the memory."""


@dataclass(frozen=True)
class Way:
    """How effects are found.

    Attributes:
        method: "occlusion" hides patches, "integrated" sums gradients on the way from the fill, "gradient" is that at
            the image.
        fill: what stands for no content: the image blurred, or its mean colour.
        patch: side of a patch in pixels.
        stride: pixels from one patch to the next.
    """

    method: Method = "occlusion"
    fill: Fill = "blur"
    patch: int = 4
    stride: int = 2

    @classmethod
    def suited(cls, size: int, method: Method = "occlusion", fill: Fill = "blur", share: float = 1 / 7) -> Way:
        """With patches of a share of the image's side: at 1/7 of 4 pixels at 28, of 32 at 224, half a patch apart."""
        patch = max(1, round(share * size))
        return cls(method, fill, patch, max(1, patch // 2))


@dataclass(frozen=True, eq=False)
class Attribution:
    """What the pixels of one image do to the features of R networks.

    Attributes:
        whole: gap in degrees and centred length of the image, float64 [R, 2].
        maps: what each pixel adds to the gap, in degrees, and to the length, in per cent of it: [R, 2, H, W]. By
            occlusion what is lost where it is hidden; integrated, its part of the whole; of a gradient, what a tenth of
            the range of brightness adds. nan where there is no gap or no length.
        hidden: what is lost with each patch, [R, 2, P]; None where nothing was hidden.
        emptied: what is lost with the whole content, the image against its fill, [R, 2].
        predictions: what the networks take the image for, int64 [R].
    """

    whole: np.ndarray
    maps: np.ndarray
    hidden: np.ndarray | None
    emptied: np.ndarray
    predictions: np.ndarray


def attribute(
    networks: Sequence[Network],
    means: Sequence[np.ndarray],
    image: Tensor,
    label: int,
    way: Way,
    progress: Progress = quiet,
) -> Attribution:
    """Ask networks which pixels of an image turn its feature away from the class, and which lengthen it.

    Args:
        networks: all of them see the same copies, and each copy is made once.
        means: of each network, the mean feature [D] of the clean images.
        image: uint8 [C, H, W].
        label: the class whose direction is the own.
        way: how.
        progress: told how far it is.

    A network without a classifier has nan in everything.
    """
    fill = blurred(image, way.patch) if way.fill == "blur" else mean_colour(image)
    plain, predictions = _shown(networks, means, torch.stack([image, fill]), label)
    whole, empty = plain[:, 0], plain[:, 1]
    hidden = None
    if way.method == "occlusion":
        patches = Patches(int(image.shape[1]), int(image.shape[2]), way.patch, way.stride)
        hidden = np.moveaxis(whole[:, None] - _hidden(networks, means, image, fill, patches, label, progress), 1, 2)
        maps = patches.spread(hidden)
    else:
        parts = []
        for network, mean in zip(networks, means, strict=True):
            parts.append(_by_gradient(network, mean, image, fill, label, way))
            progress(len(parts) / len(networks), "Gradients")
        maps = np.stack(parts)
    scale = _scale(whole)
    return Attribution(
        whole,
        maps * scale[:, :, None, None],
        None if hidden is None else hidden * scale[:, :, None],
        (whole - empty) * scale,
        predictions[:, 0],
    )


def _scale(whole: np.ndarray) -> np.ndarray:
    """What takes effects [R, 2] to degrees and per cent."""
    lengths = np.where(whole[:, 1] > 0, whole[:, 1], np.nan)
    return np.stack([np.ones(len(whole)), 100 / lengths], axis=1)


def _hidden(
    networks: Sequence[Network],
    means: Sequence[np.ndarray],
    image: Tensor,
    fill: Tensor,
    patches: Patches,
    label: int,
    progress: Progress,
) -> np.ndarray:
    """Gap and length with each patch hidden, [R, P, 2]."""
    at_once, found = max(1, PIXELS // image.numel()), []
    for start in range(0, len(patches), at_once):
        copies = patches.hide(image, fill, slice(start, start + at_once))

        def tell(share: float, start: int = start, count: int = len(copies)) -> None:
            progress((start + share * count) / len(patches), "Hiding patches")

        found.append(_shown(networks, means, copies, label, tell)[0])
    return np.concatenate(found, axis=1)


def _shown(
    networks: Sequence[Network],
    means: Sequence[np.ndarray],
    images: Tensor,
    label: int,
    tell: Callable[[float], None] = lambda share: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Gap and length, float64 [R, N, 2], and predictions [R, N], of images uint8 [N, C, H, W] for each network."""
    device = networks[0].device
    images, labels = images.to(device), torch.full((len(images),), label, device=device)
    inputs: dict[object, Tensor] = {}
    found, predictions = [], []
    with torch.inference_mode():
        for network, mean in zip(networks, means, strict=True):
            output = network.show(images, labels, inputs)
            found.append(_geometry(network, mean, output.features, labels).cpu().numpy())
            predictions.append(output.logits.argmax(dim=1).cpu().numpy())
            tell(len(found) / len(networks))
    return np.stack(found), np.stack(predictions)


def _geometry(network: Network, mean: np.ndarray, features: Tensor, labels: Tensor) -> Tensor:
    centre = torch.as_tensor(mean, device=features.device)
    values = gap_and_length(features, network.weight, centre, labels)
    # Where features are no numbers the angles are taken as 90 degrees or nan; neither says anything.
    return values.masked_fill(~features.isfinite().all(dim=1, keepdim=True), torch.nan)


def _by_gradient(
    network: Network,
    mean: np.ndarray,
    image: Tensor,
    fill: Tensor,
    label: int,
    way: Way,
) -> np.ndarray:
    """What each pixel adds to gap and length by the gradient, [2, H, W], summed over the colours."""
    if network.without:
        return np.full((2, *image.shape[1:]), np.nan)
    respond = _response(network, mean, label)
    with settled(network.macs):
        start, end = (each.to(network.device, torch.float32) for each in (fill, image))
        if way.method == "integrated":
            found = integrated_gradients(respond, end, start)
        else:
            found = input_gradients(respond, end[None])[0] * (LEVELS - 1) / 10
    return np.asarray(found.sum(dim=1).double().cpu().numpy())


def _response(network: Network, mean: np.ndarray, label: int) -> Response:
    """Gap and length of images on the scale of bytes, with gradients; in float32, whatever the network measures in."""

    def respond(images: Tensor) -> Tensor:
        inputs = as_input(normalise(images, network.mean, network.std), network.device, network.macs)
        features, _ = features_and_logits(network.module, inputs)
        labels = torch.full((len(images),), label, device=images.device)
        return _geometry(network, mean, features, labels)

    return respond
