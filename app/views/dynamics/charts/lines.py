"""Error along the straight line between two trainings, and the barrier that lies on it (Frankle et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.barriers import STABLE
from app.charts.base import figure
from app.charts.error_bars import error_bars
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT, ROW = 440, 30


@dataclass(frozen=True)
class Height:
    """A barrier, a fraction of the images, with its 95 % interval (NaN: none)."""

    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """For people, in points."""
        return f"{100 * self.value:.1f} points{bracket(self.low, self.high)}"


@drawn
def along(
    points: pd.DataFrame, seeds: pd.DataFrame, barrier: Height, ends: tuple[str, str], style: Style, theme: Theme
) -> go.Figure:
    """Draw the error on test and training images from one ticket to the other.

    Args:
        points: split ("test" or "training"), alpha, mean, low, high (NaN: one seed); errors as fractions.
        seeds: seed, alpha, error: each seed's own test error, drawn thin.
        barrier: written beside the arrow, which stands where the mean error is furthest above the line of its ends.
        ends: names of the tickets at alpha 0 and 1.
        style: how the ticket is drawn.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    for seed, rows in seeds.groupby("seed", sort=True) if seeds["seed"].nunique() > 1 else ():
        rows = rows.sort_values("alpha")
        chart.add_scatter(
            x=rows["alpha"], y=100 * rows["error"], mode="lines", showlegend=False, name=f"seed {seed}",
            line={"color": fade(style.color, 0.35), "width": 1},
            hovertemplate=f"Seed {seed}<br>%{{y:.1f}} % error<extra></extra>",
        )  # fmt: skip
    for split, color, dash in (("training", theme.muted, "dot"), ("test", style.color, "solid")):
        rows = points[points["split"] == split].sort_values("alpha")
        band = rows.dropna(subset=["low", "high"])
        common = {"x": band["alpha"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        chart.add_scatter(y=100 * band["high"].clip(upper=1), **common)
        chart.add_scatter(y=100 * band["low"].clip(lower=0), fill="tonexty", fillcolor=fade(color, 0.14), **common)
        chart.add_scatter(
            x=rows["alpha"],
            y=100 * rows["mean"],
            mode="lines+markers",
            name=f"{split} images",
            line={"color": color, "width": 2.4, "dash": dash},
            marker={"color": color, "size": 7, "symbol": style.symbol if split == "test" else "circle"},
            customdata=[bracket(max(row.low, 0), row.high) for row in rows.itertuples()],
            hovertemplate=f"%{{x:.0%}} of the way, {split} images<br><b>%{{y:.1f}} % error</b>%{{customdata}}"
            "<extra></extra>",
        )
    _arrow(chart, points[points["split"] == "test"].sort_values("alpha"), barrier, theme)
    chart.update_xaxes(tickvals=[0, 0.25, 0.5, 0.75, 1], ticktext=[ends[0], "¼", "½", "¾", ends[1]], showgrid=False,
                       range=[-0.08, 1.08], tickangle=0, ticklabeloverflow="allow")  # fmt: skip
    top = 100 * max(float(points["mean"].max()), float(seeds["error"].max()))
    chart.update_yaxes(title_text="Error", ticksuffix=" %", range=[0, 1.22 * max(top, 0.5)])
    chart.update_layout(margin={"r": 30})
    return chart


def _arrow(chart: go.Figure, rows: pd.DataFrame, barrier: Height, theme: Theme) -> None:
    error, alpha = 100 * rows["mean"].to_numpy(dtype=float), rows["alpha"].to_numpy(dtype=float)
    middle = (error[0] + error[-1]) / 2
    chart.add_scatter(
        x=[alpha[0], alpha[-1]], y=[middle, middle], mode="lines", name="mean of the ends",
        line={"color": theme.ink, "width": 1.3, "dash": "dash"}, hoverinfo="skip",
    )  # fmt: skip
    place = int(np.argmax(error))
    if error[place] > middle:
        chart.add_annotation(
            x=alpha[place], y=error[place], ax=alpha[place], ay=middle, axref="x", ayref="y", text="", arrowhead=2,
            arrowside="end+start", startarrowhead=2, arrowwidth=1.8, arrowcolor=theme.accent, standoff=4,
        )  # fmt: skip
    chart.add_annotation(
        x=alpha[place], y=max(error[place], middle), yshift=22, text=f"barrier <b>{barrier.words}</b>", showarrow=False,
        font={"color": theme.accent, "size": 14}, bgcolor=fade(theme.surface, 0.8),
        xanchor="left" if alpha[place] < 0.2 else "right" if alpha[place] > 0.8 else "center",
    )  # fmt: skip


@drawn
def barriers(rows: pd.DataFrame, styles: Mapping[str, Style], chosen: str, theme: Theme) -> go.Figure:
    """Draw the barrier of every pair of trainings, a row each, with the limit of what is called stable.

    Args:
        rows: key, label, value, low, high (NaN: none), fractions; drawn from the top.
        styles: by key.
        chosen: the key whose line is shown; its name is bold.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, max(HEIGHT, 90 + ROW * len(rows)), showlegend=False, dragmode=False)
    chart.add_vline(
        x=100 * STABLE, line={"color": theme.muted, "width": 1.5, "dash": "dash"},
        annotation={"text": "stable below 2", "font": {"size": 12, "color": theme.muted}}, annotation_position="top",
    )  # fmt: skip
    for place, row in enumerate(rows.itertuples()):
        style = styles[row.key]
        chart.add_scatter(
            x=[100 * row.value],
            y=[place],
            error_x=error_bars(100 * row.value, 100 * max(row.low, 0), 100 * row.high, fade(style.color, 0.55), 1.8)
            if np.isfinite(row.low)
            else None,
            mode="markers",
            marker={"color": style.color, "symbol": style.symbol, "size": 11},
            name=row.label,
            hovertemplate=f"<b>{row.label}</b><br>barrier {Height(row.value, row.low, row.high).words}<extra></extra>",
        )  # fmt: skip
    names = [f"<b>{row.label}</b>" if row.key == chosen else row.label for row in rows.itertuples()]
    chart.update_yaxes(tickvals=list(range(len(rows))), ticktext=names, range=[len(rows) - 0.4, -0.6], showgrid=False,
                       tickfont={"color": theme.ink})  # fmt: skip
    top = 100 * float(rows[["value", "high"]].max().max())
    chart.update_xaxes(title_text="Error barrier (points)", range=[-0.03 * max(top, 2.5), 1.06 * max(top, 2.5)])
    chart.update_layout(margin={"t": 30})
    return chart
