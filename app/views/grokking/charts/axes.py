"""A logarithmic axis of training steps."""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST = 1.0
"""Where the initialisation stands, which a logarithm has no place for, where nothing else says."""


def step_axis(low: float, high: float, room: float = 0.0) -> dict[str, object]:
    """The axis from one step to another, with ticks at round numbers.

    Args:
        low: above 0.
        high: above `low`.
        room: more room at the right, as a share of the axis.
    """
    span = [np.log10(low), np.log10(high)]
    width = max(span[1] - span[0], 0.1)
    digits = (1, 2, 5) if width < 2.6 else (1, 3) if width < 3.5 else (1,)
    ticks = np.sort(np.outer(10.0 ** np.arange(0, 7), digits).ravel())
    ticks = ticks[(ticks >= low * 0.999) & (ticks <= high * 1.001)]
    return {
        "type": "log",
        "title": {"text": "Training step (log scale)"},
        "range": [span[0] - 0.02 * width, span[1] + (0.02 + room) * width],
        "tickvals": ticks.tolist(),
        "ticktext": [f"{tick:,.0f}" for tick in ticks],
        "showgrid": False,
    }


def placed(steps: pd.Series, first: float) -> pd.Series:
    """Steps on a logarithmic axis: the initialisation stands at `first`."""
    return steps.where(steps > 0, first)
