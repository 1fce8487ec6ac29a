"""Which class of the network stands for which class of the target, by how often it is predicted (Chen et al. 2023)."""

from __future__ import annotations

import torch
from torch import Tensor


def frequencies(logits: Tensor, labels: Tensor, targets: int) -> tuple[Tensor, Tensor]:
    """How often each class of the network is predicted for each class of the target.

    Args:
        logits: [N, S], of the network on the target's images.
        labels: int64 [N], in 0 to `targets` - 1. A class without an image has a column of zeros.
        targets: number of the target's classes, T.

    Returns:
        counts int64 [S, T], and the probabilities summed over the same images, float64 [S, T].
    """
    sources = logits.shape[1]
    counts = torch.bincount(logits.argmax(1) * targets + labels, minlength=sources * targets).view(sources, targets)
    summed = torch.zeros(targets, sources, dtype=torch.float64, device=logits.device)
    summed.index_add_(0, labels, torch.softmax(logits.double(), dim=1))
    return counts, summed.T


def greedy(counts: Tensor, summed: Tensor) -> Tensor:
    """Pair each class of the target with a class of the network of its own, most frequent pair first.

    Of equally frequent pairs that with the larger summed probability is taken: with one image a class most counts are
    0 or 1, and the order of the classes means nothing.

    Args:
        counts: int64 [S, T], of `frequencies`; S is at least T.
        summed: float64 [S, T].

    Returns:
        int64 [T], the network's class of each of the target's.

    Raises:
        ValueError: the target has more classes.
    """
    sources, targets = counts.shape
    if targets > sources:
        raise ValueError(f"{targets} classes cannot have one of {sources} each.")
    # Summed probabilities are at most the number of images, so that a share below 1 never outweighs a count.
    worth = counts.double() + summed / (summed.sum() + 1)
    found = torch.full((targets,), -1, dtype=torch.int64)
    for _ in range(targets):
        source, target = divmod(int(worth.argmax()), targets)
        found[target] = source
        worth[source, :] = -1
        worth[:, target] = -1
    return found
