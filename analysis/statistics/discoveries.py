"""Which of very many differences to look at: a map of cells, held to a rate of false discoveries.

Holm's procedure keeps a whole map free of false claims, and of most true ones with it. Of a map one wants to know where
to look: of the cells that stand out no more than a share alpha may do so by chance (Benjamini & Hochberg 1995). Where
there is no difference at all, that is the chance that any stands out. Intervals are taken at the rate that decides
(Benjamini & Yekutieli 2005), so that those which leave out 0 are the ones that stand out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.statistics.verdicts import LEVEL, Gap

COLUMNS = ["difference", "low", "high", "p", "stands_out"]


def discoveries(gaps: Sequence[Gap], level: float = LEVEL) -> pd.DataFrame:
    """The differences that stand out of all of them.

    Args:
        gaps: each of one or many differences.
        level: 1 minus the expected share of false ones among those that stand out, in (0, 1).

    Returns a row a difference, in the order given: difference, low, high (within [-1, 1]), p (two-sided), stands_out
    (bool, the interval leaves out 0).
    """
    if not gaps:
        return pd.DataFrame(columns=COLUMNS)
    difference, centre, error = (
        np.concatenate([np.ravel(getattr(gap, name)) for gap in gaps]) for name in ("difference", "centre", "error")
    )
    freedom = np.repeat([gap.freedom for gap in gaps], [np.size(gap.difference) for gap in gaps])
    p = 2 * t.sf(np.abs(centre) / error, freedom)
    rate = found_below(p, 1 - level)
    reach = t.isf(rate / 2, freedom) * error
    low, high = np.maximum(centre - reach, -1), np.minimum(centre + reach, 1)
    return pd.DataFrame({"difference": difference, "low": low, "high": high, "p": p, "stands_out": p < rate})


def found_below(p: np.ndarray, alpha: float) -> float:
    """The p below which Benjamini & Hochberg's procedure finds tests: alpha R / m, R of m found and at least 1."""
    allowed = alpha * np.arange(1, p.size + 1) / p.size
    passed = np.flatnonzero(np.sort(p) < allowed)
    return float(allowed[passed[-1] if passed.size else 0])
