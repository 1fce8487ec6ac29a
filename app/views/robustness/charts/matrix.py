"""Accuracies, or differences, of tickets by corruptions, both clustered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import Scale
from app.charts.dendrogram import clustered_heat_map
from app.charts.names import name
from app.charts.texts import minus
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

Trees = tuple[np.ndarray | None, np.ndarray | None]
"""scipy's linkage of the rows and that of the columns; None where there is none."""


@drawn
def matrix(
    cells: pd.DataFrame, tickets: Mapping[str, Style], corruptions: Sequence[str], trees: Trees, chosen: str,
    theme: Theme,
) -> go.Figure:  # fmt: skip
    """Tickets by corruptions: accuracies, or differences with those within noise pale.

    Args:
        cells: key, corruption, accuracy or difference, low, high (fractions); of differences within_noise too.
        tickets: key -> style, in the order shown.
        corruptions: their names, in the order shown.
        trees: of the tickets and of the corruptions, leaves numbered in their orders.
        chosen: the corruption to outline.
        theme: light or dark colours.
    """
    differences = "difference" in cells
    what = "difference" if differences else "accuracy"
    rows = cells.set_index(["key", "corruption"]).reindex(pd.MultiIndex.from_product([list(tickets), corruptions]))
    shape = len(tickets), len(corruptions)
    value, low, high = (100 * rows[column].to_numpy(float).reshape(shape) for column in (what, "low", "high"))
    sign, unit = ("+", " points") if differences else ("", " %")
    hovers = [
        minus(f"<b>{v:{sign}.1f}{unit}</b> ({bottom:{sign}.1f} to {top:{sign}.1f})")
        for v, bottom, top in zip(value.flat, low.flat, high.flat, strict=True)
    ]
    return clustered_heat_map(
        pd.DataFrame(value, index=list(tickets), columns=list(corruptions)),
        *trees,
        *(_around_zero(value, theme) if differences else _from_the_lowest(value, theme)),
        theme,
        texts=np.array([minus(f"{v:{sign}.1f}") for v in value.flat], dtype=object).reshape(shape),
        hover=np.array(hovers, dtype=object).reshape(shape),
        faded=rows["within_noise"].eq(True).to_numpy().reshape(shape) if differences else None,
        row_labels={key: style.label for key, style in tickets.items()},
        column_labels={corruption: name(corruption) for corruption in corruptions},
        chosen=chosen,
    )


def _from_the_lowest(value: np.ndarray, theme: Theme) -> tuple[Scale, str]:
    lowest = min(90.0, float(np.floor(np.nanmin(value, initial=90) / 10) * 10))
    return (theme.sequential, lowest, 100), "accuracy (%)"


def _around_zero(value: np.ndarray, theme: Theme) -> tuple[Scale, str]:
    limit = max(1.0, float(np.nanmax(np.abs(value), initial=1)))
    return (theme.diverging, -limit, limit), "points"
