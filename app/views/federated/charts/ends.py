"""Intervals at the last round of a line, where they cross no other's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.charts.error_bars import error_bars
from app.shell.colour import fade


def at_the_end(own: pd.DataFrame, color: str) -> dict[str, object]:
    """Error bars in per cent of a line's last point, within 0 and 100.

    Args:
        own: mean, low, high of one line, in the order of rounds.
        color: the line's.
    """
    final = np.arange(len(own)) == len(own) - 1
    low, high = (np.where(final, 100 * own[end].clip(0, 1), np.nan) for end in ("low", "high"))
    return error_bars(100 * own["mean"], low, high, fade(color, 0.6))
