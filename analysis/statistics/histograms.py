"""Histograms: how many values lie where, of all and of those that are chosen, and a brushed range in round numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

MOST = 60
"""Bars of a histogram at most."""


def histogram(values: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """Count values in bars of equal width.

    The width is the smaller of Sturges' (1926) and of Freedman and Diaconis' (1981), with `MOST` bars at most.

    Args:
        values: [N]; what is not finite is left out.
        chosen: bool [N], those that are counted apart too.

    Returns:
        low, high (a value on an edge belongs to the bar above it, the largest one to the last), all, chosen: a row a
        bar; none without values.
    """
    finite = np.isfinite(values)
    there, chosen = np.asarray(values[finite], dtype=np.float64), chosen[finite]
    if not len(there):
        return pd.DataFrame(columns=["low", "high", "all", "chosen"], dtype=float)
    bars = min(len(np.histogram_bin_edges(there, "auto")) - 1, MOST)
    counts, edges = np.histogram(there, bins=bars)
    own, _ = np.histogram(there[chosen], bins=edges)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "all": counts, "chosen": own})


def round_range(low: float, high: float, spread: float) -> tuple[float, float]:
    """Round the ends of a range outwards, to a thousandth of the spread of the values or less."""
    if not spread > 0 or not math.isfinite(spread):
        return low, high
    digits = 3 - math.floor(math.log10(spread))
    step = 10.0**-digits
    return round(math.floor(low / step) * step, max(digits, 0)), round(math.ceil(high / step) * step, max(digits, 0))
