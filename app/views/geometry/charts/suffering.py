"""Which ticket turns and which shortens, and what each class loses: points with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.texts import bracket, minus
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.geometry.charts.columns import Tickets

MOST = 20  # classes; those that lose most where there are more
HEIGHT = 310


@drawn
def turn_and_length(table: pd.DataFrame, tickets: Tickets, theme: Theme, against: str = "") -> go.Figure:
    """Rows of `local_changes.ticket_changes`: the change of the gap upwards, of the length across."""
    chart = figure(theme, HEIGHT, showlegend=True, legend={"x": 0, "y": 1.02, "yanchor": "bottom"})
    for ticket, style in tickets.items():
        for row in table[table["key"] == ticket].itertuples():
            chart.add_scatter(
                x=[100 * row.length],
                y=[row.turn],
                error_x=_bar([100 * row.length], [100 * row.length_low], [100 * row.length_high], style.color),
                error_y=_bar([row.turn], [row.turn_low], [row.turn_high], style.color),
                mode="markers",
                name=style.label,
                marker={"symbol": style.symbol, "color": style.color, "size": 11},
                hovertemplate=f"<b>{style.label}</b><br>gap {row.before:.1f}° → {row.after:.1f}°: %{{y:+.1f}}° "
                f"({minus(f'{row.turn_low:.1f} to {row.turn_high:.1f}')})<br>length %{{x:+.1f}} %"
                f"{bracket(row.length_low, row.length_high)}<extra></extra>",
            )
    than = f" than in {against}" if against else ""
    chart.update_xaxes(title_text=f"← shorter{than}     length     longer →", ticksuffix=" %", rangemode="tozero")
    chart.update_yaxes(title_text="change of the gap (degrees)", rangemode="tozero")
    for line in (chart.add_hline, chart.add_vline):
        line(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    return chart


@drawn
def by_class(table: pd.DataFrame, tickets: Tickets, classes: Sequence[str], theme: Theme) -> go.Figure:
    """Rows of `local_changes.class_changes`: the change of each class's mean gap, a row a class, the worst on top."""
    order = table.groupby("label")["change"].mean().sort_values()
    labels = [int(each) for each in order.index[:MOST]]
    place = {label: at for at, label in enumerate(labels)}
    chart = figure(theme, max(HEIGHT, 100 + 24 * len(labels)), showlegend=True)
    offsets = np.linspace(-0.28, 0.28, len(tickets)) if len(tickets) > 1 else [0.0]
    for (ticket, style), offset in zip(tickets.items(), offsets, strict=True):
        own = table[(table["key"] == ticket) & table["label"].isin(labels)]
        names = [str(classes[each]) for each in own["label"]]
        chart.add_scatter(
            x=own["change"],
            y=[place[each] + offset for each in own["label"]],
            error_x=_bar(own["change"], own["low"], own["high"], style.color),
            mode="markers",
            name=style.label,
            marker={"symbol": style.symbol, "color": style.color, "size": 8},
            customdata=np.column_stack([names, own["n"], own["after"], own["low"], own["high"]]),
            hovertemplate=f"<b>%{{customdata[0]}}</b> · {style.label}<br>gap %{{x:+.1f}}° (%{{customdata[3]:.1f}} to "
            "%{customdata[4]:.1f})<br>now %{customdata[2]:.1f}°, %{customdata[1]} images<extra></extra>",
        )
    chart.update_yaxes(tickvals=list(place.values()), ticktext=[str(classes[each]) for each in labels],
                       range=[len(labels) - 0.5, -0.5], title_text="class", zeroline=False)  # fmt: skip
    chart.update_xaxes(title_text="change of the gap (degrees)", rangemode="tozero")
    chart.add_vline(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    return chart


def _bar(values: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str) -> dict[str, object]:
    middle = np.asarray(values, float)
    return {"type": "data", "array": np.asarray(high, float) - middle, "arrayminus": middle - np.asarray(low, float),
            "color": colour, "thickness": 1.4, "width": 0}  # fmt: skip
