"""How points move on a plane, averaged over groups of them: arrows, each with a test of whether there is a move.

Points are grouped by the middle of their move, not by its start. Where two measurements differ by noise alone, those
that start far out come back, on average, and would make arrows of nothing; from the middle neither way is likelier
(Bland & Altman 1986).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import fdtrc

FEWEST = 12
"""Points that make an arrow: with fewer, one point may turn it."""

ARROWS = ["group", "n", "x_before", "y_before", "x_after", "y_after", "p"]


def cells(before: np.ndarray, after: np.ndarray, counts: tuple[int, int] = (7, 6)) -> np.ndarray:
    """In which cell of a grid the middle of each move lies.

    Args:
        before: [N, 2], where the points were.
        after: [N, 2], where they are.
        counts: cells across and upwards, over the range of all middles but the outermost hundredth at each end.

    Returns int64 [N], -1 for a move that is not finite; what lies beyond the grid belongs to its outer cells.
    """
    middle = (before + after) / 2
    there = np.isfinite(middle).all(axis=1)
    found = np.full(len(middle), -1)
    if not there.any():
        return found
    low, high = np.quantile(middle[there], [0.01, 0.99], axis=0)
    share = (middle[there] - low) / np.where(high > low, high - low, 1.0)
    place = np.clip((share * counts).astype(int), 0, np.array(counts) - 1)
    found[there] = place[:, 0] * counts[1] + place[:, 1]
    return found


def arrows(before: np.ndarray, after: np.ndarray, groups: Sequence[int] | np.ndarray, fewest: int = FEWEST
           ) -> pd.DataFrame:  # fmt: skip
    """The mean move of each group of points.

    Args:
        before: [N, 2], where the points were.
        after: [N, 2], where they are.
        groups: int [N], the group of each; negative for none.
        fewest: points that a group needs.

    Returns a row a group: group, n, x_before, y_before, x_after, y_after (means over its finite points), and p, that
    the mean move is nothing, by Hotelling's test (1931) with both coordinates at once.
    """
    groups = np.where(np.isfinite(before + after).all(axis=1), groups, -1)
    rows = []
    for group in np.unique(groups[groups >= 0]):
        own = groups == group
        if own.sum() >= max(fewest, 3):
            start, end = before[own].mean(axis=0), after[own].mean(axis=0)
            rows.append((group, own.sum(), *start, *end, hotelling(after[own] - before[own])))
    return pd.DataFrame(rows, columns=ARROWS).astype({"group": int, "n": int})


def hotelling(moves: np.ndarray) -> float:
    """The p-value, in [0, 1], that the moves [N, 2] have mean 0; N must be above 2."""
    n, mean = len(moves), moves.mean(axis=0)
    if not mean.any():
        return 1.0
    scale = np.sqrt((moves**2).mean(axis=0))
    scaled = moves / np.where(scale > 0, scale, 1.0)
    mean = scaled.mean(axis=0)
    # What all points have in common to the last digit leaves nothing to divide by.
    spread = np.cov(scaled.T) + 1e-12 * np.eye(2)
    squared = n * float(mean @ np.linalg.solve(spread, mean))
    return float(fdtrc(2, n - 2, squared * (n - 2) / (2 * (n - 1))))  # the upper tail of Fisher's F
