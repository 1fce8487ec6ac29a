"""What happened on the way: channels left of each branch, and what was noted at each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import color_bar, figure, inks
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

BANDS = 3
PANELS = {"accuracy": "Accuracy at the event", "macs": "Multiply-adds of the channels left", "density": "Weights kept"}


@drawn
def strip(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """Draw the share of each branch's channels that is left, a row a branch, a column an event.

    Args:
        rows: of `comparisons.supernets.branches` or `mean_branches`.
        theme: light or dark colours.
    """
    names = list(dict.fromkeys(rows["branch"]))
    first = rows.drop_duplicates("branch").set_index("branch")
    labels = [f"cell {first.at[name, 'cell']}, {first.at[name, 'kernel']}×{first.at[name, 'kernel']}" for name in names]
    table = rows.pivot_table(index="branch", columns="event", values="share", sort=False).loc[names]
    counts = rows.pivot_table(index="branch", columns="event", values="channels", sort=False).loc[names].to_numpy()
    epochs = rows.groupby("event")["epoch"].first()
    ticks = ["start", *(f"{epoch:.3g}" for epoch in epochs.iloc[1:])]
    chart = figure(theme, 90 + 40 * len(names), dragmode=False)
    values = 100 * table.to_numpy()
    chart.add_heatmap(
        z=values, x=np.arange(len(ticks)), y=labels, xgap=2, ygap=2, coloraxis="coloraxis",
        customdata=np.broadcast_to(np.array(ticks), values.shape),
        hovertemplate="<b>%{y}</b>, epoch %{customdata}<br>%{z:.0f} % of its channels left<extra></extra>",
    )  # fmt: skip
    colours = iter(inks(values.ravel(), (theme.sequential, 0.0, 100.0)))
    for place, own in enumerate(counts):
        for event, count in enumerate(own):
            chart.add_annotation(x=event, y=labels[place], text=f"{round(count, 1):g}", showarrow=False,
                                 font={"size": 12.5, "color": next(colours)})  # fmt: skip
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": 100, **color_bar("channels left (%)")}
    )
    chart.update_xaxes(
        title_text="Epoch of the event", tickvals=list(range(len(ticks))), ticktext=ticks, showgrid=False
    )
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": theme.ink})
    return chart


@drawn
def stairs(means: Mapping[str, pd.DataFrame], styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw accuracy, multiply-adds and density over the epochs, a panel each.

    Args:
        means: of each of `PANELS`, rows of `comparisons.supernets.over_seeds`.
        styles: key -> style, of those that are drawn.
        theme: light or dark colours.
    """
    chart = make_subplots(1, len(PANELS), horizontal_spacing=0.07)
    chart.update_layout(template=theme.template, height=360, legend={"y": 1.14})
    for panel, name in enumerate(PANELS, 1):
        rows = means[name]
        scale = 1.0 if name == "macs" else 100.0
        for key, style in styles.items():
            own = rows[rows["key"] == key].sort_values("event")
            if len(styles) <= BANDS and name == "accuracy":
                _band(chart, own, style, scale, panel)
            chart.add_scatter(
                x=own["epoch"], y=scale * own["mean"], mode="lines+markers", name=style.label, legendgroup=key,
                showlegend=panel == 1, row=1, col=panel,
                line={"color": style.color, "width": 2, "dash": style.dash, "shape": "linear"},
                marker={"color": style.color, "size": 7, "symbol": style.symbol},
                customdata=_words(own, name), hovertemplate=f"<b>{style.label}</b><br>%{{customdata}}<extra></extra>",
            )  # fmt: skip
        axis = "" if panel == 1 else str(panel)
        chart.add_annotation(
            text=PANELS[name], x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left",
            yanchor="bottom", yshift=4, showarrow=False, font={"size": 13.5, "color": theme.ink},
        )  # fmt: skip
        chart.update_yaxes(rangemode="normal" if name == "accuracy" else "tozero",
                           ticksuffix="" if name == "macs" else " %", row=1, col=panel)  # fmt: skip
    chart.update_xaxes(title_text="Epoch")
    chart.update_layout(margin={"t": 70})
    return chart


def _band(chart: go.Figure, own: pd.DataFrame, style: Style, scale: float, panel: int) -> None:
    own = own.dropna(subset=["low", "high"])
    common = {"x": own["epoch"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    chart.add_scatter(y=scale * own["high"].clip(upper=1), **common, row=1, col=panel)
    chart.add_scatter(y=scale * own["low"].clip(lower=0), fill="tonexty", fillcolor=fade(style.color, 0.14), **common,
                      row=1, col=panel)  # fmt: skip


def _words(own: pd.DataFrame, name: str) -> list[str]:
    form = "{:,.0f}" if name == "macs" else "{:.1f}"
    factor, unit = (1.0, " multiply-adds") if name == "macs" else (100.0, " %")
    return [
        f"Event {row.event}, epoch {row.epoch:.3g}: <b>{form.format(factor * row.mean)}{unit}</b>"
        f"{bracket(row.low, row.high, form, factor)}"
        for row in own.itertuples()
    ]


@drawn
def returned(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme, keys: Sequence[str]) -> go.Figure:
    """Draw the share of the kept weights that had been pruned before each event, a line a ticket.

    Args:
        rows: of `comparisons.supernets.over_seeds` of the column returned.
        styles: key -> style.
        theme: light or dark colours.
        keys: whose lines are drawn.
    """
    chart = figure(theme, 400)
    for key in keys:
        own, style = rows[rows["key"] == key].sort_values("event"), styles[key]
        bars = {"type": "data", "symmetric": False, "array": 100 * (own["high"] - own["mean"]).fillna(0),
                "arrayminus": 100 * (own["mean"] - own["low"].clip(lower=0)).fillna(0), "width": 0,
                "color": fade(style.color, 0.5)}  # fmt: skip
        chart.add_scatter(
            x=own["event"], y=100 * own["mean"], mode="lines+markers", name=style.label, error_y=bars,
            line={"color": style.color, "width": 2, "dash": style.dash},
            marker={"color": style.color, "size": 9, "symbol": style.symbol}, customdata=_words(own, "returned"),
            hovertemplate=f"<b>{style.label}</b><br>%{{customdata}}<extra></extra>",
        )  # fmt: skip
    chart.update_xaxes(title_text="Event", dtick=1)
    chart.update_yaxes(title_text="Kept weights that had been pruned", ticksuffix=" %", rangemode="tozero")
    return chart
