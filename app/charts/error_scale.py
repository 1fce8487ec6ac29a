"""An axis of accuracies that is logarithmic in the error, so that 98 and 99 % are as far apart as 80 and 90 %."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from app.shell.theme import DENSE, Theme


def height(accuracy: ArrayLike) -> np.ndarray:
    """Where an accuracy, a fraction, lies on an axis that is logarithmic in the error; no error at all as 0.05 %."""
    return np.asarray(-np.log10(np.clip(1 - np.asarray(accuracy, dtype=float), 5e-4, None)))


def ticks_within(span: list[float]) -> np.ndarray:
    """Round accuracies in per cent for an axis of `height`: the coarsest of three sets with four or more in sight."""
    high = [98.5, 99, 99.5, 99.8, 99.9]
    for ticks in (
        [20, 50, 80, 90, 95, 98, *high[1:]],
        [*range(10, 90, 10), *range(90, 99, 2), *high],
        [*range(1, 99), *high],
    ):
        places = height(np.array(ticks) / 100)
        inside = np.array(ticks, dtype=float)[(places > span[0]) & (places < span[1])]
        if len(inside) >= 4:
            break
    return inside


def axis(accuracies: ArrayLike, title: str) -> dict[str, object]:
    """An axis of `height` on which these accuracies, fractions without NaN, lie with some air."""
    places = height(accuracies)
    span = [float(places.min()) - 0.08, float(places.max()) + 0.16] if places.size else [0.0, 2.0]
    ticks = ticks_within(span)
    return {
        "title_text": f"{title} (log scale of the error)",
        "tickvals": height(ticks / 100),
        "ticktext": [f"{tick:g} %" for tick in ticks],
        "range": span,
    }


def dense_line(chart: go.Figure, families: pd.DataFrame, measure: str, theme: Theme) -> None:
    """Add the dense network as a level line with its interval, on an axis of `height`.

    Args:
        chart: drawn on.
        families: rows of `comparisons.family_means.by_family`.
        measure: `accuracy` or `corrupted`.
        theme: colours of the page, light or dark.
    """
    dense = families[(families["method"] == DENSE) & families[measure].notna()]
    if dense.empty:
        return
    row = dense.iloc[0]
    if np.isfinite(row[f"{measure}_low"]):
        low, high = (float(height(row[f"{measure}_{end}"])) for end in ("low", "high"))
        chart.add_hrect(y0=low, y1=high, fillcolor=theme.muted, opacity=0.12, line_width=0)
    chart.add_hline(
        y=float(height(row[measure])),
        line={"color": theme.muted, "width": 1.5, "dash": "dash"},
        annotation={
            "text": f"{row['label']} {100 * row[measure]:.1f} %",
            "font": {"size": 12.5, "color": theme.muted},
        },
        annotation_position="top right",
    )
