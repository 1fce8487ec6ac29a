"""Which pixels turn an image's feature, and which lengthen it: network beside network, with the seeds as noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy.stats import t
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
from analysis.statistics.verdicts import LEVEL
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
    """

    whole: np.ndarray
    maps: np.ndarray
    hidden: np.ndarray | None
    emptied: np.ndarray


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
    plain = _shown(networks, means, torch.stack([image, fill]), label)
    whole, empty = plain[:, 0], plain[:, 1]
    hidden = None
    if way.method == "occlusion":
        patches = Patches(*image.shape[1:], way.patch, way.stride)
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
        found.append(_shown(networks, means, copies, label))
        progress(min(1.0, (start + at_once) / len(patches)), "Hiding patches")
    return np.concatenate(found, axis=1)


def _shown(networks: Sequence[Network], means: Sequence[np.ndarray], images: Tensor, label: int) -> np.ndarray:
    """Gap and length of images uint8 [N, C, H, W] for each network, float64 [R, N, 2]."""
    device = networks[0].device
    images, labels, inputs = images.to(device), torch.full((len(images),), label, device=device), {}
    found = []
    with torch.inference_mode():
        for network, mean in zip(networks, means, strict=True):
            features = network.show(images, labels, inputs).features
            found.append(_geometry(network, mean, features, labels).cpu().numpy())
    return np.stack(found)


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


@dataclass(frozen=True, eq=False)
class Floored:
    """A mean over seeds, and images, with what chance makes of it.

    Attributes:
        mean: [...].
        reach: half the width of the 95 % interval, element by element; nan of one network on one image.
    """

    mean: np.ndarray
    reach: np.ndarray

    @property
    def beyond(self) -> np.ndarray:
        """Where the interval leaves out 0, or where there is none: bool [...]."""
        return ~(np.abs(self.mean) <= self.reach)


def floored(effects: np.ndarray, level: float = LEVEL) -> Floored:
    """The mean of effects [S, N, ...] of S seeds on N images; its error is the sum of that over seeds and over images.

    Student's interval, element by element, with the degrees of freedom of the seeds; of one seed, of the images.
    """
    seeds, images = effects.shape[:2]
    squares = np.zeros(effects.shape[2:])
    if seeds > 1:
        squares = squares + effects.mean(axis=1).var(axis=0, ddof=1) / seeds
    if images > 1:
        squares = squares + effects.mean(axis=0).var(axis=0, ddof=1) / images
    groups = seeds if seeds > 1 else images
    factor = t.isf((1 - level) / 2, groups - 1) if groups > 1 else np.nan
    return Floored(effects.mean(axis=(0, 1)), factor * np.sqrt(squares))


@dataclass(frozen=True, eq=False)
class Hidden:
    """What hiding one patch does in one ticket: the mean over seeds, the least and the most; the patch's place."""

    key: str
    place: int
    mean: float
    low: float
    high: float


def hidden_at(effects: Mapping[str, np.ndarray], key: str, place: int) -> Hidden:
    """What hiding the patch of that place does in a ticket; `effects` are key -> [S, P]."""
    own = effects[key][:, place]
    return Hidden(key, place, float(own.mean()), float(own.min()), float(own.max()))


def strongest(effects: Mapping[str, np.ndarray], keys: Sequence[str]) -> Hidden | None:
    """The patch whose hiding takes most, and from whom: of `keys`, by the mean over seeds.

    `effects` are key -> [S, P]. None where hiding takes nothing anywhere.
    """
    means = {key: effects[key].mean(axis=0) for key in keys}
    means = {key: each for key, each in means.items() if np.isfinite(each).any() and np.nanmax(each) > 0}
    if not means:
        return None
    key = max(means, key=lambda each: float(np.nanmax(means[each])))
    return hidden_at(effects, key, int(np.nanargmax(means[key])))


def where(corner: Sequence[int], patch: int, height: int, width: int) -> str:
    """Where a patch lies in the image, in words: `upper right`, `centre`, `left`."""
    row, column = (
        min(2, int(3 * (start + min(patch, size) / 2) / size))
        for start, size in zip(corner, (height, width), strict=True)
    )
    words = [("upper", "", "lower")[row], ("left", "", "right")[column]]
    if words == ["", ""]:
        return "centre"
    alone = {"upper": "top", "lower": "bottom"}
    return " ".join(filter(None, words)) if all(words) else alone.get(words[0], words[0] or words[1])


def telling(clean: Mapping[str, np.ndarray], shown: Mapping[str, np.ndarray], baseline: str) -> np.ndarray:
    """The images that say most of why tickets are lost, most telling first.

    Args:
        clean: key -> which images are classified right when clean, bool [N].
        shown: the same under the condition looked at.
        baseline: one of the keys.

    Returns int64, those first that the baseline has right under the condition and most tickets have wrong; then those
    that some ticket loses to the condition; the rest are left out.
    """
    others = [key for key in shown if key != baseline] or [baseline]
    wrong = np.sum([~shown[key] for key in others], axis=0)
    lost = np.sum([clean[key] & ~shown[key] for key in shown], axis=0)
    score = np.where(shown[baseline], wrong * (len(shown) + 1), 0) + lost
    order = np.argsort(-score, kind="stable")
    return np.asarray(order[score[order] > 0])
