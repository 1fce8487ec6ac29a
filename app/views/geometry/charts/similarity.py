"""Tickets under corruptions as nodes of a map, joined by their spanning tree; and pairs of corruptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, label_places
from app.charts.names import name
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT = 560
SIZES = (6.0, 17.0)
"""Diameters in pixels of the nodes of least and of greatest accuracy."""
PLOT = (760.0, 500.0)
"""About the pixels between the axes, for the places of names."""


@drawn
def node_map(
    nodes: pd.DataFrame, tree: Sequence[tuple[int, int]], tickets: Mapping[str, Style], colouring: str, theme: Theme,
    noise: float, chosen: str = "",
) -> go.Figure:  # fmt: skip
    """The nodes, each as large as its accuracy.

    Args:
        nodes: key, corruption, severity, group (of the corruption), accuracy, x, y; a node's `customdata` is its
            ticket's key, its corruption and its severity.
        tree: pairs of places among the nodes.
        tickets: key -> style.
        colouring: "ticket" or "group".
        theme: light or dark colours.
        noise: how far two seeds lie apart, drawn as rings round the clean nodes; NaN: not drawn.
        chosen: the corruption whose nodes are outlined.
    """
    chart = figure(theme, HEIGHT, dragmode="pan", showlegend=colouring == "group", legend={"itemsizing": "constant"})
    x, y = nodes["x"].to_numpy(float), nodes["y"].to_numpy(float)
    ends = np.array([[[x[a], x[b], np.nan], [y[a], y[b], np.nan]] for a, b in tree]).reshape(-1, 2, 3)
    chart.add_scatter(
        x=ends[:, 0].ravel(), y=ends[:, 1].ravel(), mode="lines", line={"color": fade(theme.muted, 0.4), "width": 1},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    low, high = nodes["accuracy"].min(), nodes["accuracy"].max()
    share = (nodes["accuracy"] - low) / (high - low) if high > low else pd.Series(1.0, nodes.index)
    sizes = SIZES[0] + (SIZES[1] - SIZES[0]) * share
    groups = list(dict.fromkeys(nodes["group"]))
    for each, own in nodes.groupby("key" if colouring == "ticket" else "group", sort=False):
        colour = tickets[str(each)].color if colouring == "ticket" else theme.classes[groups.index(each) % 10]
        chart.add_scatter(
            x=own["x"], y=own["y"], mode="markers", name=str(each).capitalize(),
            marker={
                "color": fade(colour, 0.75), "size": sizes[own.index],
                "line": {
                    "width": [2.5 if row.corruption == chosen else 1 for row in own.itertuples()],
                    "color": [theme.accent if row.corruption == chosen else theme.surface for row in own.itertuples()],
                },
                "symbol": ["star" if row.corruption == "clean" else tickets[row.key].symbol
                           for row in own.itertuples()],
            },
            customdata=own[["key", "corruption", "severity"]].astype(str).to_numpy(),
            text=[
                f"<b>{tickets[row.key].label}</b>, {_condition(row.corruption, row.severity)}"
                f"<br>{100 * row.accuracy:.1f} % accuracy" for row in own.itertuples()
            ],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    _names(chart, nodes, tickets, theme)
    if np.isfinite(noise):
        _rings(chart, nodes, tickets, noise)
    blank = {"showticklabels": False, "showgrid": False, "title_text": ""}
    chart.update_xaxes(**blank)
    chart.update_yaxes(**blank, scaleanchor="x", scaleratio=1)
    return chart


def _condition(corruption: str, severity: int) -> str:
    return "clean images" if corruption == "clean" else f"{name(corruption)} {severity}"


def _names(chart: go.Figure, nodes: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> None:
    """The tickets' names beside their clean nodes."""
    at = nodes[nodes["corruption"] == "clean"]
    labels = [tickets[key].label for key in at["key"]]
    span = [(nodes[axis].min(), max(float(np.ptp(nodes[axis])), 1e-9)) for axis in ("x", "y")]
    within = [(at[axis].to_numpy(float) - low) / width for axis, (low, width) in zip(("x", "y"), span, strict=True)]
    places = label_places(within[0], within[1], np.array([7.5 * len(label) for label in labels]), PLOT)
    for row, label, where in zip(at.itertuples(), labels, places, strict=True):
        if where:
            chart.add_annotation(
                x=row.x, y=row.y, text=f"<b>{label}</b>", showarrow=False, font={"size": 12.5, "color": theme.ink},
                bgcolor=fade(theme.surface, 0.75), borderpad=1,
                xanchor={"left": "right", "right": "left"}.get(where.split()[1], "center"),
                yanchor={"top": "bottom", "bottom": "top"}.get(where.split()[0], "middle"),
                xshift={"left": -7, "right": 7}.get(where.split()[1], 0),
                yshift={"top": 5, "bottom": -5}.get(where.split()[0], 0),
            )  # fmt: skip


def _rings(chart: go.Figure, nodes: pd.DataFrame, tickets: Mapping[str, Style], noise: float) -> None:
    """Round each clean node a ring as wide as two seeds lie apart."""
    for row in nodes[nodes["corruption"] == "clean"].itertuples():
        chart.add_shape(
            type="circle", x0=row.x - noise, x1=row.x + noise, y0=row.y - noise, y1=row.y + noise, layer="below",
            line={"color": fade(tickets[row.key].color, 0.8), "width": 1.2, "dash": "dot"},
        )  # fmt: skip


@drawn
def order(rows: pd.DataFrame, tickets: Mapping[str, Style], chosen: str, theme: Theme) -> go.Figure:
    """The rank of each ticket by accuracy under each condition, the most accurate at the top.

    `rows`: of `comparisons.similarity_maps.ranks`; a point's `customdata` is as a node's. `chosen`: the corruption
    whose place is marked.
    """
    count = rows["key"].nunique()
    chart = figure(theme, 130 + 26 * count, dragmode=False, showlegend=False)
    for key, own in rows.sort_values("place").groupby("key", sort=False):
        style = tickets[str(key)]
        chart.add_scatter(
            x=own["place"], y=own["rank"], mode="lines+markers", name=style.label,
            line={"color": style.color, "dash": style.dash, "width": 2},
            marker={"color": style.color, "symbol": style.symbol, "size": 9},
            customdata=own[["key", "corruption", "severity"]].astype(str).to_numpy(),
            text=[f"{_condition(row.corruption, row.severity)}: rank {row.rank:g}, {100 * row.accuracy:.1f} %"
                  for row in own.itertuples()],
            hovertemplate=f"<b>{style.label}</b>, %{{text}}<extra></extra>",
        )  # fmt: skip
    last = rows[rows["place"] == rows["place"].max()].sort_values("rank", kind="stable")
    for line, row in enumerate(last.itertuples()):  # a line each, where equals share a rank
        style = tickets[row.key]
        chart.add_annotation(x=row.place, y=line + 1, text=style.label, showarrow=False, xanchor="left", xshift=9,
                             font={"size": 12.5, "color": style.color})  # fmt: skip
    places = rows.drop_duplicates("place").sort_values("place")
    names = ["Clean" if row.corruption == "clean" else name(row.corruption) for row in places.itertuples()]
    for place in places.loc[places["corruption"] == chosen, "place"]:
        chart.add_vrect(x0=place - 0.4, x1=place + 0.4, fillcolor=fade(theme.accent, 0.14), line_width=0, layer="below")
    chart.update_xaxes(tickvals=places["place"], ticktext=names, showgrid=False, zeroline=False, tickangle=-40)
    chart.update_yaxes(title_text="rank by accuracy", range=[count + 0.5, 0.5], dtick=1, showgrid=False, zeroline=False)
    return chart.update_layout(margin={"r": 150})


@drawn
def agreement(pairs: pd.DataFrame, theme: Theme) -> go.Figure:
    """Each pair of conditions: how far apart in geometry, and how alike they rank the tickets.

    `pairs`: a, b, distance, tau.
    """
    chart = figure(theme, HEIGHT, dragmode=False, showlegend=False)
    chart.add_hline(y=0, line={"color": theme.muted, "width": 1, "dash": "dot"})
    chart.add_scatter(
        x=pairs["distance"], y=pairs["tau"], mode="markers", marker={"size": 7, "color": fade(theme.good, 0.55)},
        text=[f"<b>{_named(row.a)}</b> and <b>{_named(row.b)}</b>" for row in pairs.itertuples()],
        hovertemplate="%{text}<br>distance %{x:.2f}, Kendall's tau %{y:.2f}<extra></extra>",
    )  # fmt: skip
    chart.update_xaxes(title_text="distance in geometry (sd)", rangemode="tozero")
    chart.update_yaxes(
        title_text="agreement on the tickets' order (Kendall's tau)",
        range=[min(-0.1, float(pairs["tau"].min()) - 0.1), 1.05],
    )
    return chart


def _named(condition: str) -> str:
    corruption, _, severity = condition.partition(" ")
    return f"{name(corruption)} {severity}" if severity else "Clean"
