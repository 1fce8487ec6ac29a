"""Two objectives against each other: every ticket, and the front beyond which there is none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons import costs
from analysis.comparisons.costs import OBJECTIVES, Objective
from analysis.comparisons.dominance import DOMINATED, FRONT, NEAR, ORDER, staircase
from app.charts.base import Styles, figure, label_places
from app.charts.error_bars import bars_of
from app.charts.scales import Scale, scale
from app.charts.score_axis import scale_of
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Theme

HEIGHT = 520
PLOT = (370.0, 440.0)
"""About the pixels between the axes, for the places of names."""

SIZES = {FRONT: 12, NEAR: 10, DOMINATED: 7}
WORDS = {FRONT: "On the front", NEAR: "Behind the front by its values, not shown to be", DOMINATED: "Dominated"}


@drawn
def pareto(
    rows: pd.DataFrame,
    x: str,
    y: str,
    states: Mapping[str, str],
    styles: Styles,
    theme: Theme,
    objectives: Mapping[str, Objective] = OBJECTIVES,
    shown: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw tickets by two of `costs.OBJECTIVES`, with the front by the values themselves as a stepped line.

    Tickets on the front are full and named, those behind it by their values hollow, dominated ones faint.

    Args:
        rows: of `comparisons.costs.weighed`, measured in both.
        x: objective across, by name.
        y: objective upwards, by name.
        states: key -> state of `comparisons.dominance.Verdict`.
        styles: for every key.
        theme: colours of the page, light or dark.
        objectives: what they are, by name.
        shown: the score.
    """
    chart = figure(theme, HEIGHT, showlegend=False)
    scales = {name: _scale(objectives[name], rows[name], shown) for name in (x, y)}
    _front_line(chart, rows, scales, objectives, theme)
    for state in reversed(ORDER):
        own = rows[rows["key"].map(states) == state]
        if len(own):
            trace = _points(own, scales, state, styles, theme, objectives, shown)
            if state == FRONT:
                trace |= _named(own, rows[rows["key"].map(states) != FRONT], scales, theme)
            chart.add_scatter(**trace)
    chart.update_xaxes(**scales[x].axis(_title(objectives[x])))
    chart.update_yaxes(**scales[y].axis(_title(objectives[y])))
    return chart


def _title(objective: Objective) -> str:
    return f"{objective.label} ({'more' if objective.more else 'less'} is better)"


def _scale(objective: Objective, values: pd.Series, shown: ShownScore) -> Scale:
    return scale(objective, values) if shown.images or objective.noise != "paired" else scale_of(shown, values)


def _front_line(
    chart: go.Figure,
    rows: pd.DataFrame,
    scales: Mapping[str, Scale],
    objectives: Mapping[str, Objective],
    theme: Theme,
) -> None:
    x, y = scales
    corners = staircase(rows[x].to_numpy(float), rows[y].to_numpy(float), objectives[x].more, objectives[y].more)
    chart.add_scatter(
        x=scales[x].place(corners["x"]),
        y=scales[y].place(corners["y"]),
        mode="lines",
        line={"color": fade(theme.muted, 0.6), "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        name="front",
    )


def _points(
    rows: pd.DataFrame,
    scales: Mapping[str, Scale],
    state: str,
    styles: Styles,
    theme: Theme,
    objectives: Mapping[str, Objective],
    shown: ShownScore,
) -> dict[str, object]:
    """The tickets of one state as a trace."""
    own = [styles[key] for key in rows["key"]]
    x, y = scales
    faint = state == DOMINATED
    trace: dict[str, object] = {
        "x": scales[x].place(rows[x]),
        "y": scales[y].place(rows[y]),
        "mode": "markers",
        "marker": {
            "color": [fade(style.color, 0.28) if faint else style.color for style in own],
            "symbol": [f"{style.symbol}-open" if state == NEAR else style.symbol for style in own],
            "size": SIZES[state],
            "opacity": 1,
            "line": {"width": 1.8 if state == NEAR else 0},
        },
        "name": WORDS[state],
        "customdata": rows[["key"]].to_numpy(),
        "hovertext": [
            _hover(row, {x: objectives[x], y: objectives[y]}, state, shown) for row in rows.to_dict("records")
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "cliponaxis": False,
    }
    if state == FRONT:  # bars of all would cover each other where costs are the same
        for axis, name in zip("xy", scales, strict=True):
            trace[f"error_{axis}"] = _bars(rows, name, scales[name], theme)
    return trace


def _named(rows: pd.DataFrame, others: pd.DataFrame, scales: Mapping[str, Scale], theme: Theme) -> dict[str, object]:
    """Names of tickets where there is room, off the other ones where there is any."""
    x, y = scales
    widths = np.array([7.4 * len(label) for label in rows["label"]])
    beside = scales[x].within(others[x]), scales[y].within(others[y])
    places = label_places(scales[x].within(rows[x]), scales[y].within(rows[y]), widths, PLOT, beside)
    return {
        "mode": "markers+text",
        "text": [label if place else "" for label, place in zip(rows["label"], places, strict=True)],
        "textposition": [place or "top center" for place in places],
        "textfont": {"size": 12.5, "color": theme.ink},
    }


def _hover(row: Mapping[str, object], about: Mapping[str, Objective], state: str, shown: ShownScore) -> str:
    lines = (_line(row, name, objective, shown) for name, objective in about.items())
    return "<br>".join([f"<b>{row['label']}</b>", *lines, WORDS[state]])


def _line(row: Mapping[str, object], name: str, objective: Objective, shown: ShownScore) -> str:
    write = shown.write if objective.noise == "paired" else partial(costs.write, unit=objective.unit)
    value, low, high = (float(row.get(name + end, np.nan)) for end in ("", "_low", "_high"))  # type: ignore[arg-type]
    text = f"{objective.label}: {write(value)}"
    if np.isnan(low) or low == high:
        return text
    return f"{text} ({write(low)} to {write(high)})"


def _bars(rows: pd.DataFrame, name: str, scale: Scale, theme: Theme) -> dict[str, object] | None:
    if f"{name}_low" not in rows or rows[f"{name}_low"].isna().all():
        return None
    return bars_of(rows, name, fade(theme.muted, 0.6), scale.place)
