"""How well tickets notice foreign images: a rate of each ticket by each score, with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.detection import SCORES
from app.charts.base import figure, percent_axis
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

SYMBOLS = {"msp": ("circle", 0.13), "energy": ("diamond-open", -0.13)}
"""Each score's marker, and how far above its ticket's line it stands."""
TITLES = {"auroc": "AUROC", "fpr95": "FPR at 95 % TPR"}
ROW = 34  # pixels


@drawn
def rates(rows: pd.DataFrame, rate: str, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """A line a ticket, the first at the top.

    Args:
        rows: of `comparisons.detection.detection`, of one data set.
        rate: "auroc" or "fpr95".
        tickets: key -> style, in the order shown.
        theme: light or dark colours.
    """
    labels = [style.label for style in tickets.values()]
    chart = figure(theme, 90 + ROW * len(labels))
    places = {key: len(labels) - 1 - place for place, key in enumerate(tickets)}
    for score, (symbol, above) in SYMBOLS.items():
        own = rows[rows["score"] == score].set_index("key").reindex(list(tickets)).dropna(subset=[rate])
        value, low, high = (100 * own[f"{rate}{end}"] for end in ("", "_low", "_high"))
        colours = [tickets[key].color for key in own.index]
        chart.add_scatter(
            x=value, y=[places[key] + above for key in own.index], mode="markers", name=SCORES[score],
            marker={"symbol": symbol, "size": 9, "color": colours, "line": {"width": 1.6, "color": colours}},
            error_x={
                "type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low, "width": 0,
                "color": fade(theme.muted, 0.7), "thickness": 1.4,
            },
            customdata=[
                [tickets[key].label, *each] for key, *each in zip(own.index, low, high, own["seeds"], strict=True)
            ],
            hovertemplate="<b>%{customdata[0]}</b>, " + SCORES[score] + "<br>%{x:.1f} % (%{customdata[1]:.1f} to "
            "%{customdata[2]:.1f}), seeds: %{customdata[3]}<extra></extra>",
        )  # fmt: skip
    chart.update_layout(
        xaxis=percent_axis(TITLES[rate]),
        yaxis={"tickvals": list(range(len(labels))), "ticktext": labels[::-1], "automargin": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return chart
