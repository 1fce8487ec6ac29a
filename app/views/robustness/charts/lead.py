"""What moves the lead of an image's class: direction and length, the parts between two networks, and the biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.turned_or_shrank import WAYS
from analysis.metrics.lead import PLAYERS
from app.charts.base import color_bar, figure
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, signed
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

LINE = 34  # pixels of a ticket
NAMED = 20  # classes, beyond which their names find no room
WAY_NAMES = {"turned": "Turned", "shrank": "Shrank", "either": "Either", "both": "Only both"}
PART_NAMES = {
    "cosines": "Cosines to the class directions",
    "length": "Length of the features",
    "norms": "Norms of the class directions",
    "biases": "Biases",
}
"""In the order drawn."""


def _shades(theme: Theme) -> tuple[str, str, str, str]:
    """Of direction, of length, and of two more: told apart by everybody."""
    return theme.good, theme.bad, fade(theme.bad, 0.45), fade(theme.muted, 0.7)


def _by_ticket(rows: pd.DataFrame, tickets: Mapping[str, Style]) -> tuple[pd.DataFrame, list[str]]:
    """The rows in the order of the tickets, and the tickets' names."""
    rows = rows.set_index("key").loc[[key for key in tickets if key in set(rows["key"])]]
    return rows, [tickets[str(key)].label for key in rows.index]


@drawn
def ways(rows: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The share of each ticket's lost images that is lost in each way, with its interval.

    `rows`: of `comparisons.turned_or_shrank.by_way`, one a ticket.
    """
    rows, names = _by_ticket(rows, tickets)
    chart = figure(theme, 120 + LINE * len(rows), dragmode=False, legend={"itemsizing": "constant"})
    shades = dict(zip(WAYS, _shades(theme), strict=True))
    for place, (way, symbol) in enumerate(zip(WAYS, ("circle", "diamond", "square", "x"), strict=True)):
        words = [
            f"{100 * row[way]:.1f} %{bracket(row[f'{way}_low'], row[f'{way}_high'])}" for _, row in rows.iterrows()
        ]
        ends = error_bars(100 * rows[way], 100 * rows[f"{way}_low"], 100 * rows[f"{way}_high"], shades[way])
        chart.add_scatter(
            x=100 * rows[way], y=np.arange(len(rows)) + 0.17 * (place - 1.5), mode="markers", name=WAY_NAMES[way],
            error_x=ends, marker={"size": 8, "symbol": symbol, "color": shades[way]}, text=words, customdata=names,
            hovertemplate=f"<b>%{{customdata}}</b>, {WAY_NAMES[way].lower()}<br>%{{text}} of the lost images"
            "<extra></extra>",
        )  # fmt: skip
    _ticket_axis(chart, names, theme)
    chart.update_xaxes(title_text="of the lost images (%)", range=[-2, 102])
    return chart


def _shares(rows: pd.DataFrame, column: str) -> list[str]:
    return [
        f"{100 * row[column]:.1f} %{bracket(row[f'{column}_low'], row[f'{column}_high'])}" for _, row in rows.iterrows()
    ]


def _ticket_axis(chart: go.Figure, names: Sequence[str], theme: Theme) -> None:
    chart.update_yaxes(tickvals=list(range(len(names))), ticktext=list(names), range=[len(names) - 0.5, -0.5],
                       showgrid=False, zeroline=False, tickfont={"color": theme.ink})  # fmt: skip


@drawn
def lost_and_gained(rows: pd.DataFrame, tickets: Mapping[str, Style], between: float, theme: Theme) -> go.Figure:
    """The images each ticket loses to the baseline, to the right, and gains from it, to the left.

    Args:
        rows: of `comparisons.lost_to_baseline.counts`; a bar's `customdata` is the ticket's key, and lost or gained.
        tickets: key -> style.
        between: the share that two trainings of the baseline lose to each other, drawn as lines; NaN: not drawn.
        theme: light or dark colours.
    """
    rows, names = _by_ticket(rows, tickets)
    chart = figure(theme, 120 + LINE * len(rows), barmode="relative", bargap=0.3, dragmode=False)
    for column, sign, colour, name in (("gained", -1, theme.good, "Gained"), ("lost", 1, theme.bad, "Lost")):
        middle, low, high = (100 * sign * rows[f"{column}{end}"] for end in ("", "_low", "_high"))
        words = _shares(rows, column)
        ends = error_bars(middle, *((low, high) if sign > 0 else (high, low)), theme.ink, 1.2)
        chart.add_bar(
            x=middle, y=names, orientation="h", name=name, marker={"color": colour}, error_x=ends,
            customdata=[[key, column] for key in rows.index], text=words, textposition="none",
            hovertemplate=f"<b>%{{y}}</b>, {name.lower()}<br>%{{text}} of the images<extra></extra>",
        )  # fmt: skip
    if np.isfinite(between):
        for place in (-100 * between, 100 * between):
            chart.add_vline(x=place, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": theme.ink})
    chart.update_xaxes(title_text="images gained and lost (%)", tickformat="~r", labelalias=_unsigned(rows))
    return chart.update_layout(legend={"traceorder": "normal"}, margin={"r": 16})


def _unsigned(rows: pd.DataFrame) -> dict[str, str]:
    """Texts of the axis without their signs, as either side counts images."""
    top = int(np.ceil(100 * rows[["gained_high", "lost_high"]].max(axis=None))) if len(rows) else 0
    return {f"\u2212{each}": str(each) for each in range(1, top + 1)}


@drawn
def parts(rows: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """What sets the lead of the lost images apart from the baseline's, stacked with signs, and the whole change.

    `rows`: of `comparisons.lost_to_baseline.mean_splits`; a bar's `customdata` is the ticket's key and the part.
    """
    rows, names = _by_ticket(rows, tickets)
    chart = figure(theme, 120 + LINE * len(rows), barmode="relative", bargap=0.3, dragmode=False)
    assert set(PART_NAMES) == set(PLAYERS)
    for (part, name), colour in zip(PART_NAMES.items(), _shades(theme), strict=True):
        chart.add_bar(
            x=rows[part], y=names, orientation="h", name=name, marker={"color": colour},
            customdata=[[key, part] for key in rows.index], text=_words(rows, part), textposition="none",
            hovertemplate=f"<b>%{{y}}</b>, {name.lower()}<br>%{{text}}<extra></extra>",
        )  # fmt: skip
    ends = error_bars(rows["change"], rows["change_low"], rows["change_high"], theme.ink, 1.2)
    chart.add_scatter(
        x=rows["change"], y=names, error_x=ends, mode="markers", name="Together",
        marker={"size": 6, "color": theme.ink}, text=_words(rows, "change"),
        hovertemplate="<b>%{y}</b>, together<br>%{text}<extra></extra>",
    )  # fmt: skip
    chart.add_vline(x=0, line={"color": theme.muted, "width": 1})
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": theme.ink})
    chart.update_xaxes(title_text="change of the lead over the winner (logits)", zeroline=False)
    return chart.update_layout(legend={"traceorder": "normal"}, margin={"r": 16})


def _words(rows: pd.DataFrame, part: str) -> list[str]:
    return [
        f"{signed(row[part], 2)}{bracket(row[f'{part}_low'], row[f'{part}_high'], '{:+.2f}', 1)} logits, the mean over "
        f"{row['images']} images"
        for _, row in rows.iterrows()
    ]  # fmt: skip


@drawn
def bias_map(rows: pd.DataFrame, tickets: Mapping[str, Style], classes: Sequence[str], theme: Theme) -> go.Figure:
    """The biases of each ticket (rows) by class (columns), and their range.

    `rows`: of `comparisons.biases.by_class`.
    """
    grid = rows.pivot(index="key", columns="label", values="bias")
    grid = grid.loc[[key for key in tickets if key in grid.index]]
    top = float(np.nanmax(np.abs(grid.to_numpy()))) or 1.0
    names = [tickets[str(key)].label for key in grid.index]
    chart = figure(theme, 120 + LINE * len(grid), dragmode=False)
    columns = [classes[int(label)] if len(classes) == grid.shape[1] else str(label) for label in grid.columns]
    chart.add_heatmap(
        z=grid.to_numpy(), x=list(range(len(columns))), y=list(range(len(names))), coloraxis="coloraxis", ygap=2,
        xgap=1 if len(columns) <= NAMED else 0, customdata=np.tile(columns, (len(names), 1)),
        text=np.tile(names, (len(columns), 1)).T,
        hovertemplate="<b>%{text}</b>, class %{customdata}<br>%{z:+.3f} logits<extra></extra>",
    )  # fmt: skip
    for place, width in enumerate(np.ptp(grid.to_numpy(), axis=1)):
        chart.add_annotation(x=1, xref="paper", y=place, text=f"{width:.2f}", showarrow=False, xanchor="left",
                             xshift=6, font={"size": 12, "color": theme.muted})  # fmt: skip
    chart.update_layout(
        coloraxis={"colorscale": theme.diverging, "cmin": -top, "cmax": top, **color_bar("bias (logits)", x=1.09)},
        margin={"r": 110},
    )
    _ticket_axis(chart, names, theme)
    if len(columns) <= NAMED:
        chart.update_xaxes(tickvals=list(range(len(columns))), ticktext=columns)
    chart.update_xaxes(showgrid=False, zeroline=False, title_text="class")
    return chart
