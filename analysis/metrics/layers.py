"""A ticket layer by layer: how much of each is kept, which filters are dead, and how the kept weights are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pruning.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from pruning.masks import Masks
    from pruning.ticket import Ticket


def by_layer(masks: Masks) -> pd.DataFrame:
    """What each layer keeps.

    A filter is an output channel of a convolution or an output unit of a linear layer, that is, an index of the
    parameter's first dimension. It is dead when none of its incoming weights is kept: it then gives its bias whatever
    the input. The classifier counts as any other layer; there a dead filter is a class whose score is constant.

    Args:
        masks: {parameter name: bool tensor of the parameter's shape}, True = kept.

    Returns:
        a row a layer, in the order of `masks`: layer (parameter name), position (from 0), kept and total (weights),
        sparsity (fraction removed, 0 to 1; 0 for a layer without weights), filters, dead_filters, collapsed (nothing
        is kept).
    """
    rows = [
        {"layer": layer, "position": position, **_summary(mask)} for position, (layer, mask) in enumerate(masks.items())
    ]
    columns = ["layer", "position", "kept", "total", "sparsity", "filters", "dead_filters", "collapsed"]
    return pd.DataFrame(rows, columns=columns)


def _summary(mask: Tensor) -> dict[str, int | float | bool]:
    kept, total = int(mask.sum()), mask.numel()
    filters = mask.shape[0] if mask.dim() else 1
    alive = int(mask.reshape(filters, -1).any(1).sum()) if total else 0
    return {
        "kept": kept,
        "total": total,
        "sparsity": 1 - kept / total if total else 0.0,
        "filters": filters,
        "dead_filters": filters - alive,
        "collapsed": kept == 0,
    }


def weight_histogram(ticket: Ticket, bins: int = 60) -> pd.DataFrame:
    """How the values of the kept weights are spread in each layer.

    The bins of a layer are equally wide and symmetric about 0, out to its largest kept magnitude; with an even number
    of them 0 lies on an edge. A bin holds left <= w < right, the last one also w = right.

    Args:
        ticket: the ticket whose kept weights are counted.
        bins: bins a layer, 1 or more.

    Returns:
        `bins` rows a layer, layers in network order: layer (parameter name), left, right (weight values), count. A
        layer that keeps nothing has no rows.

    Raises:
        UserError: a kept weight is not finite.
    """
    frames = []
    for layer, mask in ticket.masks.items():
        if bool(mask.any()):
            edges, counts = _histogram(ticket, layer, bins)
            frames.append(pd.DataFrame({"layer": layer, "left": edges[:-1], "right": edges[1:], "count": counts}))
    columns = ["layer", "left", "right", "count"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _histogram(ticket: Ticket, layer: str, bins: int) -> tuple[np.ndarray, np.ndarray]:
    values = ticket.state[layer][ticket.masks[layer]].detach().double().cpu().numpy()
    reach = float(np.abs(values).max())
    if not np.isfinite(reach):
        raise UserError(f"Ticket {ticket.id} has a weight in layer '{layer}' that is not finite; find the ticket anew.")
    counts, edges = np.histogram(values, bins=bins, range=(-reach, reach) if reach else (-1.0, 1.0))
    return edges, counts
