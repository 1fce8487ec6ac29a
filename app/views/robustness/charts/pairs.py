"""Differences of every pair of tickets as a matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT
from app.charts.dendrogram import clustered_heat_map
from app.charts.texts import bracket, signed
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.shell.verdicts import MARKS, words


@drawn
def differences(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, within: float) -> go.Figure:
    """Row minus column in points where they differ, "=" where they are equivalent, else a ring on a pale cell.

    Args:
        cells: a row an ordered pair: a (row), b (column) and the columns of `comparisons.verdicts` (fractions).
        tickets: key -> style, in the order of rows and columns.
        theme: light or dark colours.
        within: up to which difference two are equivalent, a fraction.
    """
    rows = _square(cells, tickets)
    numbers = [signed(100 * each) for each in rows["difference"]]
    texts = np.select([rows["verdict"] == DIFFERS, rows["verdict"] == EQUIVALENT], [numbers, MARKS[EQUIVALENT]], "")
    hovers = np.where(rows["difference"].notna(), [_hover(row, within) for _, row in rows.iterrows()], "")
    return _matrix(rows, tickets, theme, texts, hovers, rows["verdict"].eq(CANNOT_TELL).to_numpy())


def plain(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Row minus column in points, each with its interval in the hover, and no verdict; arguments as `differences`."""
    rows = _square(cells, tickets)
    each = [100 * rows[name] for name in ("difference", "low", "high")]
    texts = [signed(value) for value in each[0]]
    ends = zip(texts, each[1], each[2], strict=True)
    hovers = [f"<b>{own} points</b>{bracket(low, high, '{:+.1f}', 1)}" for own, low, high in ends]
    return _matrix(rows, tickets, theme, np.array(texts), np.array(hovers), None)


def _square(cells: pd.DataFrame, tickets: Mapping[str, Style]) -> pd.DataFrame:
    """A row an ordered pair, with those that there are not."""
    return cells.set_index(["a", "b"]).reindex(pd.MultiIndex.from_product([list(tickets), list(tickets)]))


def _matrix(
    rows: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, texts: np.ndarray, hovers: np.ndarray,
    faded: np.ndarray | None,
) -> go.Figure:  # fmt: skip
    keys, shape = list(tickets), (len(tickets), len(tickets))
    value = 100 * rows["difference"].to_numpy(float).reshape(shape)
    limit = max(1.0, float(np.nanmax(np.abs(value), initial=1)))
    labels = {key: style.label for key, style in tickets.items()}
    return clustered_heat_map(
        pd.DataFrame(value, index=keys, columns=keys), None, None, (theme.diverging, -limit, limit), "points", theme,
        texts=texts.astype(object).reshape(shape), hover=hovers.astype(object).reshape(shape),
        faded=None if faded is None else faded.reshape(shape), row_labels=labels, column_labels=labels,
    )  # fmt: skip


def _hover(row: pd.Series, within: float) -> str:
    if pd.isna(row["difference"]):
        return ""
    between = bracket(row["low"], row["high"], "{:+.2f}")
    said = f"<b>{signed(100 * row['difference'], 2)} points</b>{between}<br>{words(row, within)}"
    return f"{said}<br>Holm's p {row['p_holm']:.2g}, of equivalence {row['p_equivalent']:.2g}"
