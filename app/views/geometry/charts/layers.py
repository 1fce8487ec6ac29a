"""Tickets layer by layer: how alike features are, what probes read off them, and how deep corruptions reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import Scale, figure, heading, inks, percent_axis
from app.charts.direct import label_ends
from app.charts.error_bars import bars_of, error_bars
from app.charts.names import name
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT = 400
COLUMNS = 4
PANEL = 190  # pixels of a row of panels
NOISE = "two seeds of one method"
READ = {
    "clean": "clean images",
    "refitted": "corrupted, probe fitted again",
    "read": "corrupted, probe of clean images",
}

Tickets = Mapping[str, Style]


@drawn
def alike(table: pd.DataFrame, tickets: Tickets, theme: Theme, title: str) -> go.Figure:
    """CKA by layer, a line a ticket, full where it is beyond the noise of seeds; its first such layer is ringed.

    Args:
        table: as `comparisons.layers_apart.from_dense` gives it.
        tickets: key -> style.
        theme: light or dark colours.
        title: of the axis.
    """
    chart = figure(theme, HEIGHT, dragmode=False, legend={"itemsizing": "constant"})
    layers = _layers(table)
    _noise(chart, table, theme)
    for key, style in tickets.items():
        own = table[table["key"] == key].sort_values("position")
        if own.empty:
            continue
        bars = error_bars(own["value"], own["value_low"], own["value_high"].clip(upper=1), fade(style.color, 0.45))
        chart.add_scatter(
            x=own["layer"], y=own["value"], mode="lines+markers", name=style.label, error_y=bars,
            line={"color": style.color, "width": 2, "dash": style.dash},
            marker={
                "symbol": style.symbol, "size": 9, "line": {"width": 2, "color": style.color},
                "color": [style.color if beyond else theme.surface for beyond in own["beyond"]],
            },
            text=[_alike_text(row, style) for row in own.to_dict("records")],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
        first = own[own["beyond"]].head(1)
        if len(first):
            chart.add_scatter(
                x=first["layer"], y=first["value"], mode="markers", hoverinfo="skip", showlegend=False,
                marker={"symbol": "circle-open", "size": 19, "color": style.color, "line": {"width": 1.6}},
            )  # fmt: skip
    low = float(np.nanmin(table[["value", "noise_low"]].to_numpy(float))) if len(table) else 0.0
    chart.update_yaxes(title_text=title, range=[min(max(low - 0.08, -0.1), 0.9), 1.02])
    chart.update_xaxes(categoryorder="array", categoryarray=layers, type="category")
    label_ends(chart, theme)
    return chart


def _noise(chart: go.Figure, table: pd.DataFrame, theme: Theme) -> None:
    """Add the band of two seeds, one of each network's layers."""
    ends = table.groupby("layer").agg({"noise_low": "min", "noise_high": "max"})
    bands = [ends.reindex(layers).dropna() for layers in _networks(table)]
    for number, band in enumerate(band for band in bands if len(band)):
        chart.add_scatter(
            x=[*band.index, *band.index[::-1]], y=[*band["noise_high"], *band["noise_low"][::-1]],
            mode="lines", fill="toself", fillcolor=fade(theme.muted, 0.22), line={"width": 0}, name=NOISE,
            hoverinfo="skip", showlegend=number == 0,
        )  # fmt: skip


def _alike_text(row: Mapping[str, float], style: Style) -> str:
    words = f"<b>{style.label}</b>, {row['layer']}<br>CKA {row['value']:.3f}"
    if np.isfinite(row["value_low"]):
        words += f" ({row['value_low']:.3f} to {min(row['value_high'], 1):.3f})"
    if np.isfinite(row["times"]):
        words += f"<br>two seeds: {row['noise']:.3f}<br>{row['times']:.1f} times as far apart as seeds"
        words += f" ({row['times_low']:.1f} to {row['times_high']:.1f})"
    return words


@drawn
def read(table: pd.DataFrame, tickets: Tickets, theme: Theme) -> go.Figure:
    """What probes read off each layer, a panel a ticket.

    Args:
        table: as `comparisons.layer_means.readings` gives it.
        tickets: key -> style.
        theme: light or dark colours.
    """
    columns = len(tickets) if len(tickets) <= COLUMNS + 1 else COLUMNS
    rows = -(-len(tickets) // columns)
    chart = make_subplots(rows, columns, shared_yaxes=True, shared_xaxes="all", horizontal_spacing=0.02,
                          vertical_spacing=0.24 / rows)  # fmt: skip
    chart.update_layout(template=theme.template, height=120 + PANEL * rows, dragmode=False)
    layers = _layers(table)
    for number, (key, style) in enumerate(tickets.items()):
        own = table[table["key"] == key].sort_values("position")
        at = {"row": number // columns + 1, "col": number % columns + 1}
        dashes = {"clean": (theme.muted, "dot"), "refitted": (style.color, "dash"), "read": (style.color, "solid")}
        for reading, (colour, dash) in dashes.items():
            chart.add_scatter(
                x=own["layer"], y=100 * own[reading], mode="lines+markers", showlegend=False, **at,
                line={"color": colour, "dash": dash, "width": 2}, marker={"size": 5, "color": colour},
                error_y=bars_of(own, reading, fade(colour, 0.4)),
                text=[f"<b>{style.label}</b>, {layer}<br>{READ[reading]}: {100 * value:.1f} %"
                      for layer, value in zip(own["layer"], own[reading], strict=True)],
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
        heading(chart, number + 1, style, small=True)
    for reading, (colour, dash) in {"clean": (theme.muted, "dot"), "refitted": (theme.ink, "dash"),
                                    "read": (theme.ink, "solid")}.items():  # fmt: skip
        chart.add_scatter(x=[None], y=[None], mode="lines", name=READ[reading], line={"color": colour, "dash": dash})
    low = 100 * float(np.nanmin(table[[*READ]].to_numpy(float))) if len(table) else 0.0
    chart.update_yaxes(range=[max(0, low - 8), 102])
    chart.update_yaxes(percent_axis(""), col=1)
    chart.update_xaxes(categoryorder="array", categoryarray=layers, type="category")
    chart.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"}, margin={"t": 66, "b": 8})
    return chart


@drawn
def reach(table: pd.DataFrame, tickets: Tickets, corruptions: Sequence[str], layers: Sequence[str], chosen: str,
          theme: Theme) -> go.Figure:  # fmt: skip
    """How deep each corruption reaches, tickets by corruptions; a cell's `customdata` is its corruption.

    Args:
        table: as `comparisons.layer_means.reach` gives it.
        tickets: key -> style.
        corruptions: in the order of the columns.
        layers: all layers, in their order.
        chosen: the corruption that is outlined, if it is among them.
        theme: light or dark colours.
    """
    depth = table.pivot_table(index="key", columns="corruption", values="depth", aggfunc="max")
    depth = depth.reindex(index=list(tickets), columns=list(corruptions))
    values = depth.to_numpy(float)
    names = ["", *layers]
    few = len(layers) <= 6
    texts = [["" if np.isnan(each) or not each else (names[int(each)] if few else str(int(each))) for each in row]
             for row in values]  # fmt: skip
    scale: Scale = (theme.sequential, 0.0, float(len(layers)))
    inked = [[f'<span style="color:{ink}">{text}</span>' for text, ink in zip(row, inks(np.nan_to_num(line), scale),
                                                                              strict=True)]
             for row, line in zip(texts, values, strict=True)]  # fmt: skip
    hover = [[f"<b>{style.label}</b>, {name(corruption)}<br>"
              + (f"beyond seeds up to {names[int(each)]}" if np.isfinite(each) and each else "nowhere beyond seeds")
              for corruption, each in zip(corruptions, row, strict=True)]
             for style, row in zip(tickets.values(), values, strict=True)]  # fmt: skip
    chart = figure(theme, 150 + 30 * len(tickets), dragmode=False)
    chart.add_heatmap(
        x=[name(each) for each in corruptions], y=[style.label for style in tickets.values()], z=values,
        colorscale=theme.sequential, zmin=0, zmax=len(layers), showscale=False, text=inked, texttemplate="%{text}",
        textfont={"size": 11}, customdata=[list(corruptions)] * len(tickets), hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    if chosen in corruptions:
        at = list(corruptions).index(chosen)
        chart.add_shape(type="rect", x0=at - 0.5, x1=at + 0.5, y0=-0.5, y1=len(tickets) - 0.5,
                        line={"color": theme.accent, "width": 2})  # fmt: skip
    chart.update_xaxes(tickangle=-45, showgrid=False)
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart


@drawn
def between(rows: pd.DataFrame, theme: Theme, own: str, other: str) -> go.Figure:
    """CKA of every layer of a ticket with every layer of another.

    Args:
        rows: layer, other_layer, cka, a row a pair of layers, in the order of the layers.
        theme: light or dark colours.
        own: what the ticket is called.
        other: what the other is called.
    """
    layers, others = (list(dict.fromkeys(rows[each])) for each in ("layer", "other_layer"))
    values = rows.pivot(index="layer", columns="other_layer", values="cka").loc[layers, others].to_numpy(float)
    chart = figure(theme, 130 + max(22 * len(layers), 200), dragmode=False)
    chart.add_heatmap(
        x=others, y=layers, z=values, colorscale=theme.sequential, zmin=0, zmax=1,
        colorbar={"title": {"text": "CKA"}, "thickness": 10},
        hovertemplate=f"{own}: %{{y}}<br>{other}: %{{x}}<br>CKA %{{z:.3f}}<extra></extra>",
    )  # fmt: skip
    chart.update_xaxes(title_text=other, showgrid=False, type="category")
    chart.update_yaxes(title_text=own, autorange="reversed", showgrid=False, type="category")
    label_ends(chart, theme)
    return chart


def _layers(table: pd.DataFrame) -> list[str]:
    return [layer for layers in _networks(table) for layer in layers]


def _networks(table: pd.DataFrame) -> list[list[str]]:
    """The layers of each network in order; tickets that have a layer in common are of one, as far as names tell."""
    found: list[set[str]] = []
    for _, own in table.groupby("key", sort=False):
        layers = set(own["layer"])
        alike = [each for each in found if each & layers]
        first = found.index(alike[0]) if alike else len(found)
        found = [each for each in found if each not in alike]
        found.insert(first, layers.union(*alike))
    order = table.sort_values("position")["layer"].drop_duplicates().tolist()
    return [[layer for layer in order if layer in each] for each in found]
