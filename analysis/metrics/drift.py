"""Nested rescue: which images that a corruption costs come back when the drift of the features is undone.

The corrupted features are shifted by one vector common to all images (*drift*); rescaled feature by feature to the
clean mean and standard deviation, what adapting batch norm would undo (*scale*; Schneider et al. 2020, arXiv
2006.16971); shifted by one vector a class (*class*), which uses the label and so is an upper bound; and, as its
control, shifted by the vector of some other class (*other*). What none of the first three brings back is scatter of
single images.

All is cross-fitted: estimated on every second image and applied to the rest, and the other way round.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHIFTS = ("drift", "scale", "class", "other")


def predictions(clean: Tensor, corrupted: Tensor, labels: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """What the classifier says of the corrupted features once each of `SHIFTS` is undone.

    Args:
        clean: features [N, D] of the clean images.
        corrupted: those of the same images corrupted, in the same order.
        labels: int64 [N], the true classes.
        weight: class directions [K, D].
        bias: [K].

    Returns:
        Shift -> predicted classes, int64 [N]. A half without an image of a class takes the common drift for it.
    """
    clean, corrupted, weight, bias = (each.double() for each in (clean, corrupted, weight, bias))
    found = {name: torch.empty_like(labels) for name in SHIFTS}
    even = torch.arange(len(labels), device=labels.device) % 2 == 0
    halves = (even, ~even) if len(labels) > 1 else (even,)
    for applied in halves:
        fitted = ~applied if len(halves) == 2 else applied  # of a single image there is but one half
        before, after, seen = clean[fitted], corrupted[fitted], labels[fitted]
        rows, own = corrupted[applied], labels[applied]
        drift = after.mean(0) - before.mean(0)
        each = _by_class(after - before, seen, len(weight), drift)
        scaled = (rows - after.mean(0)) * _ratio(before, after) + before.mean(0)
        undone = (rows - drift, scaled, rows - each[own], rows - each[_other(own, len(weight))])
        for name, features in zip(SHIFTS, undone, strict=True):
            found[name][applied] = (features @ weight.T + bias).argmax(1)
    return found


def _ratio(clean: Tensor, corrupted: Tensor) -> Tensor:
    """Of standard deviations, feature by feature; 1 where the corrupted feature does not vary."""
    spread = corrupted.std(0, correction=0)
    return torch.where(spread > 0, clean.std(0, correction=0) / spread.clamp(min=1e-300), 1.0)


def _by_class(moves: Tensor, labels: Tensor, classes: int, without: Tensor) -> Tensor:
    """The mean move of each class [K, D], `without` of one that has no image."""
    sums = torch.zeros(classes, moves.shape[1], dtype=moves.dtype, device=moves.device).index_add_(0, labels, moves)
    counts = torch.bincount(labels, minlength=classes)[:, None]
    return torch.where(counts > 0, sums / counts.clamp(min=1), without)


def _other(labels: Tensor, classes: int) -> Tensor:
    """Another class for each image, all others in turn."""
    turn = torch.arange(len(labels), device=labels.device) % max(classes - 1, 1)
    return (labels + 1 + turn) % classes
