"""Accuracy against the training that a ticket took, all it descends from included."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, label_places
from app.charts.error_bars import bars_of, error_bars
from app.charts.scales import log_ticks
from app.charts.score_axis import note, place_of, scale_of, ticks_of
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Style, Theme

HEIGHT = 500
PLOT = (900.0, 400.0)
"""About the pixels between the axes, for the places of names."""
MOST_BAR = 0.45  # of a bar above the highest point, in powers of ten of the error; the hover tells its end
ASIDE = 0.012  # of the axis between two points of one cost

TITLES = {
    "epochs": "Epochs of training and search, lineage included",
    "seconds": "Seconds of training and search, lineage included",
}


@drawn
def against(
    rows: pd.DataFrame,
    measure: str,
    styles: Mapping[str, Style],
    chosen: list[str],
    theme: Theme,
    shown: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw accuracy against cost, a point a ticket; a bar to the left of a point is what the search for its mask took.

    Args:
        rows: key, label, accuracy with _low and _high (fractions, NaN: no interval), epochs (all), search (epochs of
            these that went into a search), seconds with _low and _high.
        measure: "epochs" or "seconds".
        styles: by key.
        chosen: keys drawn in colour and named; others are faint.
        theme: colours of the page, light or dark.
        shown: the score.
    """
    height = place_of(shown)
    chart = figure(theme, HEIGHT, showlegend=False)
    least = rows[measure].min()  # 0 for an imported network, which cost no training here
    log = bool(least > 0 and rows[measure].max() > 12 * least)
    place = np.log10 if log else np.asarray
    span_x = _span(place(rows[measure].to_numpy(dtype=float)), 0.06)
    if not log:
        span_x[0] = 0.0
    full = rows[rows["key"].isin(chosen)]
    full = full.assign(across=place(full[measure].to_numpy(dtype=float)) + _aside(full[measure], span_x))
    if len(full):  # many of one cost reach further than the last one's own place
        room = ASIDE * (span_x[1] - span_x[0])
        low = min(span_x[0], full["across"].min() - room) if log else 0.0
        span_x = [low, max(span_x[1], full["across"].max() + room)]
    seen = full if len(full) else rows  # the faint ones may lie outside
    span_y = _heights(seen, shown)
    faint = rows[~rows["key"].isin(chosen)]
    chart.add_scatter(
        x=faint[measure],
        y=height(faint["accuracy"]),
        mode="markers",
        marker={"color": fade(theme.muted, 0.4), "size": 6},
        customdata=_words(faint, shown),
        hovertemplate="%{customdata}<extra></extra>",
    )
    texts = label_places(
        (full["across"].to_numpy(dtype=float) - span_x[0]) / (span_x[1] - span_x[0]),
        (height(full["accuracy"]) - span_y[0]) / (span_y[1] - span_y[0]),
        np.array([7.2 * len(label) for label in full["label"]]),
        PLOT,
        (
            (place(faint[measure].to_numpy(dtype=float)) - span_x[0]) / (span_x[1] - span_x[0]),
            (height(faint["accuracy"]) - span_y[0]) / (span_y[1] - span_y[0]),
        ),
    )
    for (_, row), text in zip(full.iterrows(), texts, strict=True):
        _point(chart, row, measure, styles[row["key"]], text, theme, 10 ** row["across"] if log else row["across"],
               shown)  # fmt: skip
    values, names = ticks_of(shown, span_y)
    chart.update_yaxes(title_text=shown.axis_title + note(shown), range=span_y, tickvals=height(values), ticktext=names)
    axis: dict[str, object] = {"range": span_x, "title": {"text": TITLES[measure] + (" (log scale)" if log else "")}}
    if log:
        ticks = log_ticks(span_x)
        axis |= {"type": "log", "tickvals": ticks.tolist(), "ticktext": [f"{tick:g}" for tick in ticks]}
    chart.update_xaxes(**axis, showgrid=False)
    return chart


def _heights(rows: pd.DataFrame, shown: ShownScore) -> list[float]:
    """From where to where the scores reach; an interval that is much wider would press the rest together."""
    if not shown.images:
        return scale_of(shown, rows["accuracy"].dropna()).span
    places = place_of(shown)(rows[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy(dtype=float))
    tops = places[:, 0].max(initial=-np.inf) + MOST_BAR
    return [float(np.nanmin(places)) - 0.05, min(float(np.nanmax(places)), float(tops)) + 0.1]


def _aside(costs: pd.Series, span: list[float]) -> np.ndarray:
    """How far points are moved on the axis so that those of one cost, and their intervals, stand side by side."""
    alike = costs.groupby(costs)
    middle = (alike.transform("size") - 1) / 2
    return np.asarray(ASIDE * (span[1] - span[0]) * (alike.cumcount() - middle), dtype=float)


def _point(
    chart: go.Figure,
    row: pd.Series,
    measure: str,
    style: Style,
    text: str,
    theme: Theme,
    across: float,
    shown: ShownScore,
) -> None:
    height = place_of(shown)
    accuracy = float(height(row["accuracy"]))
    if measure == "epochs" and row["search"] > 0:
        chart.add_scatter(
            x=[row["epochs"] - row["search"], across], y=[accuracy, accuracy], mode="lines", hoverinfo="skip",
            line={"color": fade(style.color, 0.4), "width": 6},
        )  # fmt: skip
    bars = {}
    if np.isfinite(row["accuracy_low"]):
        bars["error_y"] = bars_of(row.to_frame().T, "accuracy", fade(style.color, 0.45), height)
    if measure == "seconds" and np.isfinite(row["seconds_low"]):
        low = max(row["seconds_low"], 1e-3)
        bars["error_x"] = error_bars(row["seconds"], low, row["seconds_high"], fade(style.color, 0.45))
    chart.add_scatter(
        x=[across],
        y=[accuracy],
        mode="markers+text" if text else "markers",
        text=[row["label"]],
        textposition=text or "top center",
        textfont={"size": 12.5, "color": theme.ink},
        marker={"color": style.color, "symbol": style.symbol, "size": 11},
        name=row["label"],
        customdata=_words(row.to_frame().T, shown),
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
        **bars,
    )


def _span(places: np.ndarray, least: float) -> list[float]:
    low, high = float(places.min()), float(places.max())
    air = max(0.08 * (high - low), least)
    return [low - air, high + air]


def _words(rows: pd.DataFrame, shown: ShownScore) -> list[str]:
    found = []
    for row in rows.itertuples():
        accuracy = f"{shown.write(row.accuracy)}{shown.bracket(row.accuracy_low, row.accuracy_high)}"
        epochs = f"{row.epochs:g} epochs" + (f", {row.search:g} of them search" if row.search else "")
        seconds = f"{row.seconds:,.1f} s"
        found.append(f"<b>{row.label}</b><br>{accuracy}<br>{epochs}<br>{seconds}")
    return found
