"""Nested rescue: which images that are lost come back when the drift between two states of a network is undone.

The second state is shifted by one vector common to all images (*drift*); rescaled axis by axis to the mean and standard
deviation of the first (*scale*); shifted by one vector a class (*class*), which uses the label and so is an upper
bound; and, as its control, shifted by the vector of some other class (*other*). What none of the first three brings
back is scatter of single images.

There are two kinds of states. Features of one network, of clean and of corrupted images: *scale* is what adapting batch
norm would undo (Schneider et al. 2020, arXiv 2006.16971). Or logits of two networks on the same images, as the features
of two networks have no axes in common and their logits do, the classes: *drift* is what a correction of the biases
would undo, *scale* what vector scaling would (Guo et al. 2017, arXiv 1706.04599).

All is cross-fitted: estimated on every second image and applied to the rest, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable

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
    weight, bias = weight.double(), bias.double()
    return _undone(clean, corrupted, labels, len(weight), lambda features: (features @ weight.T + bias).argmax(1))


def between_logits(reference: Tensor, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """What a network says once each of `SHIFTS` between another network's logits and its own is undone.

    Args:
        reference: logits [N, K] of the other network.
        logits: the network's own, of the same images in the same order.
        labels: int64 [N], the true classes.

    Returns:
        As `predictions`.
    """
    return _undone(reference, logits, labels, logits.shape[1], lambda undone: undone.argmax(1))


def _undone(
    first: Tensor, second: Tensor, labels: Tensor, classes: int, decide: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    """Shift -> what `decide` says [N] of the second state [N, D] once its drift from the first is undone."""
    first, second = first.double(), second.double()
    found = {name: torch.empty_like(labels) for name in SHIFTS}
    even = torch.arange(len(labels), device=labels.device) % 2 == 0
    halves = (even, ~even) if len(labels) > 1 else (even,)
    for applied in halves:
        fitted = ~applied if len(halves) == 2 else applied  # of a single image there is but one half
        before, after, seen = first[fitted], second[fitted], labels[fitted]
        rows, own = second[applied], labels[applied]
        drift = after.mean(0) - before.mean(0)
        each = _by_class(after - before, seen, classes, drift)
        scaled = (rows - after.mean(0)) * _ratio(before, after) + before.mean(0)
        undone = (rows - drift, scaled, rows - each[own], rows - each[_other(own, classes)])
        for name, states in zip(SHIFTS, undone, strict=True):
            found[name][applied] = decide(states)
    return found


def _ratio(first: Tensor, second: Tensor) -> Tensor:
    """Of standard deviations, axis by axis; 1 where the second state does not vary."""
    spread = second.std(0, correction=0)
    return torch.where(spread > 0, first.std(0, correction=0) / spread.clamp(min=1e-300), 1.0)


def _by_class(moves: Tensor, labels: Tensor, classes: int, without: Tensor) -> Tensor:
    """The mean move of each class [K, D], `without` of one that has no image."""
    sums = torch.zeros(classes, moves.shape[1], dtype=moves.dtype, device=moves.device).index_add_(0, labels, moves)
    counts = torch.bincount(labels, minlength=classes)[:, None]
    return torch.where(counts > 0, sums / counts.clamp(min=1), without)


def _other(labels: Tensor, classes: int) -> Tensor:
    """Another class for each image, all others in turn."""
    turn = torch.arange(len(labels), device=labels.device) % max(classes - 1, 1)
    return (labels + 1 + turn) % classes
