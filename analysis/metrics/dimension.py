"""How many dimensions features fill: effective rank of their spread, intrinsic dimension of where they lie."""

from __future__ import annotations

import torch
from torch import Tensor

DISCARDED = 0.1
"""Share of the points, those of the largest ratios, that TwoNN leaves out."""


def effective_rank(features: Tensor) -> float:
    """The exponential of the entropy of the normalised singular values (Roy & Vetterli 2007), of centred features.

    Args:
        features: [N, D].

    Returns:
        1 to min(N - 1, D); NaN where all are the same, or one is not finite.
    """
    rows = features.double()
    rows = rows - rows.mean(0)
    small = rows.T @ rows if rows.shape[1] <= len(rows) else rows @ rows.T
    if not small.isfinite().all():
        return float("nan")
    sizes = torch.linalg.eigvalsh(small).clamp(min=0).sqrt()
    sizes = sizes[sizes > sizes.max() * 1e-7]  # half the digits: these are roots
    if not len(sizes) or not float(sizes.max()) > 0:
        return float("nan")
    shares = sizes / sizes.sum()
    return float(torch.exp(-(shares * shares.log()).sum()))


def two_nn(features: Tensor) -> float:
    """The intrinsic dimension, from the two nearest neighbours of each point (TwoNN, Facco et al. 2017).

    The ratios of their distances, second to first, follow Pareto's law with the dimension as exponent. It is fitted as
    the slope through the origin of -log(1 - F) over log(ratio), without the tenth of the largest ratios, as the paper
    does. Of points that coincide one is counted.

    Args:
        features: [N, D]; N squared distances are held at once.

    Returns:
        above 0; NaN of fewer than 10 different points, or where one is not finite.
    """
    rows = features.double()
    if not rows.isfinite().all():
        return float("nan")
    rows = rows.unique(dim=0)
    if len(rows) < 10:
        return float("nan")
    # In float64, by one matrix product: neighbours are near, and their distances differences of large numbers.
    rows = rows - rows.mean(0)
    sizes = rows.square().sum(1)
    distances = (sizes[:, None] + sizes - 2 * (rows @ rows.T)).fill_diagonal_(torch.inf)
    nearest = distances.topk(2, largest=False).values.clamp(min=1e-300)
    ratios = (0.5 * (nearest[:, 1] / nearest[:, 0]).log()).sort().values
    kept = int(len(ratios) * (1 - DISCARDED))
    heights = -torch.log1p(-torch.arange(1, kept + 1, dtype=rows.dtype, device=rows.device) / len(ratios))
    return float((ratios[:kept] @ heights) / ratios[:kept].square().sum())
