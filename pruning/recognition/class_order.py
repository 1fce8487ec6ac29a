"""Whether a network is right but for the order of its classes: its confusion is then a permutation."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

FEWEST = 5
"""Images a class on average from which on an order can be told."""
MOVED = 20
"""Images of classes in another place from which on it can be told that they are."""
MATCHED, RIGHT = 0.5, 0.2
"""Of the images of moved classes: how many must be in the new place, and at most in the old one."""
SHOWN = 12


class ClassOrder(NamedTuple):
    """The network's output for each class of the data, and the accuracy (0 to 1) with the classes so."""

    outputs: tuple[int, ...]
    accuracy: float


def class_order(predicted: Tensor, labels: Tensor, num_classes: int) -> ClassOrder | None:
    """The order in which the network has the classes; None where it is that of the data or cannot be told.

    Classes and outputs are paired by the largest counts first.

    Args:
        predicted: int64 [N], the outputs with the largest logits.
        labels: int64 [N].
        num_classes: K.
    """
    if len(labels) < FEWEST * num_classes:
        return None
    counts = torch.bincount(labels * num_classes + predicted, minlength=num_classes**2).view(num_classes, num_classes)
    order = _paired(counts)
    moved = [label for label, output in enumerate(order) if label != output]
    images = int(counts[moved].sum())
    matched = sum(int(counts[label, order[label]]) for label in moved)
    right = sum(int(counts[label, label]) for label in moved)
    if images < MOVED or matched < MATCHED * images or right > RIGHT * images:
        return None
    total = sum(int(counts[label, output]) for label, output in enumerate(order))
    return ClassOrder(tuple(order), total / len(labels))


def _paired(counts: Tensor) -> list[int]:
    """For each row a column of its own, the largest counts first; ties go to a row's own column."""
    own = torch.eye(len(counts), dtype=counts.dtype)
    order, taken = [-1] * len(counts), set[int]()
    for place in (2 * counts + own).flatten().argsort(descending=True, stable=True).tolist():
        row, column = divmod(place, len(counts))
        if order[row] < 0 and column not in taken:
            order[row] = column
            taken.add(column)
    return order


def in_words(found: ClassOrder, classes: Sequence[str]) -> str:
    """A sentence on the order, and what to do about it."""
    moved = [f"'{classes[label]}' is its output {out}" for label, out in enumerate(found.outputs) if label != out]
    more = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
    return (
        f"The network has the classes in another order ({', '.join(moved[:SHOWN])}{more}, counted from 0): with its "
        f"order {found.accuracy:.1%} are right; sort the classes of the data so, or the rows of its classifier."
    )
