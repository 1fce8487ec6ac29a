"""Scores over the weights kept, the KL of each ticket, and what each part of the network keeps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.direct import label_ends
from app.charts.error_bars import error_bars
from app.charts.kept import kept_axis
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import DENSE, Style, Theme

HEIGHT = 430
ASIDE = 1.03  # factor between the places of two methods at one level
DASHES = ("solid", "dot", "dash")


@drawn
def score(
    curve: pd.DataFrame, styles: Mapping[str, Style], title: str, theme: Theme, lines: Mapping[str, float]
) -> go.Figure:
    """A score over the weights kept, a line a method; both axes are logarithmic.

    The dense network is a level line in a band, its interval: what lies in it or below wins. Winners are full.

    Args:
        curve: of `comparisons.generative.score_curve`, with `winning`.
        styles: method -> style.
        title: of the axis.
        theme: colours of the page, light or dark.
        lines: words -> a value to be marked, such as the floor.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    pruned = curve[curve["method"] != DENSE]
    methods = list(dict.fromkeys(pruned["method"]))
    for place, method in enumerate(methods):
        own, style = pruned[pruned["method"] == method].sort_values("sparsity"), styles[method]
        chart.add_scatter(
            x=100 * (1 - own["sparsity"]) * ASIDE ** (place - (len(methods) - 1) / 2),
            y=own["value"],
            error_y=error_bars(own["value"], own["low"], own["high"], fade(style.color, 0.55)),
            mode="lines+markers",
            name=style.label,
            line={"color": style.color, "width": 2, "dash": style.dash},
            marker={
                "color": [style.color if wins else theme.surface for wins in own["winning"]],
                "symbol": style.symbol,
                "size": 10,
                "line": {"width": 2, "color": style.color},
            },
            customdata=_words(own),
            hovertemplate=f"<b>{style.label}</b><br>%{{customdata}}<extra></extra>",
        )
    for row in curve[curve["method"] == DENSE].itertuples():
        line = {"color": theme.muted, "width": 1.5, "dash": "dash"}
        chart.add_hrect(row.low, row.high, fillcolor=fade(theme.muted, 0.14), line_width=0, layer="below")
        chart.add_hline(y=row.value, line=line)
        _say(chart, "dense", row.value, theme)
    for words, value in lines.items():
        chart.add_hline(y=value, line={"color": theme.muted, "width": 1, "dash": "dot"})
        _say(chart, words, value, theme)
    chart.update_xaxes(**kept_axis(100 * (1 - pruned["sparsity"])))
    chart.update_yaxes(type="log", title_text=f"{title} (log scale)", **_ticks(curve, lines))
    label_ends(chart, theme)
    return chart


def _say(chart: go.Figure, words: str, value: float, theme: Theme) -> None:
    """Words on a level line; of a logarithmic axis an annotation takes the exponent, and a line the value."""
    chart.add_annotation(
        x=0, y=float(np.log10(max(value, 1e-12))), xref="x domain", text=words, showarrow=False, xanchor="left",
        yanchor="bottom", font={"size": 12, "color": theme.muted},
    )  # fmt: skip


def _words(rows: pd.DataFrame) -> list[str]:
    return [
        f"{100 * (1 - row.sparsity):.3g} % kept: <b>{row.value:.3g}</b>{bracket(row.low, row.high, '{:.3g}', 1)}"
        f"<br>{row.n} seed{'s' if row.n != 1 else ''}{', wins' if row.winning else ''}"
        for row in rows.itertuples()
    ]


def _ticks(curve: pd.DataFrame, lines: Mapping[str, float]) -> dict[str, object]:
    """A logarithmic axis round means and lines; what reaches beyond is cut, and in the hover."""
    values = np.array([*curve["value"], *lines.values()], dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    low, high = (np.log10(values.min()), np.log10(values.max())) if len(values) else (0.0, 1.0)
    air = max(0.06 * (high - low), 0.03)
    steps = np.sort(np.outer(10.0 ** np.arange(-6, 7), (1, 2, 5) if high - low < 2.2 else (1,)).ravel())
    if high - low < 0.6:
        steps = np.sort(np.outer(10.0 ** np.arange(-6, 7), np.arange(1, 10, 0.5)).ravel())
    ticks = [float(step) for step in steps if low - air <= np.log10(step) <= high + air]
    return {"range": [low - air, high + air], "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}


@drawn
def divergences(table: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The KL of each ticket, a bar each; collapsed ones are hollow and say so.

    Args:
        table: of `comparisons.generative.collapsed`, a row a ticket, in the order drawn.
        styles: key -> style.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, 70 + 26 * len(table), showlegend=False, margin={"t": 10})
    colours = [styles[key].color for key in table["key"]]
    fills = [fade(colour, 0.15) if gone else colour for colour, gone in zip(colours, table["collapsed"], strict=True)]
    names = [styles[key].label for key in table["key"]]
    chart.add_bar(
        x=table["kl"],
        y=names,
        orientation="h",
        marker={"color": fills, "line": {"color": colours, "width": 1.5}},
        error_x=error_bars(table["kl"], table["low"], table["high"], theme.ink),
        customdata=[f"{row.kl:.3g} nats{bracket(row.low, row.high, '{:.3g}', 1)}" for row in table.itertuples()],
        hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
    )
    for name, row in zip(names, table.itertuples(), strict=True):
        if row.collapsed:
            chart.add_annotation(x=row.high, y=name, text="collapsed", showarrow=False, xanchor="left", xshift=6,
                                 font={"size": 12, "color": theme.muted})  # fmt: skip
    chart.update_xaxes(title_text="KL of an image (nats)", rangemode="tozero")
    chart.update_yaxes(autorange="reversed", showgrid=False, automargin=True, tickfont={"color": theme.ink})
    return chart


@drawn
def parts(table: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """What each part keeps over what the whole network keeps, a line a method and part.

    Args:
        table: method, sparsity, part (words), share; means over seeds.
        styles: method -> style.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    names = list(dict.fromkeys(table["part"]))
    for (method, part), own in table.groupby(["method", "part"], sort=False):
        own, style = own.sort_values("sparsity"), styles[str(method)]
        chart.add_scatter(
            x=100 * (1 - own["sparsity"]),
            y=100 * own["share"],
            mode="lines+markers",
            name=f"{style.label}, {part}",
            line={"color": style.color, "width": 2, "dash": DASHES[names.index(str(part)) % len(DASHES)]},
            marker={"color": style.color, "symbol": style.symbol, "size": 8},
            hovertemplate=f"<b>{style.label}</b>, {part}<br>%{{y:.3g}} % of it kept<extra></extra>",
        )
    kept = 100 * (1 - table["sparsity"])
    ends = [float(kept.min()), float(kept.max())]
    chart.add_scatter(x=ends, y=ends, mode="lines", line={"color": theme.muted, "width": 1, "dash": "dash"},
                      name="all parts alike", hoverinfo="skip")  # fmt: skip
    chart.update_xaxes(**kept_axis(kept))
    axis = kept_axis(pd.Series([*(100 * table["share"]), *kept]).clip(lower=1e-3))
    low, high = sorted(np.asarray(axis["range"], dtype=float))
    chart.update_yaxes(**{**axis, "range": [low, high], "title": {"text": "Kept of the part (log scale)"}})
    return chart
