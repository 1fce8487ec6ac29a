"""Two measures against each other: what is reached for what, and the front that nobody is beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons import costs
from analysis.comparisons.costs import MEASURES
from analysis.comparisons.dominance import DOMINATED, FRONT, NEAR, staircase
from app.charts.base import Styles, figure, label_places
from app.charts.scales import Scale, scale
from app.shell.colour import fade
from app.shell.theme import Style, Theme

HEIGHT = 520
PLOT = (470.0, 430.0)
"""About the pixels between the axes, for the places of names."""

SIZES = {FRONT: 12, NEAR: 10, DOMINATED: 7}
WORDS = {FRONT: "On the front", NEAR: "Behind the front, within noise", DOMINATED: "Dominated"}


def pareto(rows: pd.DataFrame, x: str, y: str, states: Mapping[str, str], styles: Styles, theme: Theme) -> go.Figure:
    """Tickets by two of `costs.MEASURES`: those on the front full and named, those behind it within noise hollow,
    dominated ones faint. The stepped line is the front by the values themselves.

    Args:
        rows: of `comparisons.costs.weighed`, measured in both. states: key -> state of `comparisons.dominance.Verdict`.
        styles: for every key.
    """
    chart = figure(theme, HEIGHT, showlegend=False)
    across, up = scale(MEASURES[x], rows[x]), scale(MEASURES[y], rows[y])
    _front_line(chart, rows, x, y, (across, up), theme)
    places = _places(rows[rows["key"].map(states) == FRONT], (x, y), (across, up))
    for state in (DOMINATED, NEAR, FRONT):
        for _, row in rows[rows["key"].map(states) == state].iterrows():
            trace = _point(row, (x, y), (across, up), state, styles[row["key"]])
            if places.get(row["key"]):
                trace |= {"mode": "markers+text", "text": [row["label"]], "textposition": places[row["key"]]}
            chart.add_scatter(**trace, textfont={"size": 12.5, "color": theme.ink})
    chart.update_xaxes(**across.axis(_title(x)))
    chart.update_yaxes(**up.axis(_title(y)))
    return chart


def _title(name: str) -> str:
    return f"{MEASURES[name].label} ({'more' if MEASURES[name].more else 'less'} is better)"


def _front_line(
    chart: go.Figure, rows: pd.DataFrame, x: str, y: str, scales: tuple[Scale, Scale], theme: Theme
) -> None:
    corners = staircase(rows[x].to_numpy(float), rows[y].to_numpy(float), MEASURES[x].more, MEASURES[y].more)
    chart.add_scatter(
        x=scales[0].place(corners["x"]),
        y=scales[1].place(corners["y"]),
        mode="lines",
        line={"color": fade(theme.muted, 0.6), "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        name="front",
    )


def _point(
    row: pd.Series, names: tuple[str, str], scales: tuple[Scale, Scale], state: str, style: Style
) -> dict[str, Any]:
    bars = {}
    if state != DOMINATED:
        for axis, name, each in zip("xy", names, scales, strict=True):
            bars[f"error_{axis}"] = _bar(row, name, each, style)
    lines = [f"<b>{row['label']}</b>", *(_line(row, name) for name in names), WORDS[state]]
    faint = state == DOMINATED
    return {
        "x": scales[0].place([row[names[0]]]),
        "y": scales[1].place([row[names[1]]]),
        "mode": "markers",
        "marker": {
            "color": fade(style.color, 0.28) if faint else style.color,
            "symbol": f"{style.symbol}-open" if state == NEAR else style.symbol,
            "size": SIZES[state],
            "line": {"width": 1.8 if state == NEAR else 0},
        },
        "name": row["label"],
        "customdata": [[row["key"]]],
        "hovertemplate": "<br>".join(lines) + "<extra></extra>",
        "cliponaxis": False,
        **bars,
    }


def _line(row: pd.Series, name: str) -> str:
    unit = MEASURES[name].unit
    text = f"{MEASURES[name].label}: {costs.write(row[name], unit)}"
    if pd.isna(row.get(f"{name}_low")) or row[f"{name}_low"] == row[f"{name}_high"]:
        return text
    return f"{text} ({costs.write(row[f'{name}_low'], unit)} to {costs.write(row[f'{name}_high'], unit)})"


def _bar(row: pd.Series, name: str, scale: Scale, style: Style) -> dict[str, object] | None:
    if pd.isna(row.get(f"{name}_low")):
        return None
    low, middle, high = scale.place([row[f"{name}_low"], row[name], row[f"{name}_high"]])
    shared = {"type": "data", "symmetric": False, "color": fade(style.color, 0.35), "thickness": 1.5, "width": 0}
    return {"array": [high - middle], "arrayminus": [middle - low], **shared}


def _places(rows: pd.DataFrame, names: tuple[str, str], scales: tuple[Scale, Scale]) -> dict[str, str]:
    """Key -> where the name of a ticket on the front has room, "" where it has none."""
    if rows.empty:
        return {}
    found = label_places(
        scales[0].within(rows[names[0]]),
        scales[1].within(rows[names[1]]),
        np.array([7.4 * len(label) for label in rows["label"]]),
        PLOT,
    )
    return dict(zip(rows["key"], found, strict=True))
