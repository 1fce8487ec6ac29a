"""Heat maps of corruption by severity, a panel a ticket.

Tickets are named by the column `key`; `tickets` maps key -> style, in the order shown. Accuracies come in as fractions
and are shown in per cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.outcomes import MEAN
from analysis.metrics.corruption_error import EXTRA
from app.charts.base import NOISE, Scale, color_bar, heading, inks, interval
from app.charts.names import name, ordered
from app.charts.texts import signed
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.panels import panels

GAPS = ("", " ")
"""Names of empty rows, which no corruption has."""
PER_ROW = 4
CELL, HEADING, FOOT = 25, 34, 44  # pixels: a cell's height, over a panel, under it


@drawn
def heat_maps(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Accuracy for each corruption (rows) and severity (columns), a panel a ticket.

    `cells`: key, corruption, severity, accuracy, low, high (95 % interval), all fractions.
    """
    cells = cells.assign(
        shown=100 * cells["accuracy"],
        text=(100 * cells["accuracy"]).map("{:.1f}".format),
        hover="accuracy " + cells.apply(interval, axis=1, args=("accuracy",)),
    )
    low = float(np.floor(cells["shown"].min() / 10) * 10) if len(cells) else 0.0
    return _panels(cells, tickets, theme, (theme.sequential, min(low, 90), 100), "accuracy (%)")


@drawn
def difference_maps(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Difference in accuracy to the baseline; a cell within noise shows a ring in place of the number.

    `cells`: key, corruption, severity, difference, low, high (95 % interval of the paired difference), all fractions,
    and within_noise.
    """
    noise = cells["within_noise"]
    change = 100 * cells["difference"]
    cells = cells.assign(
        shown=change,
        text=np.where(noise, NOISE, change.map(signed)),
        hover="difference "
        + cells.apply(interval, axis=1, args=("difference", "{:+.1f}", " points"))
        + np.where(noise, "<br>within noise", ""),
    )
    limit = max(1.0, float(np.nanmax(change.abs()))) if len(cells) else 1.0
    return _panels(cells, tickets, theme, (theme.diverging, -limit, limit), "points")


def _panels(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, scale: Scale, unit: str) -> go.Figure:
    """A heat map a ticket, on rows in common: the counted corruptions, their mean, and the others apart."""
    corruptions = set(cells["corruption"])
    standard, others = ordered(corruptions - {MEAN})
    has_mean = MEAN in corruptions
    rows = [*standard, *([GAPS[0], MEAN] if has_mean else []), *([GAPS[1], *others] if others else [])]
    severities = sorted(int(severity) for severity in cells["severity"].unique())
    figure, places = panels(tickets, theme, PER_ROW, CELL * len(rows), (HEADING, FOOT), shared_yaxes=True)
    labels = [_row_label(row, len(standard), bool(others)) for row in rows]
    for key, style, number, line, column, _ in places:
        own = cells[cells["key"] == key].set_index(["corruption", "severity"])
        figure.add_trace(_heat(own, rows, labels, severities), line, column)
        figure.add_trace(_numbers(own, rows, severities, scale), line, column)
        heading(figure, number, style)
        figure.update_xaxes(title_text="severity", row=line, col=column)
    colours, low, high = scale
    figure.update_layout(coloraxis={"colorscale": colours, "cmin": low, "cmax": high, **color_bar(unit)})
    figure.update_xaxes(tickvals=severities, showgrid=False, range=[min(severities) - 0.5, max(severities) + 0.5])
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, range=[len(rows) - 0.5, -0.5], showgrid=False)
    return figure


def _heat(own: pd.DataFrame, rows: Sequence[str], labels: Sequence[str], severities: Sequence[int]) -> go.Heatmap:
    grid = pd.MultiIndex.from_product([rows, severities])
    shape = len(rows), len(severities)
    own = own[["shown", "text", "hover"]].reindex(grid)
    names = np.repeat(np.array(labels, dtype=object), len(severities)).reshape(shape)
    custom = np.stack([names, own["hover"].fillna("").to_numpy().reshape(shape)], axis=-1)
    return go.Heatmap(
        z=own["shown"].to_numpy(float).reshape(shape),
        x=list(severities),
        y=list(range(len(rows))),
        customdata=custom,
        hovertemplate="<b>%{customdata[0]}</b>, severity %{x}<br>%{customdata[1]}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1.5,
        ygap=1.5,
    )


def _numbers(own: pd.DataFrame, rows: Sequence[str], severities: Sequence[int], scale: Scale) -> go.Scatter:
    """The numbers in the cells, each in the ink that reads best there: plotly's own choice is faint on middle tones."""
    places = [(row, level) for row in rows for level in severities if (row, level) in own.index]
    shown = np.array([float(own.at[place, "shown"]) for place in places])
    return go.Scatter(
        x=[level for _, level in places],
        y=[rows.index(row) for row, _ in places],
        text=[own.at[place, "text"] for place in places],
        mode="text",
        textfont={"size": 11.5, "color": inks(shown, scale)},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )


def _row_label(row: str, counted: int, others: bool) -> str:
    if row in GAPS:
        return ""
    if row == MEAN:
        return f"<b>Mean of {'these ' if not others else 'the '}{counted}</b>"
    return f"<i>{name(row)}</i> (extra)" if row in EXTRA else name(row)
