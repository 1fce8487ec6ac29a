"""Charts of pairs of masks: their overlap, layer by layer, and the weights themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.comparisons.mask_pairs import BOTH, NEITHER, ONLY_A, ONLY_B, STATES
from analysis.metrics.overlap_metrics import METRICS
from app.charts.base import Styles, figure, title_to_the_end
from app.charts.texts import minus
from app.shell.colour import readable_on
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.masks.charts.cell_grid import Grid

ROOMY = 13
"""Tickets whose matrix has room for whole numbers in its cells."""


@drawn
def matrix(values: pd.DataFrame, styles: Styles, metric: str, pair: tuple[str, str], theme: Theme) -> go.Figure:
    """Draw the overlap of every two tickets; the pair looked at is framed.

    Args:
        values: square, tickets (ids) by tickets.
        styles: by ticket id.
        metric: an overlap metric, by name.
        pair: ids.
        theme: colours of the page, light or dark.

    Points with `customdata` "a b" (ids) lie over the cells: a click on them selects, as heat maps do not.
    """
    ids = list(values.index)
    names = [styles[ticket].label for ticket in ids]
    cells = values.to_numpy(dtype=float)
    off_diagonal = cells[~np.eye(len(ids), dtype=bool)]
    finite = off_diagonal[np.isfinite(off_diagonal)]
    top = float(max(finite, default=1.0))
    top, bottom = top if top > 0 else 1.0, float(min([0.0, *finite]))
    chart = figure(theme, matrix_height(len(ids)), dragmode=False)
    chart.add_heatmap(
        z=np.where(np.eye(len(ids), dtype=bool), np.nan, cells),
        x=list(range(len(ids))),
        y=list(range(len(ids))),
        colorscale=theme.sequential,
        zmin=bottom,
        zmax=top,
        colorbar={"title": {"text": METRICS[metric].label, "side": "right"}, "thickness": 10, "outlinewidth": 0},
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    rows, columns = np.divmod(np.arange(len(ids) ** 2), len(ids))
    text = [_number(cells[row, column]) if row != column else "" for row, column in zip(rows, columns, strict=True)]
    if len(ids) > ROOMY:
        text = [number.replace("0.", ".", 1) if number.lstrip("−").startswith("0.") else number for number in text]
    chart.add_scatter(
        x=columns,
        y=rows,
        mode="markers+text",
        marker={"symbol": "square", "size": 30, "color": "rgba(0,0,0,0)"},
        text=text,
        textfont={"size": 12 if len(ids) <= ROOMY else 11, "color": _inks(cells, theme, bottom, top)},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[f"{ids[row]} {ids[column]}" for row, column in zip(rows, columns, strict=True)],
        hovertext=[
            f"<b>{names[row]}</b><br><b>{names[column]}</b><br>{METRICS[metric].label} {_number(cells[row, column], 3)}"
            for row, column in zip(rows, columns, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    for one, other in (pair, pair[::-1]):
        if one in ids and other in ids:
            x, y = ids.index(one), ids.index(other)
            chart.add_shape(
                type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5, line={"color": theme.accent, "width": 2.5}
            )
    ticks = {"tickvals": list(range(len(ids))), "ticktext": names, "showgrid": False, "constrain": "domain"}
    chart.update_xaxes(**ticks, tickangle=-40, range=[-0.5, len(ids) - 0.5], side="bottom")
    chart.update_yaxes(**ticks, range=[len(ids) - 0.5, -0.5])
    return chart


def matrix_height(tickets: int) -> int:
    """The height in pixels of the matrix of so many tickets."""
    return 140 + (max(6, tickets) * 36 if tickets <= ROOMY else max(ROOMY * 36, tickets * 28))


@drawn
def pair_by_layer(layers: pd.DataFrame, metric: str, a: Style, b: Style, theme: Theme, height: int = 0) -> go.Figure:
    """Draw the overlap of two tickets in each layer, with what chance would give.

    Args:
        layers: rows of `mask_pairs.layers_of_pair`, in network order.
        metric: an overlap metric, by name.
        a: how the first ticket is drawn.
        b: how the second is drawn.
        theme: colours of the page, light or dark.
        height: in pixels, more where layers need it.
    """
    chart = figure(theme, max(height, 300, 120 + 22 * len(layers)), dragmode=False, margin={"b": 64})
    names = [short(layer) for layer in layers["layer"]]
    data = layers[["both", "kept_a", "kept_b", "total", "chance"]].to_numpy()
    chart.add_bar(
        x=layers["value"],
        y=names,
        orientation="h",
        name="observed",
        marker={"color": theme.both, "cornerradius": 3},
        width=0.55,
        customdata=data,
        hovertemplate="<b>%{y}</b><br>" + METRICS[metric].label + " %{x:.3f}, by chance %{customdata[4]:.3f}<br>"
        f"{a.label} keeps %{{customdata[1]:,}}, {b.label} %{{customdata[2]:,}},<br>"
        "both %{customdata[0]:,} of %{customdata[3]:,}<extra></extra>",
    )
    chart.add_scatter(
        x=layers["chance"],
        y=names,
        mode="markers",
        name="expected by chance",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 3, "color": theme.bad}},
        hovertemplate="<b>%{y}</b><br>by chance %{x:.3f}<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed", showgrid=False)
    chart.update_xaxes(rangemode="tozero")
    title_to_the_end(chart, f"{METRICS[metric].axis},<br>{a.label} with {b.label}", theme)
    return chart


@drawn
def kept_by_layer(layers: pd.DataFrame, styles: Styles, theme: Theme) -> go.Figure:
    """Draw the density of each ticket's layers, on a log scale; layers without any weight are marked at the bottom.

    Args:
        layers: rows of the table `layers`.
        styles: by ticket id, in the order drawn.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, 400)
    names = list(dict.fromkeys(layers.sort_values("position")["layer"]))
    kept = layers["kept"] / layers["total"].clip(lower=1)
    floor = float(kept[kept > 0].min()) / 2 if (kept > 0).any() else 0.001
    for ticket, style in styles.items():
        rows = layers[layers["ticket_id"] == ticket].set_index("layer").reindex(names)
        share = rows["kept"] / rows["total"].clip(lower=1)
        collapsed = share.fillna(0) <= 0
        chart.add_scatter(
            x=[short(name) for name in names],
            y=100 * share.where(~collapsed, floor),
            mode="lines+markers",
            name=style.label,
            line={"color": style.color, "width": 1.75},
            marker={
                "color": style.color,
                "size": 9,
                "symbol": ["x-open" if gone else style.symbol for gone in collapsed],
                "line": {"width": [2 if gone else 0 for gone in collapsed], "color": style.color},
            },
            customdata=np.column_stack([rows["kept"], rows["total"], rows["dead_filters"], rows["filters"]]),
            text=["nothing is kept" if gone else "" for gone in collapsed],
            hovertemplate=f"<b>{style.label}</b>, %{{x}}<br>keeps %{{customdata[0]:,}} of %{{customdata[1]:,}} weights"
            "<br>%{customdata[2]} of %{customdata[3]} filters are dead<br>%{text}<extra></extra>",
        )
    chart.update_xaxes(title_text="Layer, from input to output", type="category", showgrid=False)
    ticks = [digit * 10.0**power for power in range(-3, 3) for digit in (1, 2, 5) if digit * 10.0**power <= 100]
    chart.update_yaxes(
        title_text="Density: weights kept (log scale)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:g} %" for tick in ticks],
    )
    return chart


@drawn
def cells(grid: Grid, a: Style, b: Style, beside: bool, theme: Theme) -> go.Figure:
    """Draw the weights of a layer as cells, coloured by which of two tickets keep them.

    Args:
        grid: the cells.
        a: how the first ticket is drawn.
        b: how the second is drawn.
        beside: two pictures, each with what its ticket keeps, zoomed together; otherwise one with all four states.
        theme: colours of the page, light or dark.
    """
    names = {NEITHER: "neither", ONLY_A: f"only {a.label}", ONLY_B: f"only {b.label}", BOTH: "both"}
    colors = {NEITHER: theme.neither, ONLY_A: theme.only_a, ONLY_B: theme.only_b, BOTH: theme.both}
    panels = [(ONLY_A, a), (ONLY_B, b)] if beside else [(None, None)]
    chart = make_subplots(rows=1, cols=len(panels), shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.025)
    chart.update_layout(template=theme.template, height=_height(grid, len(panels)))
    for column, (own, style) in enumerate(panels, 1):
        shown = (NEITHER, own, BOTH) if own is not None else tuple(names)
        for state in shown:
            inside = np.isin(grid.states, _drawn_as(state, shown))
            chart.add_heatmap(
                z=np.where(inside, 1.0, np.nan),
                x=grid.columns,
                y=grid.rows,
                colorscale=[[0, colors[state]], [1, colors[state]]],
                showscale=False,
                xgap=_gap(grid),
                ygap=_gap(grid),
                name=names[state],
                hovertemplate=f"%{{y}}<br>%{{x}}<br><b>kept by {names[state]}</b><extra></extra>",
                row=1,
                col=column,
            )
        if style is not None:
            chart.add_annotation(
                text=f'<span style="color:{style.color}">●</span> <b>{style.label}</b>',
                x=0, y=1, xref=f"x{column if column > 1 else ''} domain", yref="paper", xanchor="left",
                yanchor="bottom", yshift=4, showarrow=False,
            )  # fmt: skip
    _legend(chart, grid, names, colors)
    chart.update_xaxes(type="category", showticklabels=False, showgrid=False, title_text="")
    chart.update_yaxes(type="category", showticklabels=False, showgrid=False, autorange="reversed")
    chart.update_layout(
        dragmode="zoom",
        legend={"y": -0.02, "yanchor": "top", "x": 0, "xanchor": "left"},
        margin={"t": 32 if beside else 8, "b": 36},
    )
    return chart


def short(layer: str) -> str:
    """A parameter's name without the `.weight` that all of them have."""
    return layer.removesuffix(".weight")


def _drawn_as(state: int | None, shown: Sequence[int | None]) -> list[int]:
    """The states drawn like `state`: one that a panel does not show is drawn as kept by neither."""
    hidden = [other for other in range(len(STATES)) if other not in shown]
    return [NEITHER, *hidden] if state == NEITHER else [int(state or 0)]


def _legend(chart: go.Figure, grid: Grid, names: dict[int, str], colors: dict[int, str]) -> None:
    """Entries with how many weights are in each state; they switch nothing, so they are traces of their own."""
    for state in (BOTH, ONLY_A, ONLY_B, NEITHER):
        count = int((grid.states == state).sum())
        chart.add_scatter(
            x=[None], y=[None], mode="markers", name=f"{names[state]} ({count:,})",
            marker={"symbol": "square", "size": 11, "color": colors[state]}, hoverinfo="skip",
        )  # fmt: skip


def _gap(grid: Grid) -> float:
    """Lines between the cells, where these are large enough to be told apart."""
    return 1 if max(grid.states.shape) <= 110 else 0


def _height(grid: Grid, panels: int) -> int:
    """A height in pixels at which cells are about square on a common screen."""
    rows, columns = grid.states.shape
    return int(np.clip(70 + rows * (1080 / panels) / max(columns, 1), 240, 500))


def _inks(values: np.ndarray, theme: Theme, bottom: float, top: float) -> list[str]:
    """For each cell the ink that reads on its colour, on a scale from `bottom` to `top`."""
    stops = [float(stop) for stop, _ in theme.sequential]
    inks = [readable_on(color) for _, color in theme.sequential]
    shares = np.nan_to_num((values.reshape(-1) - bottom) / (top - bottom))
    return [inks[int(np.abs(np.array(stops) - min(max(share, 0), 1)).argmin())] for share in shares]


def _number(value: float, digits: int = 2) -> str:
    if not np.isfinite(value):
        return "–"
    value = round(value, digits) + 0.0  # no negative zero
    return minus(f"{value:.{digits}f}" if abs(value) < 10 else f"{value:.3g}")
