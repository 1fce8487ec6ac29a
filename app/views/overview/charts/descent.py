"""A study as a map: every ticket by method and by what it keeps, with lines from what it descends from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.descent import Tree
from app.charts.base import Styles, color_bar, figure
from app.charts.scales import Scale
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

ROW, LEAST, MOST = 23, 300, 470  # pixels a method, and of all
LABELLED = 12  # pixels that a method's name needs
SIZES, PLAIN = (0.3, 0.92), 0.6  # of a line's height, in which the tickets lie

KEPT = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4, 1e-5)

Place = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """A measure of the tickets, in their order: what it is called, its values, these in words, and its axis."""

    label: str
    values: np.ndarray
    texts: list[str]
    scale: Scale

    @property
    def shares(self) -> np.ndarray:
        """Where each value lies between the least and the most, 0 to 1; nan where it is missing."""
        places = np.where(np.isfinite(self.values), self.scale.place(self.values), np.nan)
        low, high = np.nanmin(places), np.nanmax(places)
        return np.asarray((places - low) / (high - low) if high > low else places * 0 + 0.5)


def places(tree: Tree, rows: pd.DataFrame, methods: Collection[str]) -> dict[str, Place]:
    """Key or id -> where it lies: the sparser, the further right; a line a method, from the top down.

    Args:
        tree: of the tickets.
        rows: key, method, sparsity.
        methods: in their order.
    """
    at = {method: float(place) for place, method in enumerate(methods)}
    found = {row.key: (_across(row.sparsity), at[row.method]) for row in rows.itertuples()}
    for key in rows["key"]:
        line = tree.line(key)
        for node, after in zip(line[-2::-1], line[:0:-1], strict=True):  # the latest first: that one has its line
            if node not in found:
                step = tree.absent[node]
                found[node] = (_across(step.sparsity), at.get(step.method, found[after][1]))
    return found


@drawn
def descent(
    tree: Tree,
    rows: pd.DataFrame,
    methods: Mapping[str, str],
    colour: Measured,
    size: Measured | None,
    styles: Styles,
    hues: Mapping[str, str],
    theme: Theme,
) -> go.Figure:
    """Draw the map.

    Args:
        tree: of the tickets.
        rows: key, method, label, sparsity.
        methods: method -> what it is called, from the top down.
        colour: a measure of the tickets of `rows`.
        size: another one, or None for one size.
        styles: key -> style of the chosen tickets, whose lines of descent are marked.
        hues: method -> colour.
        theme: colours of the page, light or dark.
    """
    at = places(tree, rows, methods)
    height = int(np.clip(90 + ROW * len(methods), LEAST, MOST))
    chart = figure(theme, height, showlegend=False, hovermode="closest", margin={"t": 14, "b": 44, "r": 90})
    lines = [node for node in tree.above if node in at]  # others are on the way to further parents alone
    marked = {node for key in rows["key"] if key in styles for node in tree.line(key)}
    _lines(chart, tree, at, [node for node in lines if node not in marked], fade(theme.muted, 0.5), 1.0)
    _lines(chart, tree, at, [node for node in lines if node in marked], theme.ink, 1.8)
    _steps(chart, tree, at, theme)
    _tickets(chart, tree, rows, at, colour, size, styles, min(ROW, (height - 60) / len(methods)), theme)
    _axes(chart, rows, methods, {row.method for row in rows.itertuples() if row.key in styles}, hues, height, theme)
    return chart


def _across(sparsity: float) -> float:
    return float(-np.log10(max(1 - sparsity, 1e-6)))


def _lines(
    chart: go.Figure, tree: Tree, at: Mapping[str, Place], nodes: Collection[str], colour: str, width: float
) -> None:
    """A line to each of the nodes from what it descends from, which it leaves at the right."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for node in nodes:
        (x0, y0), (x1, y1) = at[tree.above[node]], at[node]
        side = x0 + 0.03 + 0.012 * (int(y0) % 3)
        bends = [(x0, y0), (x1, y1)] if y0 == y1 else [(x0, y0), (side, y0), (side, y1), (x1, y1)]
        xs += [*(x for x, _ in bends), None]
        ys += [*(y for _, y in bends), None]
    if xs:
        chart.add_scatter(x=xs, y=ys, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _steps(chart: go.Figure, tree: Tree, at: Mapping[str, Place], theme: Theme) -> None:
    """Steps that are not among the tickets: small dots."""
    taken = {at[key] for key in tree.parents}
    nodes = [node for node in tree.absent if node in at and at[node] not in taken]
    if nodes:
        chart.add_scatter(
            x=[at[node][0] for node in nodes],
            y=[at[node][1] for node in nodes],
            mode="markers",
            marker={"size": 4, "color": theme.muted},
            hovertext=[f"{tree.absent[node].label}<br>on the way, not among the tickets" for node in nodes],
            hovertemplate="%{hovertext}<extra></extra>",
        )


def _tickets(
    chart: go.Figure,
    tree: Tree,
    rows: pd.DataFrame,
    at: Mapping[str, Place],
    colour: Measured,
    size: Measured | None,
    styles: Styles,
    room: float,
    theme: Theme,
) -> None:
    """The tickets, `room` pixels large at most; chosen ones have a ring in their colour, unmeasured ones are hollow."""
    keys = rows["key"].tolist()
    known = np.isfinite(colour.values)
    rings = np.array([styles[key].color if key in styles else fade(theme.ink, 0.5) for key in keys])
    widths = np.array([3.0 if key in styles else 0.8 for key in keys])
    sizes = np.full(len(keys), PLAIN) if size is None else SIZES[0] + np.ptp(SIZES) * np.nan_to_num(size.shares)
    sizes = np.maximum(sizes * room, 4.0)
    labels = dict(zip(keys, rows["label"], strict=True))
    hovers = np.array([_hover(place, key, labels, tree, colour, size) for place, key in enumerate(keys)], dtype=object)
    where = np.array([at[key] for key in keys]).reshape(len(keys), 2)
    for own, shade in ((~known, {"color": theme.surface}), (known, {"color": colour.shares, "coloraxis": "coloraxis"})):
        if own.any():
            marker = {name: value[own] if isinstance(value, np.ndarray) else value for name, value in shade.items()}
            marker |= {"size": sizes[own], "opacity": 1, "line": {"width": widths[own], "color": rings[own]}}
            chart.add_scatter(
                x=where[own, 0],
                y=where[own, 1],
                mode="markers",
                marker=marker,
                customdata=np.array(keys, dtype=object)[own, None],
                hovertext=hovers[own],
                hovertemplate="%{hovertext}<extra></extra>",
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 1}},
            )
    if known.any():
        chart.update_layout(coloraxis=_scale(colour, theme))


def _hover(place: int, key: str, labels: Mapping[str, str], tree: Tree, colour: Measured, size: Measured | None) -> str:
    said = [f"<b>{labels[key]}</b>"]
    said += [f"{each.label}: {each.texts[place]}" for each in (colour, size) if each is not None]
    starts = [labels[parent] for parent in tree.parents[key] if parent in labels]
    return "<br>".join([*said, f"from {', '.join(starts)}" if starts else "from no other ticket"])


def _scale(colour: Measured, theme: Theme) -> dict[str, object]:
    """The colours, with round values at the bar."""
    places = colour.scale.place(colour.values[np.isfinite(colour.values)])
    low, high = float(places.min()), float(places.max())
    wide = high - low or 1.0
    ticks = [(float(place - low) / wide, text)
             for place, text in zip(colour.scale.place(colour.scale.ticks), colour.scale.texts, strict=True)
             if low - 1e-9 <= place <= high + 1e-9]  # fmt: skip
    bar = color_bar(colour.label, tickvals=[at for at, _ in ticks], ticktext=[text for _, text in ticks])
    return {"colorscale": [list(step) for step in theme.sequential], "cmin": 0, "cmax": 1, **bar}


def _axes(
    chart: go.Figure,
    rows: pd.DataFrame,
    methods: Mapping[str, str],
    chosen: Collection[str],
    hues: Mapping[str, str],
    height: int,
    theme: Theme,
) -> None:
    """What is kept across; methods down, of which those are named that have room, the chosen ones first."""
    every = max(1, int(np.ceil(LABELLED * len(methods) / (height - 60))))
    named = [place for place, method in enumerate(methods) if place % every == 0 or method in chosen]
    labels = list(methods.items())
    last = max(_across(rows["sparsity"].max()), 0.05)
    ticks = [kept for kept in KEPT if _across(1 - kept) <= last * 1.04]
    chart.update_xaxes(
        range=[-0.045 * last, 1.05 * last],
        tickvals=[_across(1 - kept) for kept in ticks],
        ticktext=[f"{100 * kept:g} %" for kept in ticks],
        title_text="Weights kept (log scale)",
    )
    chart.update_yaxes(
        range=[len(methods) - 0.4, -0.6],
        tickvals=named,
        ticktext=[f'{labels[place][1]} <span style="color:{hues[labels[place][0]]}">●</span>' for place in named],
        tickfont={"color": theme.ink, "size": 13 if every == 1 else 11},
        showgrid=len(methods) <= 60,
    )
