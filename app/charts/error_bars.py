"""Error bars of intervals that need not lie evenly round their middle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def hundredfold(values: ArrayLike) -> np.ndarray:
    """Fractions as per cent."""
    return 100 * np.asarray(values, dtype=float)


def error_bars(
    middle: ArrayLike, low: ArrayLike, high: ArrayLike, color: str, thickness: float = 1.5
) -> dict[str, object]:
    """Error bars for plotly, from coordinates on its axis. NaN: none at that point."""
    places, ends, starts = (np.atleast_1d(np.asarray(each, dtype=float)) for each in (middle, high, low))
    return {
        "type": "data",
        "symmetric": False,
        "array": ends - places,
        "arrayminus": places - starts,
        "color": color,
        "thickness": thickness,
        "width": 0,
    }


def bars_of(
    rows: pd.DataFrame, measure: str, color: str, place: Callable[[ArrayLike], np.ndarray] = hundredfold
) -> dict[str, object]:
    """Error bars of the columns `measure`, with `_low` and `_high`, for an axis on which a value lies at `place`."""
    middle, low, high = (place(rows[measure + end]) for end in ("", "_low", "_high"))
    return error_bars(middle, low, high, color)
