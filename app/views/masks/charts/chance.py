"""The overlap of pairs of tickets beside what chance would give them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.calibration_sets import SEEDS, SETS
from app.charts.base import figure
from app.charts.error_bars import error_bars
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

ROW = 27  # pixels


@drawn
def pairs(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme, height: int = 0) -> go.Figure:
    """Draw a row a pair: a dot for what the two have in common, a mark for what chance gives, and a line between.

    Args:
        rows: a, b (keys), overlap, low, high (over seeds; NaN: one seed), chance_layers, chance_global; fractions,
            drawn from the top.
        styles: by key.
        theme: colours of the page, light or dark.
        height: in pixels, more where the rows need it.
    """
    chart = figure(theme, max(height, 120 + ROW * len(rows)), dragmode=False)
    places = list(range(len(rows)))
    names = [_pair(styles[row.a], styles[row.b]) for row in rows.itertuples()]
    shares = [f"{100 * row.overlap:.1f} %{bracket(row.low, row.high)}" for row in rows.itertuples()]
    plain = [f"{styles[row.a].label} and {styles[row.b].label}" for row in rows.itertuples()]
    for place, row in enumerate(rows.itertuples()):
        chart.add_shape(
            type="line", x0=row.chance_layers, x1=row.overlap, y0=place, y1=place,
            line={"color": fade(theme.both, 0.35), "width": 5}, layer="below",
        )  # fmt: skip
    chart.add_scatter(
        x=rows["overlap"],
        y=places,
        error_x=error_bars(rows["overlap"], rows["low"], rows["high"], theme.muted),
        mode="markers",
        name="observed",
        marker={"color": theme.both, "size": 10},
        customdata=np.column_stack([plain, shares]),
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} in common<extra></extra>",
    )
    chart.add_scatter(
        x=rows["chance_layers"],
        y=places,
        mode="markers",
        name="expected by chance",
        marker={"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": theme.bad}},
        customdata=np.column_stack([plain, [f"{100 * share:.1f} %" for share in rows["chance_global"]]]),
        hovertemplate="<b>%{customdata[0]}</b><br>%{x:.1%} by chance, given each layer's sparsities,<br>"
        "%{customdata[1]} given the sparsities alone<extra></extra>",
    )
    chart.update_yaxes(
        tickvals=places, ticktext=names, range=[len(rows) - 0.4, -0.6], showgrid=False, tickfont={"color": theme.ink}
    )
    top = rows[["overlap", "high", "chance_layers"]].max().max()
    chart.update_xaxes(title_text="Overlap coefficient", **_shares(min(1.0, float(top)) * 1.06))
    return chart


@drawn
def calibration_sets(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """Draw a row a method and sparsity: what masks of other calibration sets have in common, of other seeds, by chance.

    Args:
        rows: `label`, and the columns of `comparisons.calibration_sets.overlaps`.
        theme: colours of the page, light or dark.
    """
    labels = list(dict.fromkeys(rows["label"]))
    chart = figure(theme, 130 + ROW * len(labels), dragmode=False)
    place = {label: at for at, label in enumerate(labels)}
    looks = {
        SETS: ("other calibration images", theme.both, "circle"),
        SEEDS: ("another seed, the same images", theme.both, "circle-open"),
    }
    for what, (name, colour, symbol) in looks.items():
        own = rows[rows["what"] == what]
        if len(own):
            chart.add_scatter(
                x=own["overlap"], y=own["label"].map(place), mode="markers", name=name,
                error_x=error_bars(own["overlap"], own["low"], own["high"], theme.muted),
                marker={"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2, "color": colour}},
                customdata=np.column_stack([own["label"], own["pairs"]]),
                hovertemplate=f"<b>%{{customdata[0]}}</b><br>%{{x:.1%}} in common, {name}<br>"
                "%{customdata[1]} pairs<extra></extra>",
            )  # fmt: skip
    first = rows.drop_duplicates("label")
    chart.add_scatter(
        x=first["chance"], y=first["label"].map(place), mode="markers", name="expected by chance",
        marker={"symbol": "line-ns", "size": 15, "line": {"width": 3, "color": theme.bad}},
        hovertemplate="%{x:.1%} by chance, given each layer's sparsities<extra></extra>",
    )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(place.values()), ticktext=labels, range=[len(labels) - 0.4, -0.6], showgrid=False,
        tickfont={"color": theme.ink},
    )  # fmt: skip
    chart.update_xaxes(title_text="Overlap coefficient", **_shares(1.03))
    return chart


def _shares(top: float) -> dict[str, object]:
    """An axis of fractions from 0 to `top`, written in per cent."""
    step = next((step for step in (0.2, 0.1, 0.05, 0.02, 0.01, 0.005) if top >= 2.5 * step), 0.002)
    at = np.arange(0, top, step)
    return {"range": [0, top], "tickvals": at, "ticktext": [f"{100 * each:g} %" for each in at.round(6)]}


def _pair(a: Style, b: Style) -> str:
    return " ".join(f'<span style="color:{style.color}">●</span> {style.label}' for style in (a, b))
