"""Nested rescue between two networks: what a drift of the logits explains of the images lost to the baseline.

The features of two networks have no axes in common, but their logits do: the classes. What is undone are a vector
common to all images (a correction of the biases), the mean and spread of each logit (vector scaling, Guo et al. 2017,
arXiv 1706.04599), or a vector a class, as `metrics.drift` says.
"""

from __future__ import annotations

import numpy as np
import torch

from analysis.corruptions.conditions import Condition
from analysis.engine.live import Features
from analysis.measures.lost import tally
from analysis.metrics.drift import SHIFTS, between_logits
from pruning.errors import UserError


def rescue(ticket_id: str, baseline: Features, ticket: Features, condition: Condition) -> dict[str, object]:
    """What brings back each image that the baseline classifies right and a ticket wrong.

    Args:
        ticket_id: the ticket's.
        baseline: what the baseline makes of the images under the condition.
        ticket: what the ticket makes of the same.
        condition: the clean one too.

    Returns:
        a row as of the table `lost`, without direction and length: ticket_id, corruption, severity, n, lost, right,
        right_ and each of `drift.SHIFTS`, rescues. Besides mended_ and each shift: of the images that are wrong for the
        ticket, how many it makes right. An image whose logits are not finite takes no part, and nothing brings it back.

    Raises:
        UserError: the two networks do not have the same classes.
    """
    if baseline.logits.shape != ticket.logits.shape:
        raise UserError(
            f"Ticket {ticket_id} has {ticket.logits.shape[1]} logits and the baseline {baseline.logits.shape[1]}: "
            "compare networks of the same classes."
        )
    there = np.isfinite(baseline.logits).all(axis=1) & np.isfinite(ticket.logits).all(axis=1)
    before, after, labels = (
        torch.from_numpy(each) for each in (baseline.predictions, ticket.predictions, ticket.labels)
    )
    undone = {name: after.clone() for name in SHIFTS}
    if there.any():
        first, second = (torch.from_numpy(each.logits[there]) for each in (baseline, ticket))
        for name, found in between_logits(first, second, labels[there]).items():
            undone[name][there] = found
    wrong = after != labels
    return {
        "ticket_id": ticket_id,
        "corruption": condition[0],
        "severity": condition[1],
        **tally(before, after, labels, undone),
        **{f"mended_{name}": int((wrong & (found == labels)).sum()) for name, found in undone.items()},
    }
