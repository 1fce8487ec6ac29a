"""UpSet plots (Lex et al. 2014): how many things just these tickets have: weights that they keep, or errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.names import listed
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.shell.url import LIST

ROW, BARS = 26, 220  # pixels: a ticket's row, and the bars


@dataclass(frozen=True)
class Words:
    """What an UpSet plot counts: its unit, and what its marks are."""

    unit: str = "weights"
    chance: str = "expected by chance (same layer-wise sparsities)"


@drawn
def upset(
    regions: pd.DataFrame, kept: Mapping[str, int], styles: Mapping[str, Style], theme: Theme,
    words: Words | None = None, bars: int = BARS,
) -> go.Figure:  # fmt: skip
    """Draw a bar a region, its tickets as dots below it, and a mark where chance would end the bar.

    Args:
        regions: members (tuple of ids), count, expected; drawn in this order. Where it has low and high, the hover
            gives them. The `customdata` of its bar, mark and dots ends with the ids of its members.
        kept: id -> all that the ticket has, in the order of rows.
        styles: by id.
        theme: colours of the page, light or dark.
        words: what is counted; None: weights.
        bars: height of the bars in pixels.
    """
    words = words or Words()
    chart = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[bars, ROW * len(kept)], vertical_spacing=0.03)
    chart.update_layout(
        template=theme.template, height=bars + ROW * len(kept) + 110, bargap=0.35, dragmode=False, barmode="overlay"
    )
    _bars(chart, regions, styles, theme, words)
    _dots(chart, regions, list(kept), styles, theme)
    chart.update_xaxes(showticklabels=False, showgrid=False, range=[-0.6, len(regions) - 0.4])
    chart.update_yaxes(title_text=words.unit.capitalize(), rangemode="tozero", tickformat=",", row=1, col=1)
    chart.update_yaxes(
        tickvals=list(range(len(kept))),
        ticktext=[
            f'{styles[ticket].label}  <span style="color:{theme.muted};font-size:11px">{count:,}</span>'
            for ticket, count in kept.items()
        ],
        tickfont={"color": theme.ink},
        range=[len(kept) - 0.5, -0.5],
        showgrid=False,
        row=2,
        col=1,
    )
    return chart


def _bars(chart: go.Figure, regions: pd.DataFrame, styles: Mapping[str, Style], theme: Theme, texts: Words) -> None:
    counts, expected = regions["count"].to_numpy(dtype=float), regions["expected"].to_numpy(dtype=float)
    colors = [styles[members[0]].color if len(members) == 1 else theme.both for members in regions["members"]]
    places = list(range(len(counts)))
    told = _told(regions, styles)
    chart.add_bar(
        x=places,
        y=counts,
        marker={"color": colors, "cornerradius": 3},
        customdata=told,
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>%{{y:,}} {texts.unit}%{{customdata[2]}}, %{{customdata[1]}}"
        "<extra></extra>",
        showlegend=False,
        row=1,
        col=1,
    )
    chart.add_scatter(
        x=places,
        y=expected,
        mode="markers",
        name=texts.chance,
        marker={"symbol": "line-ew", "size": 19, "line": {"width": 3, "color": theme.bad}},
        customdata=told,
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>by chance %{{y:,.1f}} {texts.unit}<extra></extra>",
        row=1,
        col=1,
    )
    top = max(counts.max(initial=1), expected.max(initial=1))
    struck = (expected > counts) & (expected < counts + 0.1 * top)  # the mark would strike the number out
    chart.add_scatter(  # plotly would shrink a bar's own text to the bar
        x=places, y=np.where(struck, expected, counts), mode="text", text=[_short(count) for count in counts],
        textposition="top center", textfont={"size": 11.5, "color": theme.ink}, cliponaxis=False, hoverinfo="skip",
        showlegend=False, row=1, col=1,
    )  # fmt: skip


def _told(regions: pd.DataFrame, styles: Mapping[str, Style]) -> list[list[str]]:
    """Of each region its name, its count beside chance, the interval of the count, and the ids of its members."""
    between = [""] * len(regions)
    if "low" in regions:
        between = [f" ({low:,.0f} to {high:,.0f})" for low, high in zip(regions["low"], regions["high"], strict=True)]
    lifts = [lift(count, chance) for count, chance in zip(regions["count"], regions["expected"], strict=True)]
    return [
        [named(members, styles), said, ends, LIST.join(members)]
        for members, said, ends in zip(regions["members"], lifts, between, strict=True)
    ]


def _dots(
    chart: go.Figure, regions: pd.DataFrame, tickets: Sequence[str], styles: Mapping[str, Style], theme: Theme
) -> None:
    columns = len(regions)
    for row in range(0, len(tickets), 2):  # stripes lead the eye from a name to its dots
        chart.add_hrect(y0=row - 0.5, y1=row + 0.5, fillcolor=theme.neither, opacity=0.45, line_width=0,
                        layer="below", row=2, col=1)  # fmt: skip
    for place, members in enumerate(regions["members"]):
        rows = [tickets.index(ticket) for ticket in members]
        if len(rows) > 1:
            chart.add_scatter(
                x=[place, place], y=[min(rows), max(rows)], mode="lines", line={"color": theme.muted, "width": 2},
                hoverinfo="skip", showlegend=False, row=2, col=1,
            )  # fmt: skip
    inside = [set(members) for members in regions["members"]]
    for row, ticket in enumerate(tickets):
        member = [ticket in each for each in inside]
        chart.add_scatter(
            x=list(range(columns)),
            y=[row] * columns,
            mode="markers",
            name=styles[ticket].label,
            marker={
                "size": [13 if own else 6 for own in member],
                "color": [styles[ticket].color if own else theme.grid for own in member],
                "opacity": 1,
            },
            customdata=_told(regions, styles),
            hovertemplate="<b>%{customdata[0]}</b><extra></extra>",
            showlegend=False,
            row=2,
            col=1,
        )


def named(members: Sequence[str], styles: Mapping[str, Style]) -> str:
    """Which tickets a region belongs to, in words."""
    names = [styles[ticket].label for ticket in members]
    return "only " * (len(names) == 1) + listed(names)


def lift(count: float, expected: float) -> str:
    """How a count compares with chance, in words."""
    if expected <= 0:
        return "none by chance"
    if expected < 0.05:
        return "next to none by chance"
    return f"{count / expected:.3g} times the {expected:,.1f} of chance"


def _short(count: float) -> str:
    if count < 10_000:
        return f"{count:,.0f}"
    return f"{count / 1e3:.0f}k" if count < 999_500 else f"{count / 1e6:.3g}M"
