"""A logarithmic axis of training steps."""

from __future__ import annotations

import numpy as np
import pandas as pd


def step_axis(low: float, high: float, room: float = 0.0, start: bool = False) -> dict[str, object]:
    """The axis from one step to another, with ticks at round numbers.

    Args:
        low: above 0.
        high: above `low`.
        room: more room at the right, as a share of the axis.
        start: whether the initialisation stands at `low`, and has a tick of its own.
    """
    span = [float(np.log10(low)), float(np.log10(high))]
    width = max(span[1] - span[0], 0.1)
    digits = (1, 2, 5) if width < 2.6 else (1, 3) if width < 3.5 else (1,)
    round_numbers = np.sort(np.outer(10.0 ** np.arange(0, 7), digits).ravel())
    ticks = [tick for tick in round_numbers.tolist() if low * (1.4 if start else 0.999) <= tick <= high * 1.001]
    texts = [f"{tick:,.0f}" for tick in ticks]
    return {
        "type": "log",
        "title": {"text": "Training step (log scale)"},
        "range": [span[0] - 0.02 * width, span[1] + (0.02 + room) * width],
        "tickvals": [low, *ticks] if start else ticks,
        "ticktext": ["start", *texts] if start else texts,
        "showgrid": False,
    }


def first_place(steps: pd.Series | np.ndarray) -> float:
    """Where the initialisation stands on the axis, for which a logarithm has no place: before the first step."""
    after = np.asarray(steps, dtype=float)
    after = after[after > 0]
    return float(after.min()) / 1.5 if after.size else 1.0


def placed(steps: pd.Series | np.ndarray, first: float) -> np.ndarray:
    """Steps on a logarithmic axis: the initialisation stands at `first`."""
    values = np.asarray(steps, dtype=float)
    return np.where(values > 0, values, first)
