"""Accuracy over the weights that are kept, level by level, and how far methods lie from one of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from app.charts.base import figure
from app.charts.direct import label_ends
from app.charts.error_bars import bars_of, error_bars
from app.charts.kept import kept_axis
from app.charts.score_axis import axis, dense_line, place_of
from app.charts.texts import bracket, signed
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import DENSE, Style, Theme
from app.shell.verdicts import words

HEIGHT = 430
ASIDE = 1.03
"""Factor between the places of two methods at one level, so that their intervals stand side by side."""


@drawn
def accuracy(
    families: pd.DataFrame, shown: Mapping[str, Style], theme: Theme, score: ShownScore = ACCURACY
) -> go.Figure:
    """Draw accuracy, or the task's score, against the share of weights kept, a line a method, and the dense network.

    The axis is logarithmic in the error of accuracies. Methods that are not in `shown` are faint, their intervals in
    the hover. The dense network is a level line.

    Args:
        families: rows of `analysis.comparisons.family_means.by_family`.
        shown: method -> style.
        theme: colours of the page, light or dark.
        score: the score.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    pruned = families[(families["method"] != DENSE) & (families["sparsity"] > 0) & families["accuracy"].notna()]
    methods = [method for method in dict.fromkeys(pruned["method"]) if method in shown]
    for method, rows in pruned[~pruned["method"].isin(methods)].groupby("method", sort=False):
        rows = rows.sort_values("sparsity")
        chart.add_scatter(
            **_line(rows, 1.0, str(method), score),
            line={"color": fade(theme.muted, 0.35), "width": 1.2},
            marker={"color": fade(theme.muted, 0.5), "size": 4},
            showlegend=False,
        )
    for place, method in enumerate(methods):
        rows, style = pruned[pruned["method"] == method].sort_values("sparsity"), shown[method]
        chart.add_scatter(
            **_line(rows, ASIDE ** (place - (len(methods) - 1) / 2), method, score),
            error_y=bars_of(rows, "accuracy", fade(style.color, 0.55), place_of(score)),
            line={"color": style.color, "width": 2, "dash": style.dash},
            marker={"color": style.color, "symbol": style.symbol, "size": 8},
        )
    dense_line(chart, families, "accuracy", theme, score)
    chart.update_yaxes(**axis(score, families["accuracy"].dropna()))
    chart.update_xaxes(**kept_axis(100 * (1 - pruned["sparsity"])))
    label_ends(chart, theme)
    return chart


def _line(rows: pd.DataFrame, aside: float, method: str, score: ShownScore) -> dict[str, object]:
    words = [
        score.write(row.accuracy)
        + score.bracket(row.accuracy_low, row.accuracy_high)
        + f"<br>{row.seeds} seed{'s' if row.seeds != 1 else ''}"
        for row in rows.itertuples()
    ]
    return {
        "x": 100 * (1 - rows["sparsity"]) * aside,
        "y": place_of(score)(rows["accuracy"]),
        "mode": "lines+markers",
        "name": str(rows["method_label"].iloc[0]),
        "meta": method,
        "customdata": np.column_stack([rows["label"], words]),
        "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
    }


@drawn
def differences(
    rows: pd.DataFrame,
    reference: str,
    styles: Mapping[str, Style],
    theme: Theme,
    within: float,
    floor: float | None = None,
    score: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw how far each method's accuracy, or score, lies from the reference's at the same level, in hundredths.

    Args:
        rows: of `analysis.comparisons.levels.by_sparsity`.
        reference: its name.
        styles: by method, in the order drawn.
        theme: colours of the page, light or dark.
        within: the difference that does not matter, a fraction; it is a band.
        floor: of seed noise, where verdicts are about these networks, a fraction; it is dotted.
        score: the score.

    Those that differ are full, equivalent ones have a dot inside, others are hollow.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    chart.add_hline(y=0, line={"color": theme.muted, "width": 1.5, "dash": "dash"})
    chart.add_hrect(-100 * within, 100 * within, fillcolor=fade(theme.muted, 0.14), line_width=0, layer="below")
    for end in () if floor is None else (-100 * floor, 100 * floor):
        chart.add_hline(y=end, line={"color": theme.muted, "width": 1.5, "dash": "dot"})
    methods = [method for method in styles if (rows["method"] == method).any()]
    for place, method in enumerate(methods):
        own, style = rows[rows["method"] == method].sort_values("sparsity"), styles[method]
        chart.add_scatter(  # for the legend: of the points themselves it would show the first, which may be hollow
            x=[None], y=[None], mode="lines+markers", name=style.label, legendgroup=method, hoverinfo="skip",
            line={"color": style.color, "width": 1.5, "dash": style.dash},
            marker={"color": style.color, "symbol": style.symbol, "size": 8},
        )  # fmt: skip
        chart.add_scatter(
            x=100 * (1 - own["sparsity"]) * ASIDE ** (place - (len(methods) - 1) / 2),
            y=100 * own["difference"],
            error_y=error_bars(100 * own["difference"], 100 * own["low"], 100 * own["high"], fade(style.color, 0.55)),
            mode="lines+markers",
            name=style.label,
            legendgroup=method,
            showlegend=False,
            line={"color": fade(style.color, 0.6), "width": 1.5, "dash": style.dash},
            marker={
                "color": [style.color if verdict == DIFFERS else theme.surface for verdict in own["verdict"]],
                "symbol": [
                    f"{style.symbol}-open-dot" if verdict == EQUIVALENT else style.symbol for verdict in own["verdict"]
                ],
                "size": 10,
                "line": {"width": 2, "color": style.color},
            },
            customdata=[
                f"{signed(100 * row['difference'])} {score.apart}{bracket(row['low'], row['high'], '{:+.1f}')}<br>"
                + words(row, within, size=score.size)
                for _, row in own.iterrows()
            ],
            hovertemplate=f"<b>{style.label}</b> against {reference}<br>%{{x:.3g}} % kept<br>%{{customdata}}"
            "<extra></extra>",
        )
    chart.update_xaxes(**kept_axis(100 * (1 - rows["sparsity"])))
    chart.update_yaxes(title_text=score.minus(reference))
    return chart
