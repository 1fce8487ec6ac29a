"""Which of K equal parts stand out above the others, such as the one class that most errors go to.

The greatest of K numbers is above the others by definition, and two trainings may have the same greatest by chance, so
a name for it has to outlast both chances: had the parts been equal, each training would have had a favourite of its
own, any of them alike (its numbers are permuted over the parts), and other images would have given other shares
(binomial draws round the share that is expected of equal parts). One training says nothing of the next one: then the
images are the only chance, and what is claimed is about that network.

The two chances are added, and where there are several trainings that of the images only ever raises a share. This errs
on the careful side, as the trainings' numbers hold the chance of the images already. The p-values are those of Westfall
& Young's step-down procedure (1993): the greatest part is held against the greatest of all under chance, the second
against the greatest of those that are left, and so on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 4_999
MOST_AT_ONCE = 2_000_000
"""Numbers drawn for one training in all; of many parts there are fewer draws."""
FEWEST = 999
FIRST, CLEAR = 499, 0.2
"""Where so many draws give a p-value of so much, more of them would not change what is said."""


def standing_out(
    shares: np.ndarray, expected: ArrayLike, trials: ArrayLike, seed: int = 0, draws: int = DRAWS
) -> np.ndarray:
    """The p-value of each part that it does not stand out, corrected for there being K parts.

    Args:
        shares: [S, K], of each training, fractions; S and K at least 1. Of two trainings of K parts no p-value is below
            1 / K, and of three none below 1 / K^2.
        expected: [K] or a number, the shares of equal parts, in [0, 1].
        trials: [K] or a number, how many images each share is of.
        seed: of the draws.
        draws: how many, fewer of many parts.

    Returns:
        float64 [K] in (0, 1]; 1 for parts that are not above what is expected, or not of any images.
    """
    shares = np.asarray(shares, dtype=np.float64)
    parts = shares.shape[1]
    expected = np.broadcast_to(np.asarray(expected, dtype=np.float64), parts)
    trials = np.broadcast_to(np.asarray(trials), parts).astype(np.int64)
    excess = shares.mean(axis=0) - expected
    p, left, reached = np.ones(parts), np.flatnonzero(trials > 0), 0.0
    rng = np.random.default_rng(seed)
    while len(left) and reached < 0.5:
        part = left[np.argmax(excess[left])]
        if not excess[part] > 0:
            break
        for count in (min(FIRST, draws), draws):
            greatest = _greatest(shares[:, left] - expected[left], expected[left], trials[left], count, rng)
            found = float(1 + (greatest >= excess[part] - 1e-12).sum()) / (1 + len(greatest))
            if found > CLEAR:
                break
        reached = max(reached, found)
        p[part], left = reached, left[left != part]
    return p


def _greatest(
    excess: np.ndarray, expected: np.ndarray, trials: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """The greatest excess of any part in each of many draws under chance."""
    runs, parts = excess.shape
    draws = min(draws, max(MOST_AT_ONCE // parts, FEWEST))
    found = rng.binomial(trials, expected, size=(draws, parts)) / trials - expected
    if runs > 1:
        found = found.clip(min=0)
        for run in excess:
            found += rng.permuted(np.broadcast_to(run, found.shape), axis=1) / runs
    result: np.ndarray = found.max(axis=1)
    return result
