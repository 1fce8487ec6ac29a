"""Matrices of classes by classes side by side, rows and columns in one order, whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from app.charts.base import Scale, color_bar, figure, inks
from app.charts.dendrogram import FADED, dendrogram
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

CELL = (13, 28)  # pixels of a row: at least, and at most
TALL = 300  # pixels of a matrix whose rows have room
HEADING, LETTER = 34, 6.6
SLANT = 40  # degrees
NUMBERED = 14  # columns, beyond which numbers find no room in the cells
NAMED, SHORT_NAMED = 24, 44  # columns, beyond which their names do not, and short ones
SHORT = 3  # letters of a name that is not slanted
STRIP, TREE, GAP, BESIDE = 0.034, 0.07, 0.022, 0.006  # shares of the width


@dataclass(frozen=True)
class Panel:
    """A matrix [R, C].

    Attributes:
        heading: stands over it.
        customdata: the beginning of what a click on a cell tells; its row and column follow, after spaces.
        values: give the colours; NaN: no cell.
        texts: stand in the cells where there is room; "" for nothing.
        hovers: what is said of a cell, below its row and column.
        scale: colours, and the values at their ends.
        unit: stands at the colour bar.
        across: what the columns are.
        faded: cells that are paler, as they are within noise.
    """

    heading: str
    customdata: str
    values: np.ndarray
    texts: np.ndarray
    hovers: np.ndarray
    scale: Scale
    unit: str
    across: str
    faded: np.ndarray | None = None


@dataclass(frozen=True)
class Strip:
    """A number for each row, beside the matrices."""

    heading: str
    values: np.ndarray
    scale: Scale
    meaning: str
    texts: list[str] = field(default_factory=list)


@drawn
def matrices(
    panels: Sequence[Panel],
    rows: Sequence[str],
    columns: Sequence[str],
    theme: Theme,
    strips: Sequence[Strip] = (),
    tree: np.ndarray | None = None,
) -> go.Figure:
    """Draw matrices side by side.

    Args:
        panels: one or more, of one shape. Those of one scale and unit share a colour bar.
        rows: names, from the top.
        columns: names.
        theme: light or dark colours.
        strips: at the right of the matrices.
        tree: scipy's linkage of the rows, for a dendrogram at the right of all.
    """
    cell = int(np.clip(TALL / max(len(rows), 1), *CELL))
    foot, inner = _foot(columns), cell * max(len(rows), 1)
    alone = len({(panel.unit, *panel.scale[1:]) for panel in panels}) == 1
    foot += 16 if alone else 62
    chart = figure(theme, inner + HEADING + foot, showlegend=False, dragmode=False, hoverdistance=40)
    chart.update_layout(margin={"l": 8, "r": 66 if alone else 10, "t": HEADING, "b": foot})
    aside = len(strips) * (STRIP + BESIDE) + (TREE + BESIDE if tree is not None else 0)
    width = (1 - aside - (GAP if aside else 0) - GAP * (len(panels) - 1)) / len(panels)
    chart.update_layout(yaxis=_axis(rows, True, title="true class"))
    axes: dict[tuple[str, float, float], int] = {}
    for number, panel in enumerate(panels):
        start = number * (width + GAP)
        _place(chart, number, (start, start + width), _axis(columns, False, title=panel.across), theme, panel.heading)
        key = (panel.unit, *panel.scale[1:])
        if key not in axes:
            axes[key] = len(axes) + 1
            bar = color_bar(panel.unit, len=min(220, inner))["colorbar"] if alone else _below(
                panel, (start, width), foot - 62, inner)  # fmt: skip
            _colours(chart, axes[key], panel, bar)
        _cells(chart, number, panel, axes[key], (rows, columns), theme)
    start = len(panels) * (width + GAP)
    for number, strip in enumerate(strips, len(panels)):
        _place(chart, number, (start, start + STRIP), {**_BARE, "range": [-0.5, 0.5]}, theme, strip.heading, small=True)
        _strip(chart, number, strip, rows, theme)
        start += STRIP + BESIDE
    if tree is not None and len(rows) > 1:
        number = len(panels) + len(strips)
        _place(chart, number, (start, min(start + TREE, 1)), {**_BARE, "rangemode": "tozero"}, theme, "")
        along, up = dendrogram(tree)
        chart.add_scatter(x=up, y=along, xaxis=_x(number), yaxis="y", mode="lines", hoverinfo="skip",
                          line={"color": theme.muted, "width": 1.3})  # fmt: skip
    return chart


_BARE = {"visible": False, "fixedrange": True}


def _foot(columns: Sequence[str]) -> int:
    longest = max((len(each) for each in columns), default=0)
    slanted = longest > SHORT and len(columns) <= NAMED
    return round(22 + (LETTER * longest * np.sin(np.radians(SLANT)) if slanted else 6))


def _axis(names: Sequence[str], upright: bool, title: str) -> dict[str, object]:
    longest = max((len(each) for each in names), default=0)
    named = upright or len(names) <= (NAMED if longest > SHORT else SHORT_NAMED)
    ends = [len(names) - 0.5, -0.5] if upright else [-0.5, len(names) - 0.5]
    size = 12.5 if len(names) <= 24 else 9.5
    return {
        "tickvals": list(range(len(names))) if named else [], "ticktext": list(names) if named else [],
        "showgrid": False, "zeroline": False, "range": ends, "tickfont": {"size": size}, "fixedrange": True,
        "tickangle": 0 if upright or longest <= SHORT else -SLANT, "title": {"text": title, "standoff": 6},
    }  # fmt: skip


def _x(number: int) -> str:
    return f"x{number + 1 if number else ''}"


def _place(
    chart: go.Figure, number: int, domain: tuple[float, float], axis: dict[str, object], theme: Theme, heading: str,
    small: bool = False,
) -> None:  # fmt: skip
    name = f"xaxis{number + 1 if number else ''}"
    chart.update_layout({name: {**axis, "domain": [domain[0], min(domain[1], 1)], "anchor": "y"}})
    if heading:
        chart.add_annotation(
            text=heading, x=0.5 if small else 0, xref=f"{_x(number)} domain", y=1, yref="paper", yshift=6,
            xanchor="center" if small else "left", yanchor="bottom", showarrow=False,
            font={"size": 12 if small else 13.5, "color": theme.muted if small else theme.ink},
        )  # fmt: skip


def _below(panel: Panel, place: tuple[float, float], foot: int, inner: int) -> dict[str, object]:
    """A colour bar under its matrix."""
    return {
        "orientation": "h", "x": place[0] + place[1] / 2, "xanchor": "center", "y": -(foot + 16) / inner,
        "yanchor": "top", "lenmode": "fraction", "len": place[1] * 0.85, "thickness": 8, "nticks": 5,
        "title": {"text": panel.unit, "side": "bottom", "font": {"size": 12}}, "tickfont": {"size": 11},
    }  # fmt: skip


def _colours(chart: go.Figure, number: int, panel: Panel, bar: object) -> None:
    colours, low, high = panel.scale
    axis = {"colorscale": [list(step) for step in colours], "cmin": low, "cmax": high, "colorbar": bar}
    chart.update_layout({f"coloraxis{number if number > 1 else ''}": axis})


def _cells(
    chart: go.Figure, number: int, panel: Panel, axis: int, names: tuple[Sequence[str], Sequence[str]], theme: Theme
) -> None:
    rows, columns = names
    faded = np.zeros(panel.values.shape, dtype=bool) if panel.faded is None else panel.faded
    gap = 1.5 if len(rows) <= 24 else 0.5
    for own, opacity in ((~faded, 1.0), (faded, FADED)):
        if own.any():
            chart.add_heatmap(
                z=np.where(own, panel.values, np.nan), xaxis=_x(number), yaxis="y", opacity=opacity,
                coloraxis=f"coloraxis{axis if axis > 1 else ''}", xgap=gap, ygap=gap, hoverinfo="skip",
                hoverongaps=False,
            )  # fmt: skip
    at = np.argwhere(np.isfinite(panel.values) | (panel.texts != ""))
    if not len(at):
        return
    line, place = at.T
    ink = np.array(inks(np.nan_to_num(panel.values[line, place], nan=panel.scale[1]), panel.scale), dtype=object)
    ink[faded[line, place] | ~np.isfinite(panel.values[line, place])] = theme.muted
    numbered = len(columns) <= NUMBERED
    for colour in dict.fromkeys(ink.tolist()):
        own = np.flatnonzero(ink == colour)
        same = {"textfont": {"color": colour}, "marker": {"opacity": 0}}
        chart.add_scatter(  # cells of a heat map cannot be selected, points can
            x=place[own], y=line[own], xaxis=_x(number), yaxis="y", mode="markers+text" if numbered else "markers",
            text=panel.texts[line[own], place[own]].tolist() if numbered else None,
            marker={"symbol": "square", "size": 12, "opacity": 0, "color": theme.surface},
            textfont={"size": 10.5, "color": colour},
            customdata=[f"{panel.customdata} {a} {b}" for a, b in zip(line[own], place[own], strict=True)],
            hovertext=[
                f"<b>{rows[a]}</b> · {panel.across} <b>{columns[b]}</b><br>{panel.hovers[a, b]}"
                for a, b in zip(line[own], place[own], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>", selected=same, unselected=same, cliponaxis=False,
        )  # fmt: skip


def _strip(chart: go.Figure, number: int, strip: Strip, rows: Sequence[str], theme: Theme) -> None:
    colours, low, high = strip.scale
    finite = np.nan_to_num(strip.values, nan=low)
    chart.add_heatmap(
        z=strip.values[:, None], xaxis=_x(number), yaxis="y", colorscale=[list(step) for step in colours], zmin=low,
        zmax=high, showscale=False, ygap=1.5 if len(rows) <= 24 else 0.5, hoverinfo="skip",
    )  # fmt: skip
    ink = inks(finite, strip.scale)
    numbered = len(rows) <= 24 and bool(strip.texts)
    chart.add_scatter(
        x=np.zeros(len(rows)), y=list(range(len(rows))), xaxis=_x(number), yaxis="y",
        mode="markers+text" if numbered else "markers", text=strip.texts if numbered else None,
        textfont={"size": 10.5, "color": ink}, marker={"size": 10, "opacity": 0, "color": fade(theme.muted, 0)},
        hovertext=[f"<b>{name}</b><br>{strip.meaning}: {value:.3g}" for name, value in zip(rows, finite, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
