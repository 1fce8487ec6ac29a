"""Accuracy and calibration error against the weights kept, a column a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.transfer.ways import MAPPING, PROBE, PROMPT
from app.charts.kept import kept_axis
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.transfer.facts import WAYS
from app.views.transfer.words import budget
from pruning.study.config import DENSE

DASHES = {PROBE: "solid", PROMPT: "dash", MAPPING: "dot"}
NAMES = {"accuracy": "Accuracy", "ece": "ECE"}
BANDS = 2
"""Methods whose bands can be told apart."""


@drawn
def curves(
    found: Mapping[str, pd.DataFrame], styles: Mapping[str, Style], methods: Sequence[str], theme: Theme
) -> go.Figure:
    """Draw a line a method and way.

    Args:
        found: value -> rows of `comparisons.transfer.curves`.
        styles: method -> style.
        methods: those that are drawn; each begins at the dense network.
        theme: light or dark colours.
    """
    first = next(iter(found.values()))
    shots = sorted(first["shots"].unique(), key=lambda each: each or float("inf"))
    lines = [method for method in methods if method != DENSE] or list(methods)
    chart = make_subplots(
        len(found), len(shots), shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.015, vertical_spacing=0.05
    )
    chart.update_layout(template=theme.template, height=90 + 250 * len(found), margin={"t": 84},
                        legend={"y": 1.0, "yref": "container", "yanchor": "top", "traceorder": "normal"})  # fmt: skip
    for up, (value, rows) in enumerate(found.items(), 1):
        for across, budget_of in enumerate(shots, 1):
            own = rows[rows["shots"] == budget_of]
            for method in lines:
                _lines(chart, own[own["method"].isin([method, DENSE])], styles[method], (up, across), len(lines))
        top = 100 * float(rows[["value", "high"]].max().max())  # of the marks of the legend plotly makes 0 to 4
        chart.update_yaxes(range=[0, min(1.06 * top, 103)], row=up)
        chart.update_yaxes(title_text=NAMES[value], row=up, col=1)
    _legend(chart, [styles[method] for method in lines], theme)
    for across, budget_of in enumerate(shots, 1):
        axis = "" if across == 1 else str(across)
        chart.add_annotation(
            text=budget(budget_of), x=0.5, y=1, xref=f"x{axis} domain", yref="paper", yanchor="bottom", yshift=4,
            showarrow=False, font={"size": 13.5, "color": theme.ink},
        )  # fmt: skip
    kept = kept_axis(100 * (1 - first["sparsity"]))
    chart.update_xaxes(**{**kept, "title": None})
    chart.update_xaxes(title=kept["title"], row=len(found))
    chart.update_yaxes(ticksuffix=" %")
    return chart


def _lines(chart: go.Figure, rows: pd.DataFrame, style: Style, place: tuple[int, int], methods: int) -> None:
    up, across = place
    for way in (MAPPING, PROMPT, PROBE):
        own = rows[rows["way"] == way].sort_values("sparsity")
        kept = 100 * (1 - own["sparsity"])
        if way != MAPPING and methods <= BANDS:
            _band(chart, own, kept, style, place)
        chart.add_scatter(
            x=kept, y=100 * own["value"], mode="lines+markers", showlegend=False, row=up, col=across,
            line={"color": style.color, "width": 1.4 if way == MAPPING else 2.2, "dash": DASHES[way]},
            marker={"color": style.color, "size": 4 if way == MAPPING else 7, "symbol": style.symbol},
            customdata=[
                f"{100 * row.value:.1f} %{bracket(row.low, row.high)}<br>{100 * (1 - row.sparsity):.3g} % kept, "
                f"{row.seeds} seeds, {row.draws} draws" for row in own.itertuples()
            ],
            hovertemplate=f"<b>{style.label}</b>, {WAYS[way]}<br>%{{customdata}}<extra></extra>",
        )  # fmt: skip


def _band(chart: go.Figure, own: pd.DataFrame, kept: pd.Series, style: Style, place: tuple[int, int]) -> None:
    known = own["low"].notna()
    common = {"x": kept[known], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    chart.add_scatter(y=100 * own["high"][known], **common, row=place[0], col=place[1])
    chart.add_scatter(y=100 * own["low"][known], fill="tonexty", fillcolor=fade(style.color, 0.13), **common,
                      row=place[0], col=place[1])  # fmt: skip


def _legend(chart: go.Figure, methods: Sequence[Style], theme: Theme) -> None:
    """Colours for methods, dashes for ways."""
    for style in methods:
        chart.add_scatter(x=[None], y=[None], mode="lines+markers", name=style.label,
                          line={"color": style.color, "width": 2.2},
                          marker={"color": style.color, "size": 8, "symbol": style.symbol})  # fmt: skip
    for way, dash in DASHES.items():
        chart.add_scatter(x=[None], y=[None], mode="lines", name=WAYS[way],
                          line={"color": theme.muted, "width": 2, "dash": dash})  # fmt: skip
