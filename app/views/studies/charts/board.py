"""The chart of a board of studies: a line of marks a study, a mark a method, so that two or twelve are read alike."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.comparisons.outcomes import Images
from app.charts.base import Styles, percent_axis
from app.charts.error_bars import error_bars
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

PANELS: dict[Images, str] = {"accuracy": "Clean images", "corrupted": "Mean over corruptions"}
MARK, AIR, AROUND = 11, 18, 118  # pixels: a method's line, between studies, and title, axis and legend
LONGEST = 22  # characters of a line of a study's name


@drawn
def board(
    rows: pd.DataFrame,
    dense: pd.DataFrame,
    placed: Mapping[Images, pd.DataFrame],
    names: Mapping[str, str],
    styles: Styles,
    labels: Mapping[str, str],
    theme: Theme,
) -> go.Figure:
    """Draw each study's methods at one sparsity, clean at the left, corrupted at the right, the best study on top.

    Args:
        rows: of `analysis.comparisons.leaderboard.at`.
        dense: rows of the dense networks.
        placed: images -> rows of `leaderboard.places`.
        names: study -> what it is called.
        styles, labels: of each method.
        theme: colours of the page, light or dark.
    """
    first = next(iter(placed))
    studies = list(rows.groupby("study", sort=False)[first].max().sort_values(ascending=False).index)
    places, centres, height = _places(rows, studies, list(labels))
    chart = make_subplots(
        rows=1, cols=len(placed), shared_yaxes=True, horizontal_spacing=0.03,
        subplot_titles=[f"<b>{PANELS[part]}</b>" for part in placed],
    )  # fmt: skip
    for column, (part, found) in enumerate(placed.items(), 1):
        best = {(row.study, row.key) for row in found.itertuples() if row.best}
        for method, own in rows.groupby("method", sort=False):
            _marks(chart, own, part, best, [places[pair] for pair in zip(own["study"], own["method"], strict=True)],
                   styles[str(method)], labels[str(method)], names, column, theme)  # fmt: skip
        _dense(chart, dense[dense["study"].isin(studies)], part, centres, names, column, theme)
        chart.update_xaxes(percent_axis(""), row=1, col=column)
    for method, label in labels.items():  # of marks in a legend, all are filled
        mark = {"symbol": styles[method].symbol, "size": 9, "color": styles[method].color}
        chart.add_scatter(x=[None], y=[None], mode="markers", marker=mark, name=label, legendgroup=label)
    chart.update_layout(
        template=theme.template, height=AROUND + height, dragmode=False,
        margin={"l": 8, "r": 8, "t": 78, "b": 8},
        legend={"orientation": "h", "yref": "paper", "y": 1 + 32 / max(height, 1), "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    chart.update_annotations(font={"size": 13.5, "color": theme.ink}, selector={"yanchor": "bottom"})
    chart.update_yaxes(
        tickvals=[centres[study] for study in studies], ticktext=[_broken(names[study]) for study in studies],
        range=[height + AIR / 2, -AIR / 2], showgrid=False, zeroline=False,
    )  # fmt: skip
    for study in studies[1:]:
        chart.add_hline(
            y=min(place for (own, _), place in places.items() if own == study) - (AIR + MARK) / 2,
            line={"color": fade(theme.muted, 0.25), "width": 1},
        )
    return chart


def _places(
    rows: pd.DataFrame, studies: list[str], methods: list[str]
) -> tuple[dict[tuple[str, str], float], dict[str, float], int]:
    """The line of each study's method in pixels from the top, the middle of each study's, and the height of all."""
    places: dict[tuple[str, str], float] = {}
    centres: dict[str, float] = {}
    top = 0.0
    for study in studies:
        there = set(rows.loc[rows["study"] == study, "method"])
        own = [method for method in methods if method in there]
        places |= {(study, method): top + MARK * (place + 0.5) for place, method in enumerate(own)}
        centres[study] = top + MARK * len(own) / 2
        top += MARK * len(own) + AIR
    return places, centres, round(top - AIR)


def _marks(
    chart: go.Figure,
    rows: pd.DataFrame,
    part: Images,
    best: set[tuple[str, str]],
    places: list[float],
    style: Style,
    label: str,
    names: Mapping[str, str],
    column: int,
    theme: Theme,
) -> None:
    color, symbol = style.color, style.symbol
    values, low, high = (100 * rows[f"{part}{end}"].to_numpy(float) for end in ("", "_low", "_high"))
    is_best = [pair in best for pair in zip(rows["study"], rows["key"], strict=True)]
    chart.add_scatter(
        x=values,
        y=places,
        mode="markers",
        name=label,
        legendgroup=label,
        showlegend=False,
        marker={
            "symbol": [symbol if each else f"{symbol}-open" for each in is_best],
            "size": 9, "color": color, "line": {"width": 1.6, "color": color},
        },
        error_x=error_bars(values, low, high, fade(color, 0.45)),
        hovertext=[
            f"<b>{row.label}</b> of {names[row.study]}<br>{value:.1f} %{bracket(down, up, factor=1.0)}"
            f"<br>{'not told apart from the best' if one else 'less accurate than the best'}"
            for row, value, down, up, one in zip(rows.itertuples(), values, low, high, is_best, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=column,
    )  # fmt: skip


def _dense(
    chart: go.Figure,
    dense: pd.DataFrame,
    part: Images,
    centres: Mapping[str, float],
    names: Mapping[str, str],
    column: int,
    theme: Theme,
) -> None:
    values = 100 * dense[part].to_numpy(float)
    chart.add_scatter(
        x=values,
        y=[centres[study] for study in dense["study"]],
        mode="markers",
        name="Dense",
        legendgroup="Dense",
        showlegend=column == 1 and bool(np.isfinite(values).any()),
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 2, "color": theme.muted}},
        hovertext=[f"<b>Dense</b> of {names[study]}<br>{value:.1f} %" for study, value in zip(dense["study"], values, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=column,
    )  # fmt: skip


def _broken(name: str) -> str:
    """A long name in lines."""
    return "<br>".join(wrap(name, LONGEST))
