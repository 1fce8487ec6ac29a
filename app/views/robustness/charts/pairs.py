"""Differences of every pair of tickets as a matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.dendrogram import clustered_heat_map
from app.shell.theme import Style, Theme


def differences(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Row minus column in points; within noise a ring on a pale cell.

    Args:
        cells: a row an ordered pair: a (row), b (column), difference, low, high (fractions), p, p_holm, within_noise.
        tickets: key -> style, in the order of rows and columns.
        theme: light or dark colours.
    """
    keys = list(tickets)
    rows = cells.set_index(["a", "b"]).reindex(pd.MultiIndex.from_product([keys, keys]))
    shape = len(keys), len(keys)
    value = 100 * rows["difference"].to_numpy(float).reshape(shape)
    there = rows["difference"].notna()
    texts = np.where(there, [f"{100 * each:+.1f}" for each in rows["difference"]], "")
    hovers = np.where(there, [_hover(row) for row in rows.to_dict("records")], "")
    limit = max(1.0, float(np.nanmax(np.abs(value), initial=1)))
    labels = {key: style.label for key, style in tickets.items()}
    return clustered_heat_map(
        pd.DataFrame(value, index=keys, columns=keys), None, None, (theme.diverging, -limit, limit), "points", theme,
        texts=texts.astype(object).reshape(shape), hover=hovers.astype(object).reshape(shape),
        faded=rows["within_noise"].eq(True).to_numpy().reshape(shape), row_labels=labels, column_labels=labels,
    )  # fmt: skip


def _hover(row: Mapping[str, float]) -> str:
    value, low, high = (100 * row[name] for name in ("difference", "low", "high"))
    return f"<b>{value:+.2f} points</b> ({low:+.2f} to {high:+.2f})<br>p {row['p']:.2g}, Holm {row['p_holm']:.2g}"
