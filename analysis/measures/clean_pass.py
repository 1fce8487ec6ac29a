"""What a network makes of the clean images: one pass, for all measures that hold something against it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from analysis.corruptions.conditions import CLEAN
from analysis.engine.base import Context, Shown
from analysis.engine.showing import Viewer, show
from analysis.metrics import geometry

MOST_KEPT = 24
"""Tickets whose pass a process keeps; as many are measured together."""


class Clean(NamedTuple):
    """What a ticket's network makes of the clean images, on the CPU but for `mean`.

    Attributes:
        mean: of the finite features of all images, float64 [D], on the network's device.
        predicted, features: int64 [N] and float32 [N, D], of the images asked for.
    """

    mean: Tensor
    predicted: Tensor
    features: Tensor


def clean_pass(context: Context, rows: Tensor) -> Clean:
    """The pass of the context's ticket, which a process keeps of the last tickets that it measured.

    Args:
        context: with a network.
        rows: int64, rising: which images' predictions and features are wanted; the same for a study.
    """
    kept: dict[str, Clean] = context.once_a_process(_Kept)
    if context.ticket.id not in kept:
        while len(kept) >= MOST_KEPT:
            del kept[next(iter(kept))]
        kept[context.ticket.id] = _shown(context, rows)
    return kept[context.ticket.id]


class _Kept(dict[str, Clean]):
    """Ticket id -> its pass, the oldest first."""


def _shown(context: Context, rows: Tensor) -> Clean:
    assert context.network is not None
    predicted, features, sums = [], [], []

    def take(shown: Shown) -> None:
        part = torch.isin(shown.index, rows)
        predicted.append(shown.logits.argmax(1).cpu()[part])
        features.append(shown.features.cpu()[part])
        sums.append(geometry.sum_of_finite(shown.features))

    show({"": context.network}, context.images, CLEAN, {"": [Viewer(take)]})
    mean = torch.stack([total for total, _ in sums]).sum(dim=0) / max(1, sum(count for _, count in sums))
    return Clean(mean, torch.cat(predicted), torch.cat(features))
