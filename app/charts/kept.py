"""The axis of the share of weights that are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd


def kept_axis(kept: pd.Series) -> dict[str, object]:
    """An axis of the weights kept in per cent, most at the left, logarithmic."""
    low, high = (float(kept.min()), float(kept.max())) if len(kept) else (1.0, 100.0)
    steps = np.sort(np.outer(10.0 ** np.arange(-3, 3), (1, 2, 5)).ravel())
    ticks = [float(step) for step in steps if low / 1.3 <= step <= min(high * 1.3, 100)]
    if not any(low / 1.15 <= tick <= high * 1.15 for tick in ticks):  # as of one level that is no round one
        ticks = sorted(set(kept.tolist()))
    return {
        "type": "log",
        "range": [float(np.log10(high * 1.15)), float(np.log10(low / 1.15))],
        "title": {"text": "Weights kept (log scale)"},
        "tickvals": ticks,
        "ticktext": [f"{tick:g} %" for tick in ticks],
        "showgrid": False,
    }
