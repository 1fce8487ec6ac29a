"""Images that tickets make, a row or a sheet a ticket."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from app.charts.base import figure, heading
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

SCALE = 3  # pixels on the picture for one of the image, or browsers blur it
GAP = 1  # pixels between images
ROW = 56
SHEET = {1: 440, 2: 370, 3: 270, 4: 200}
"""Pixels that a sheet is high, by how many stand side by side: in a narrow window the sheets are a little lower."""


@dataclass(frozen=True)
class Made:
    """What one ticket makes.

    Attributes:
        style: the ticket's.
        note: a few words beside its name.
        images: uint8 [N, C, H, W], C = 1 or 3.
    """

    style: Style
    note: str
    images: np.ndarray


@drawn
def rows(shown: Sequence[Made], theme: Theme) -> go.Figure:
    """A row a ticket, its name at the left; images of one column are of the same latent, or of the same image."""
    chart = figure(theme, 30 + ROW * len(shown), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    count = max(len(each.images) for each in shown)
    chart.add_scatter(x=[0, count], y=[0, len(shown)], mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    for place, each in enumerate(shown):
        _, _, height, width = each.images.shape
        chart.add_layout_image(
            source=tiled(each.images, len(each.images)), xref="x", yref="y", x=0, y=place + 0.04,
            sizex=len(each.images) * width / height, sizey=0.92, sizing="stretch", layer="above",
        )  # fmt: skip
    names = [
        f'<span style="color:{each.style.color}">●</span> {each.style.label}'
        + (f'<br><span style="font-size:11px;color:{theme.muted}">{each.note}</span>' if each.note else "")
        for each in shown
    ]
    chart.update_xaxes(visible=False, range=[0, count], fixedrange=True)
    chart.update_yaxes(
        range=[len(shown), 0], tickvals=[place + 0.5 for place in range(len(shown))], ticktext=names, showgrid=False,
        showline=False, ticks="", zeroline=False, fixedrange=True, automargin=True, tickfont={"color": theme.ink},
    )  # fmt: skip
    return chart


@drawn
def sheets(shown: Sequence[Made], theme: Theme, columns: int = 4, across: int = 8) -> go.Figure:
    """A sheet a ticket, its name over it; images of one place are of the same latent."""
    columns = min(columns, len(shown))
    lines, size = -(-len(shown) // columns), SHEET[min(columns, max(SHEET))]
    chart = make_subplots(lines, columns, horizontal_spacing=0.02, vertical_spacing=0.12 / lines)
    chart.update_layout(
        template=theme.template, height=30 + (size + 34) * lines, margin={"l": 10, "r": 10, "t": 40, "b": 10}
    )
    for place, each in enumerate(shown):
        number = "" if place == 0 else str(place + 1)
        row, column = divmod(place, columns)
        chart.add_scatter(x=[0, 1], y=[0, 1], mode="markers", marker={"opacity": 0}, hoverinfo="skip",
                          showlegend=False, row=row + 1, col=column + 1)  # fmt: skip
        chart.add_layout_image(
            source=tiled(each.images, across), xref=f"x{number} domain", yref=f"y{number} domain", x=0, y=1,
            sizex=1, sizey=1, xanchor="left", yanchor="top", sizing="contain", layer="above",
        )  # fmt: skip
        heading(chart, place + 1, each.style, each.note, narrow=columns > 3)
    chart.update_xaxes(visible=False, fixedrange=True)
    chart.update_yaxes(visible=False, fixedrange=True)
    return chart


def tiled(images: np.ndarray, across: int) -> str:
    """Images side by side, so many in a line, as a PNG data URI; between them the page shows."""
    count, channels, height, width = images.shape
    lines = -(-count // across)
    sheet = np.zeros((lines * (height + GAP) - GAP, across * (width + GAP) - GAP, 4), dtype=np.uint8)
    for place, image in enumerate(images):
        y, x = place // across * (height + GAP), place % across * (width + GAP)
        pixels = image if channels == 3 else image[[0, 0, 0]]
        sheet[y : y + height, x : x + width, :3] = pixels.transpose(1, 2, 0)
        sheet[y : y + height, x : x + width, 3] = 255
    file = io.BytesIO()
    large = sheet.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    Image.fromarray(large).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
