"""A matrix of classes, the network's against the target's, with a picture of each."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from analysis.comparisons.transfer_pictures import Mapping
from app.charts.base import color_bar, figure, inks
from app.pictures.grid import picture
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.transfer.facts import Examples

CELL, LOWEST = 36, 12
NUMBERS = 12
"""Classes up to which cells have room for numbers and pictures."""


@drawn
def matrix(found: Mapping, source: Examples, target: Examples, theme: Theme) -> go.Figure:
    """Draw the shares of each column, the chosen cells ringed.

    Args:
        found: the mapping.
        source: classes of the network, and pictures of them.
        target: of the target.
        theme: light or dark colours.
    """
    rows, columns = found.shares.shape
    roomy = max(rows, columns) <= NUMBERS
    cell = CELL if roomy else LOWEST + 6
    values = 100 * found.shares
    chart = figure(theme, 150 + cell * (rows + roomy), dragmode=False, showlegend=False, margin={"t": 20, "r": 16})
    names = [source.classes[each] for each in found.sources]
    chart.add_heatmap(
        z=values, x=np.arange(columns), y=np.arange(rows), coloraxis="coloraxis", xgap=1, ygap=1,
        customdata=[[(target.classes[each], name) for each in range(columns)] for name in names],
        hovertemplate="%{z:.0f} % of the target's <b>%{customdata[0]}</b><br>are predicted as the network's "
        "<b>%{customdata[1]}</b><extra></extra>",
    )  # fmt: skip
    half = 0.46
    for row, column in found.rings:
        chart.add_shape(type="rect", x0=column - half, x1=column + half, y0=row - half, y1=row + half,
                        line={"color": theme.accent, "width": 2.5 if roomy else 1.5})  # fmt: skip
    if roomy:
        _numbers(chart, values, theme)
        _pictures(chart, [source.images[each] for each in found.sources], target, rows)
    chart.update_layout(coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": 100,
                                   **color_bar("share of the target's class (%)")})  # fmt: skip
    own = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "showline": False}
    chart.update_xaxes(title_text="Class of the target", tickvals=list(range(columns)),
                       range=[-0.5 - roomy, columns - 0.5],
                       ticktext=[target.classes[each] for each in range(columns)], **own)  # fmt: skip
    chart.update_yaxes(title_text="Class of the network", tickvals=list(range(rows)), ticktext=names,
                       range=[rows - 0.5 + roomy, -0.5], **own)  # fmt: skip
    return chart


def _numbers(chart: go.Figure, values: np.ndarray, theme: Theme) -> None:
    colours = inks(values.ravel(), (theme.sequential, 0.0, 100.0))
    for place, ink in zip(np.ndindex(*values.shape), colours, strict=True):
        if values[place] >= 1:
            chart.add_annotation(x=place[1], y=place[0], text=f"{values[place]:.0f}", showarrow=False,
                                 font={"size": 12, "color": ink})  # fmt: skip


def _pictures(chart: go.Figure, source: list[Tensor | None], target: Examples, rows: int) -> None:
    """One of each class of the network at the left, of the target below."""
    places = [(image, -1, row) for row, image in enumerate(source)]
    places += [(image, column, rows) for column, image in enumerate(target.images)]
    for image, x, y in places:
        if image is not None:
            chart.add_layout_image(
                source=picture(image.numpy()), xref="x", yref="y", x=x, y=y, sizex=0.86, sizey=0.86,
                xanchor="center", yanchor="middle", sizing="contain", layer="above",
            )  # fmt: skip
