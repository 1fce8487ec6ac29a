"""Batches of inputs and labels from whatever gives them: a DataLoader, a list, a pair of tensors."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as MapStyle
from torch.utils.data import IterableDataset

from pruning.criteria.batches import Batch
from pruning.data import Dataset, Split, load_data, normalise
from pruning.errors import UserError
from pruning.library.arguments import whole_number

BATCH = 250  # images of a data set that are given at once
Part = Literal["train", "test"]

INPUTS, LABELS = ("pixel_values", "image", "images", "inputs", "x"), ("labels", "label", "targets", "target", "y")
"""What inputs and labels are called in batches that are dictionaries."""


def labelled_batches(
    data: Any,
    images: int | None,
    device: torch.device | str = "cpu",
    name: str = "data",
    dtype: torch.dtype | None = None,
) -> list[Batch]:
    """Return the first batches of inputs, floating, and labels, int64, on a device.

    Args:
        data: an iterable of (inputs, labels), or one such pair, tensors or arrays; inputs as the network takes them.
            Of a `Dataset` the training images, normalised.
        images: how many are enough; the last batch is cut there. None: all.
        device: where they are put.
        name: what the argument is called.
        dtype: of the inputs, such as the network has; None: as they are.

    Raises:
        UserError: there are none, or they are no such pairs.
    """
    return [(inputs.to(device, dtype), labels.to(device)) for inputs, labels in first_batches(data, images, name)]


def first_batches(data: Any, images: int | None, name: str = "data", part: Part = "train") -> Iterator[Batch]:
    """Give the batches of `labelled_batches` one after another, where they lie; of a `Dataset` those of a part.

    Raises:
        UserError: there are no images, `images` is no number of them, or something else than batches of them.
    """
    left, found = whole_number(images, "images"), False
    data = load_data(data) if isinstance(data, str) else data
    for inputs, labels in _of_dataset(data, part) if isinstance(data, Dataset) else _pairs(data, name):
        if left is not None:
            inputs, labels = inputs[:left], labels[:left]
            left -= len(labels)
        if len(labels):
            found = True
            yield inputs, labels
        if left == 0:
            break
    if not found:
        raise UserError(f"`{name}` has no images; a loader that was used up gives none the second time.")


def _pairs(data: Any, name: str) -> Iterator[Batch]:
    pairs = [data] if is_pair(data) else data
    if isinstance(data, MapStyle) and not isinstance(data, IterableDataset):
        raise UserError(
            f"`{name}` is a data set of torch's; give a loader of it, as DataLoader({name}, batch_size=128)."
        )
    if not isinstance(pairs, Iterable):
        raise UserError(f"`{name}` is a {type(data).__name__}; give a DataLoader, or a pair of inputs and labels.")
    for pair in pairs:
        yield checked_pair(_from_dictionary(pair) if isinstance(pair, Mapping) else pair, name)


def _of_dataset(data: Dataset, part: Part) -> Iterator[Batch]:
    split: Split = getattr(data, part)
    for images, labels in zip(split.images.split(BATCH), split.labels.split(BATCH), strict=True):
        yield normalise(images, data.mean, data.std), labels


def is_pair(data: Any) -> bool:
    """Whether it is one pair of inputs and labels, and no list of batches."""
    return isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(x, (Tensor, np.ndarray)) for x in data)


def checked_pair(pair: Any, name: str = "data") -> Batch:
    """Return inputs and labels, int64, as tensors.

    Raises:
        UserError: they are none, or do not go together.
    """
    if not is_pair(pair):
        raise UserError(
            f"Batches are to be pairs of inputs and labels, two tensors each; `{name}` gives {_what(pair)}. "
            "A generator mends that, such as ((x, y) for x, y, _ in loader)."
        )
    try:
        inputs, labels = (torch.as_tensor(each) for each in pair)
    except TypeError:  # of an array of texts, or of objects
        kinds = " and ".join(str(each.dtype).removeprefix("torch.") for each in pair)
        raise UserError(f"Inputs and labels are to be numbers, and are {kinds}; labels count classes from 0.") from None
    if not inputs.is_floating_point():
        raise UserError(
            f"Inputs are {str(inputs.dtype).removeprefix('torch.')}; give them as the network takes them, normalised."
        )
    if labels.ndim != 1 or len(labels) != len(inputs) or labels.is_floating_point():
        raise UserError(
            f"There is to be one whole number as label for each of {len(inputs)} inputs in a batch; they are "
            f"{str(labels.dtype).removeprefix('torch.')} {list(labels.shape)}."
        )
    if len(labels) and labels.min() < 0:
        raise UserError(f"Label {int(labels.min())} names no class: labels count from 0.")
    return inputs, labels.to(torch.int64)


def check_classes(labels: Tensor, classes: int | None) -> None:
    """Raise UserError where a label names none of a network's classes; None where these are not known."""
    if classes is not None and len(labels) and int(labels.max()) >= classes:
        raise UserError(f"Label {int(labels.max())} names no class: the network has {classes}, numbered from 0.")


def _what(pair: Any) -> str:
    """What a batch is that is no pair of tensors."""
    if not isinstance(pair, (tuple, list)):
        return f"a {type(pair).__name__}"
    return f"a {type(pair).__name__} of {len(pair)}: {', '.join(type(each).__name__ for each in pair)}"


def _from_dictionary(batch: Mapping[str, Any]) -> Any:
    """The inputs and labels of a batch that is a dictionary, as Hugging Face's loaders give it."""
    found = [next((batch[key] for key in keys if key in batch), None) for keys in (INPUTS, LABELS)]
    return tuple(found)
