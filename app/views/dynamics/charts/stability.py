"""Stability over the rewinding point: barrier and distance between two trainings that start there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from analysis.comparisons.barriers import STABLE
from app.charts.base import figure
from app.charts.direct import label_ends
from app.charts.error_bars import error_bars
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT = 450
TITLES = {
    "barrier": "Error barrier (points)",
    "l2": "L2 distance of the kept weights",
    "relative": "Distance of the kept weights, relative to their norm",
}
WORDS = {"order": "another data order", "pruning": "the dense network"}
NAMES = {"order": "", "pruning": ", to dense"}
TALL = 2.5  # the axis ends at so many times the highest mean at most; longer intervals are cut, and in the hover


@drawn
def curves(rows: pd.DataFrame, measure: str, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw one measure over the iteration that training starts from, a line a ticket.

    Args:
        rows: of `comparisons.rewinding.stability_curves`, of one measure; full lines are to another order of the data,
            dotted ones to the dense network.
        measure: of `TITLES`.
        styles: by the ticket's label.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    factor = 100 if measure in ("barrier", "relative") else 1
    if measure == "barrier":
        chart.add_hline(
            y=100 * STABLE, line={"color": theme.muted, "width": 1.5, "dash": "dash"},
            annotation={"text": "stable below 2 points", "font": {"size": 12, "color": theme.muted}},
            annotation_position="top",
        )  # fmt: skip
    groups = list(rows.groupby(["label", "relation"], sort=False))
    for place, ((label, relation), own) in enumerate(groups):
        own, style = own.sort_values("rewind"), styles[str(label)]
        chart.add_scatter(
            x=_place(own["rewind"]) + _aside(place, len(groups), rows["rewind"]),
            y=factor * own["mean"],
            error_y=error_bars(
                factor * own["mean"], factor * own["low"].clip(lower=0), factor * own["high"], fade(style.color, 0.55)
            ),
            mode="lines+markers",
            name=f"{label}{NAMES[str(relation)]}",
            line={"color": style.color, "width": 2, "dash": "solid" if relation == "order" else "dot"},
            marker={
                "color": style.color if relation == "order" else theme.surface,
                "symbol": style.symbol,
                "size": 9,
                "line": {"width": 2, "color": style.color},
            },
            customdata=[
                f"iteration {row.rewind:,}<br><b>{factor * row.mean:.3g}</b>"
                + bracket(max(row.low, 0), row.high, "{:.3g}", factor)
                for row in own.itertuples()
            ],
            hovertemplate=f"<b>{label}</b> to {WORDS[str(relation)]}<br>%{{customdata}}<extra></extra>",
        )
    levels = sorted(rows["rewind"].unique())
    chart.update_xaxes(
        title_text="Rewinding iteration (square-root scale)",
        tickvals=_place(levels).tolist(),
        ticktext=[f"{level:,}" for level in levels],
        showgrid=False,
    )
    means = factor * float(rows["mean"].max())
    top = min(np.nanmax([factor * rows["high"].max(), means]), TALL * means)
    least = 100 * 1.3 * STABLE if measure == "barrier" else 0.0
    chart.update_yaxes(title_text=TITLES[measure], range=[-0.03 * max(top, least), 1.06 * max(top, least)],
                       ticksuffix=" %" if measure == "relative" else "")  # fmt: skip
    label_ends(chart, theme)
    return chart


def _place(iterations: ArrayLike) -> np.ndarray:
    return np.asarray(np.sqrt(np.asarray(iterations, dtype=float)))


def _aside(place: int, count: int, iterations: pd.Series) -> float:
    """How far a line's points are moved so that intervals stand side by side."""
    return 0.012 * float(_place(iterations).max() or 1) * (place - (count - 1) / 2)
