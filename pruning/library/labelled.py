"""Batches of inputs and labels from whatever gives them: a DataLoader, a list, a pair of tensors."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from pruning.criteria.batches import Batch
from pruning.errors import UserError


def labelled_batches(data: Any, images: int | None, device: torch.device | str = "cpu") -> list[Batch]:
    """Return the first batches of inputs, floating, and labels, int64, on a device.

    Args:
        data: an iterable of (inputs, labels), or one such pair of tensors; inputs as the network takes them.
        images: how many are enough; the last batch is cut there. None: all.
        device: where they are put.

    Raises:
        UserError: there are none, or they are no such pairs.
    """
    pairs = [data] if _is_pair(data) else data
    if not isinstance(pairs, Iterable):
        raise UserError(f"`data` is a {type(data).__name__}; give a DataLoader, or a pair of inputs and labels.")
    found: list[Batch] = []
    left = images
    for pair in pairs:
        inputs, labels = _checked(pair)
        if left is not None:
            inputs, labels = inputs[:left], labels[:left]
            left -= len(labels)
        found.append((inputs.to(device), labels.to(device, torch.int64)))
        if left == 0:
            break
    if not any(len(labels) for _, labels in found):
        raise UserError("`data` has no images; a loader that was used up gives none the second time.")
    return found


def _is_pair(data: Any) -> bool:
    return isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(each, Tensor) for each in data)


def _checked(pair: Any) -> Batch:
    if not _is_pair(pair):
        raise UserError("Batches are to be pairs of inputs and labels, two tensors each; `data` gives something else.")
    inputs, labels = pair
    if not inputs.is_floating_point():
        raise UserError(
            f"Inputs are {str(inputs.dtype).removeprefix('torch.')}; give them as the network takes them, normalised."
        )
    if labels.ndim != 1 or len(labels) != len(inputs) or labels.is_floating_point():
        raise UserError(f"There is to be one whole number as label for each of {len(inputs)} inputs in a batch.")
    return inputs, labels
