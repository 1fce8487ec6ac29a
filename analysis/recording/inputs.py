"""What a user's loader gives: whether it is the study's test set, and in which form its network wants images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.layouts import as_bytes
from analysis.engine.networks import Normalisation
from pruning.data import normalise
from pruning.data.base import LEVELS
from pruning.errors import UserError

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLOSE = 0.02
"""How far from a whole level a normalised value may lie and still be taken for it."""


@dataclass(frozen=True)
class Form:
    """The form in which a network wants images.

    Attributes:
        of: turns bytes [N, C, H, W] into it.
        normalisation: where it is float32 [N, C, H, W] with this mean and deviation a channel, in which a network is
            shown images without a detour; None where it is another.
    """

    of: Callable[[Tensor], Any]
    normalisation: Normalisation | None


def batches(loader: Any, name: str) -> Iterator[tuple[Any, np.ndarray]]:
    """Pairs of inputs, as they come, and labels int64 [n], of an iterable of such pairs or of one pair.

    Raises:
        UserError: they are no such pairs.
    """
    pairs = [loader] if _is_pair(loader) else loader
    if not isinstance(pairs, Iterable):
        raise UserError(f"`{name}` is a {type(loader).__name__}; give a loader, or a pair of images and labels.")
    for pair in pairs:
        if not _is_pair(pair):
            raise UserError(f"`{name}` is to give pairs of images and labels, a batch at a time; it gives others.")
        labels = np.asarray(pair[1])
        if labels.shape != (len(pair[0]),) or labels.dtype.kind not in "iu":
            raise UserError(f"`{name}` is to give one whole number as label for each image of a batch.")
        yield pair[0], labels.astype(np.int64)


def _is_pair(pair: Any) -> bool:
    arrays = isinstance(pair, (tuple, list)) and len(pair) == 2
    return arrays and all(hasattr(part, "__len__") and not isinstance(part, (tuple, str)) for part in pair)


@dataclass
class TestSet:
    """The study's test set: bytes [N, C, H, W] and labels int64 [N], against which what is given is held."""

    __test__ = False  # the name is no test's

    images: Tensor
    labels: Tensor

    def check_labels(self, name: str, start: int, labels: np.ndarray) -> None:
        """Raise UserError where the labels are not those of the study's images from `start` on."""
        own = self.labels[start : start + len(labels)].numpy()
        if len(own) < len(labels):
            self.check_count(name, start + len(labels), "or more ")
        differing = np.flatnonzero(own != labels)
        if len(differing):
            place = int(differing[0])
            raise UserError(
                f"`{name}` is to give the study's test set in its order (shuffle=False): label {labels[place]} "
                f"of image {start + place} is {own[place]} there."
            )

    def check_count(self, name: str, count: int, more: str = "") -> None:
        """Raise UserError where it is not so many images."""
        if count != len(self.labels):
            raise UserError(
                f"`{name}` gives {count:,} {more}images, and the study's test set has {len(self.labels):,}: it must be "
                "the same images in the same order."
            )


def recognised(given: Any, own: Tensor, normalisations: Iterable[Normalisation], start: int = 0) -> Form | None:
    """The form in which a batch holds these images of the study; None where it is none that is known.

    Args:
        given: a batch as a loader gives it.
        own: the study's images, bytes [n, C, H, W].
        normalisations: those that are tried.
        start: the place of the first of them in the test set.

    Raises:
        UserError: the batch holds images, but others than the study's.
    """
    try:
        found, back = as_bytes(given)
    except UserError:
        return _normalised(given, own, normalisations)
    if found.shape != own.shape:
        return None
    if not torch.equal(found.cpu(), own):
        place = int((found.cpu() != own).flatten(1).any(1).nonzero()[0])
        raise UserError(
            f"`loader` is to give the study's test set in its order, neither augmented nor cropped: its "
            f"image {start + place} is another."
        )
    plain = isinstance(given, Tensor) and given.dtype == torch.float32 and given.shape == own.shape
    return Form(back, ((0.0,), (1.0,)) if plain else None)


def _normalised(given: Any, own: Tensor, normalisations: Iterable[Normalisation]) -> Form | None:
    """The form of a batch of normalised images."""
    numpy, values = isinstance(given, np.ndarray), torch.as_tensor(given) if hasattr(given, "shape") else None
    if values is None or values.ndim != 4 or not values.is_floating_point():
        return None
    last = values.shape != own.shape
    arranged = values.permute(0, 3, 1, 2) if last else values
    if arranged.shape != own.shape:
        return None
    for mean, std in normalisations:
        if len(mean) not in (1, own.shape[1]):
            continue
        scale, shift = (torch.tensor(each, dtype=torch.float64).view(1, -1, 1, 1) for each in (std, mean))
        levels = (arranged.cpu().double() * scale + shift) * (LEVELS - 1)
        if float((levels - own).abs().max()) < CLOSE:
            return Form(_normaliser((mean, std), last, numpy, values.dtype), None if numpy or last else (mean, std))
    return None


def _normaliser(normalisation: Normalisation, last: bool, numpy: bool, dtype: torch.dtype) -> Callable[[Tensor], Any]:
    def of(images: Tensor) -> Any:
        values = normalise(images, *normalisation).to(dtype)
        values = values.permute(0, 2, 3, 1) if last else values
        return np.ascontiguousarray(values.cpu().numpy()) if numpy else values

    return of


def from_levels(of: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """Give a function of images in [0, 1] that hands them on as bytes."""
    return lambda images: of((images * (LEVELS - 1)).round().clamp(0, LEVELS - 1).to(torch.uint8))


def as_given(given: Any) -> Callable[[Tensor], Any]:
    """Give a function of tensors that hands them on as what a batch is: a tensor, or an array."""
    if isinstance(given, Tensor):
        return lambda images: images
    dtype = np.asarray(given).dtype
    return lambda images: images.cpu().numpy().astype(dtype)
