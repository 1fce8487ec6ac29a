"""When each method groks: a row a method, a dot a seed, and an arrow for those that never do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.error_bars import error_bars
from app.shell.colour import as_text, fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.grokking.charts.axes import step_axis
from app.views.grokking.words import steps

ROW, EDGE = 30, 110


@drawn
def arms(
    times: pd.DataFrame, summary: pd.DataFrame, baseline: str, tickets: Mapping[str, Style], theme: Theme
) -> go.Figure:
    """Draw t_gen by method, the soonest first; a line where the baseline's mean is.

    Args:
        times: as of `comparisons.grokking.times`.
        summary: as of `comparisons.grokking.by_method`.
        baseline: a key, or ''.
        tickets: key -> style.
        theme: light or dark colours.
    """
    order = in_order(summary)
    chart = figure(theme, EDGE + ROW * len(order), dragmode=False, showlegend=False)
    labels = [tickets[key].label for key in order]
    rows = summary.set_index("key")
    if baseline in rows.index and np.isfinite(rows.loc[baseline, "t_gen"]):
        chart.add_vline(x=rows.loc[baseline, "t_gen"], line={"color": theme.muted, "width": 1.5, "dash": "dot"})
    for key in order:
        style = tickets[key]
        own = times[times["key"] == key]
        _seeds(chart, own, style, theme)
        row = rows.loc[key]
        if np.isfinite(row["t_gen"]):
            bars = error_bars(row["t_gen"], row["t_gen_low"], row["t_gen_high"], style.color, 2)
            chart.add_scatter(
                x=[row["t_gen"]], y=[style.label], mode="markers", error_x=bars if row["seeds"] > 1 else None,
                marker={"symbol": style.symbol, "size": 12, "color": style.color},
                text=[_text(row, style)], hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    low, high = float(times[["t_gen", "last"]].min().min()), float(times["last"].max())
    chart.update_xaxes(**step_axis(max(low * 0.8, 1), high, room=0.14) | {"showgrid": True})
    chart.update_yaxes(categoryorder="array", categoryarray=labels[::-1], showgrid=False, type="category")
    return chart


def in_order(summary: pd.DataFrame) -> list[str]:
    """Keys, the soonest first; those that never groked in every seed after them, by how many did."""
    ranked = summary.assign(time=summary["t_gen"].fillna(np.inf), lacking=summary["seeds"] - summary["grokked"])
    ranked = ranked.sort_values(["lacking", "time", "test_accuracy"], ascending=[True, True, False], kind="stable")
    return list(ranked["key"])


def _seeds(chart: go.Figure, own: pd.DataFrame, style: Style, theme: Theme) -> None:
    reached, never = own[own["t_gen"].notna()], own[own["t_gen"].isna()]
    hover = f"<b>{style.label}</b>, seed %{{customdata}}<br>"
    chart.add_scatter(
        x=reached["t_gen"], y=[style.label] * len(reached), mode="markers", customdata=reached["seed"],
        marker={"symbol": "circle", "size": 7, "color": fade(style.color, 0.45)},
        hovertemplate=f"{hover}groks at step %{{x:,}}<extra></extra>",
    )  # fmt: skip
    if never.empty:
        return
    chart.add_scatter(
        x=never["last"], y=[style.label] * len(never), mode="markers",
        customdata=np.column_stack([never["seed"], 100 * never["test_accuracy"]]),
        marker={"symbol": "arrow-right", "size": 12, "color": style.color},
        hovertemplate=f"<b>{style.label}</b>, seed %{{customdata[0]}}<br>not within %{{x:,}} steps: "
        "%{customdata[1]:.1f} % of the test pairs<extra></extra>",
    )  # fmt: skip
    most = float(never["last"].max())
    chart.add_annotation(
        x=np.log10(most), y=style.label, text=f"> {steps(never['last'].min())}", showarrow=False, xanchor="left",
        xshift=10, font={"size": 12.5, "color": as_text(style.color, theme.surface)},
    )  # fmt: skip


def _text(row: pd.Series, style: Style) -> str:
    text = f"<b>{style.label}</b><br>groks at step {row['t_gen']:,.0f}"
    if np.isfinite(row["t_gen_low"]):
        text += f" ({row['t_gen_low']:,.0f} to {row['t_gen_high']:,.0f}), mean of {row['seeds']} seeds"
    return text
