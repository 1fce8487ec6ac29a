"""How far tickets are from the baseline, by class and by group of images: a map of tickets by groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.dendrogram import clustered_heat_map
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

NAMED = 24  # groups, beyond which numbers find no room in cells
MOST = 42  # groups in the map
SMALL = 0.1  # bits, below which a third digit is shown
UNITS = {"agreement": "%", "js": "bits", "kl": "bits"}


def shown_groups(rows: pd.DataFrame, measure: str, first: Sequence[str]) -> list[str]:
    """The groups that the map has room for: the first ones, then those on which tickets are furthest from the other."""
    groups = [name for name in rows["group"].unique() if name not in first]
    if len(groups) + len(first) <= MOST:
        return [*first, *groups]
    size = rows[~rows["group"].isin(list(first))].groupby("group", sort=False)["value"].mean()
    far = size.nsmallest(MOST - len(first)) if measure == "agreement" else size.nlargest(MOST - len(first))
    return [*first, *(name for name in groups if name in far.index)]


@drawn
def apart_map(
    rows: pd.DataFrame, measure: str, first: Sequence[str], tickets: Mapping[str, Style], theme: Theme
) -> go.Figure:
    """A measure for each ticket (rows) and group of images (columns).

    Args:
        rows: of `comparisons.divergence.by_group`, of this measure, with by_chance.
        measure: one of `comparisons.divergence.MEASURES`.
        first: groups that stand before the others.
        tickets: key -> style, in the order shown.
        theme: light or dark colours.
    """
    groups = shown_groups(rows, measure, first)
    table = rows.set_index(["key", "group"]).reindex(pd.MultiIndex.from_product([list(tickets), groups]))
    shape, share = (len(tickets), len(groups)), measure == "agreement"
    factor = 100 if share else 1
    values = factor * table["value"].to_numpy(float).reshape(shape)
    form = "{:.0f}" if share else "{:.3f}" if np.nanmax(values) < SMALL else "{:.2f}"
    texts = np.array([form.format(value) if np.isfinite(value) else "" for value in values.ravel()], dtype=object)
    hover = np.array([_hover(row, factor, UNITS[measure]) for row in table.to_dict("records")], dtype=object)
    low, high = (float(np.nanmin(values)), 100.0) if share else (0.0, max(float(np.nanmax(values)), 0.01))
    scale = tuple((1 - at, colour) for at, colour in reversed(theme.sequential)) if share else theme.sequential
    return clustered_heat_map(
        pd.DataFrame(values, list(tickets), groups),
        None, None, (scale, low, high), UNITS[measure], theme,
        texts=texts.reshape(shape) if len(groups) <= NAMED else None,
        hover=hover.reshape(shape),
        row_labels={key: f'{style.label} <span style="color:{style.color}">●</span>' for key, style in tickets.items()},
    )  # fmt: skip


def _hover(row: Mapping[str, float], factor: float, unit: str) -> str:
    if not np.isfinite(row["value"]):
        return "no image"
    value, low, high = (factor * row[name] for name in ("value", "low", "high"))
    said = f"<b>{value:.3g} {unit}</b> ({low:.3g} to {high:.3g}), {row['n']:.0f} images, {row['seeds']:.0f} seed(s)"
    chance = row["by_chance"]
    return said + (f"<br>two trainings of the dense network: {factor * chance:.3g}" if np.isfinite(chance) else "")
