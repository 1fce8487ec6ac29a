"""Charts of the overview: accuracy against sparsity, and clean against corrupted accuracy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import Styles, figure, label_places, percent_axis
from app.charts.direct import label_ends
from app.charts.error_bars import bars_of
from app.charts.score_axis import axis, dense_line, place_of
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import DENSE, Theme
from pruning.recipe import percent

NAMES = {"accuracy": "Accuracy", "corrupted": "Mean corruption accuracy"}
HEIGHT, CONTROLS = 440, 50  # pixels; the second chart has no row of widgets above it and is as much taller


@drawn
def against_sparsity(
    families: pd.DataFrame,
    measure: str,
    colors: Mapping[str, str],
    symbols: Mapping[str, str],
    theme: Theme,
    shown: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw accuracy, or the task's score, against sparsity, a line a method with its interval over seeds.

    The dense network is a level line. The axis is logarithmic in the error, so that 98 and 99 % are as far apart as 80
    and 90 %; for other scores see `score_axis`.

    Args:
        families: rows of `analysis.comparisons.family_means.by_family`.
        measure: `accuracy` or `corrupted`.
        colors: for each method.
        symbols: for each method.
        theme: colours of the page, light or dark.
        shown: the score.
    """
    pruned = families[(families["method"] != DENSE) & families[measure].notna()]
    place_on, name = place_of(shown), NAMES["corrupted"] if measure == "corrupted" else shown.title
    form = ".1f" if shown.score.is_share else ".3g"
    lines = -(-pruned["method"].nunique() // 3)  # of the legend, which takes from the plot
    chart = figure(theme, HEIGHT + 20 * max(0, lines - 3))
    levels = sorted(pruned["sparsity"].unique())
    methods = list(dict.fromkeys(pruned["method"]))
    for place, method in enumerate(methods):
        rows = pruned[pruned["method"] == method].sort_values("sparsity")
        shift = 1.035 ** (place - (len(methods) - 1) / 2)  # so that intervals stand beside, not over each other
        chart.add_scatter(
            x=100 * (1 - rows["sparsity"]) * shift,
            y=place_on(rows[measure]),
            error_y=bars_of(rows, measure, fade(colors[method], 0.55), place_on),
            mode="lines+markers",
            name=rows["method_label"].iloc[0],
            line={"color": colors[method], "width": 2},
            marker={"color": colors[method], "symbol": symbols[method], "size": 8},
            customdata=np.column_stack(
                [rows["label"], _intervals(rows, measure, shown), rows["seeds"], shown.score.factor * rows[measure]]
            ),
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{name} %{{customdata[3]:{form}}}{shown.score.suffix}<br>"
            "%{customdata[1]}<br>%{customdata[2]} seeds<extra></extra>",
        )
    dense_line(chart, families, measure, theme, shown)
    chart.update_xaxes(
        type="log",
        autorange="reversed",
        title_text="Sparsity (log scale of the weights kept)",
        tickvals=[100 * (1 - level) for level in levels],
        ticktext=[percent(level) for level in levels],
        showgrid=False,
    )
    if len(levels) == 1:  # over all of the axis, marks beside one another would seem to be of other sparsities
        middle = float(np.log10(100 * (1 - levels[0])))
        chart.update_xaxes(autorange=False, range=[middle + 0.4, middle - 0.4])
    chart.update_yaxes(**axis(shown, families[measure].dropna(), NAMES["corrupted"] if measure == "corrupted" else ""))
    label_ends(chart, theme)
    return chart


@drawn
def clean_against_corrupted(families: pd.DataFrame, styles: Styles, theme: Theme) -> go.Figure:
    """Draw mean corruption accuracy against clean accuracy.

    The tickets in `styles` (by key) have intervals over seeds; all others are faint points behind them.
    """
    chart = figure(theme, HEIGHT + CONTROLS, showlegend=False)
    rows = families.dropna(subset=["accuracy", "corrupted"])
    others = rows[~rows["key"].isin(list(styles))]
    chosen = rows[rows["key"].isin(list(styles))]
    hover = "<b>%{customdata[0]}</b><br>Clean %{x:.1f} %, %{customdata[1]}<br>Corrupted %{y:.1f} %, %{customdata[2]}"
    chart.add_scatter(
        x=100 * others["accuracy"],
        y=100 * others["corrupted"],
        mode="markers",
        marker={"color": fade(theme.muted, 0.35), "size": 6},
        customdata=_hover(others),
        hovertemplate=hover + "<extra></extra>",
    )
    spans = {name: _span(chosen, name) for name in ("accuracy", "corrupted")}
    places = label_places(
        _within(chosen["accuracy"], spans["accuracy"]),
        _within(chosen["corrupted"], spans["corrupted"]),
        np.array([7.2 * len(label) for label in chosen["label"]]),
        (430, 340),
        (_within(others["accuracy"], spans["accuracy"]), _within(others["corrupted"], spans["corrupted"])),
    )
    for (_, row), place in zip(chosen.iterrows(), places, strict=True):
        style = styles[row["key"]]
        one = row.to_frame().T
        chart.add_scatter(
            x=[100 * row["accuracy"]],
            y=[100 * row["corrupted"]],
            error_x=bars_of(one, "accuracy", fade(style.color, 0.3)),
            error_y=bars_of(one, "corrupted", fade(style.color, 0.3)),
            mode="markers+text" if place else "markers",
            text=[row["label"]],
            textposition=place or "top center",
            textfont={"size": 12.5, "color": theme.ink},
            cliponaxis=False,
            marker={"color": style.color, "symbol": style.symbol, "size": 11},
            customdata=_hover(one),
            hovertemplate=hover + "<extra></extra>",
        )
    chart.update_xaxes(percent_axis("Clean accuracy"), range=spans["accuracy"])
    chart.update_yaxes(percent_axis("Mean corruption accuracy"), range=spans["corrupted"])
    return chart


def _intervals(rows: pd.DataFrame, measure: str, shown: ShownScore = ACCURACY) -> list[str]:
    return [
        f"95 % interval {shown.score.number(low)} to {shown.write(high)}"
        if np.isfinite(low)
        else "no interval (one seed)"
        for low, high in zip(rows[f"{measure}_low"].astype(float), rows[f"{measure}_high"].astype(float), strict=True)
    ]


def _hover(rows: pd.DataFrame) -> np.ndarray:
    return np.column_stack([rows["label"], _intervals(rows, "accuracy"), _intervals(rows, "corrupted")])


def _span(rows: pd.DataFrame, measure: str) -> list[float]:
    """The range of an axis: the chosen tickets with some air; the faint ones may lie outside."""
    if rows.empty:
        return [0.0, 100.0]
    low, high = 100 * float(rows[measure].min()), 100 * float(rows[measure].max())
    air = max(0.18 * (high - low), 2.0 - (high - low) / 2)  # four points at least, lest noise look large
    return [low - air, high + air]


def _within(values: pd.Series, span: list[float]) -> np.ndarray:
    return np.asarray((100 * values - span[0]) / (span[1] - span[0]), dtype=float)
