"""What pixels add to gap and length, as colours over the image, a panel a ticket and a row a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import Styles, color_bar, heading
from app.pictures.grid import picture
from app.shell.drawn import drawn
from app.shell.theme import Theme

WIDE, HIGH = 955, 215
"""Pixels that the panels of a row have beside each other, and a panel's height at most."""
HEADING, LINE, GAP = 26, 15, 14
"""Pixels over a panel, more where its heading has two lines, and between panels."""
NARROW = 3
"""Panels side by side whose headings have two lines."""
SHARP = 320
"""Pixels of a picture's side that it is enlarged to, each of its own as a square."""
CELLS = 32
"""Cells of a side that tell their number where the pointer is."""
FULL, PALE = 0.95, 0.28
"""Opacity of the strongest colour, beyond the noise and within it."""
FAINT = {"light": (0.62, 0.38), "dark": (0.07, 0.33)}
"""Brightness of the darkest pixel of the picture under the colours, and what is between it and the brightest."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One ticket's map.

    Attributes:
        key: the ticket.
        effect: what each pixel adds, [H, W].
        beyond: where that is beyond the noise, bool [H, W].
        note: behind the ticket's name.
    """

    key: str
    effect: np.ndarray
    beyond: np.ndarray
    note: str


@dataclass(frozen=True, eq=False)
class Row:
    """The maps under one condition: its name, the picture uint8 [C, H, W], and a panel a ticket.

    `mark` is a patch to point at: top, left, height and width in pixels.
    """

    title: str
    picture: np.ndarray
    panels: Sequence[Panel]
    mark: tuple[int, int, int, int] | None = None


@drawn
def maps(rows: Sequence[Row], styles: Styles, theme: Theme, bar: str, hover: str) -> go.Figure:
    """Draw the picture and a map a ticket in every row, all in one scale.

    Args:
        rows: at least one, with the same tickets.
        styles: key of a ticket -> how it is named.
        theme: of the page.
        bar: the title of the colour bar.
        hover: the unit of the number that the pointer reads.
    """
    columns = 1 + len(rows[0].panels)
    side = min(HIGH, (WIDE - GAP * (columns - 1)) // columns)
    narrow = columns > NARROW
    over = HEADING + LINE * narrow
    height = len(rows) * (side + over) + GAP * (len(rows) - 1) + 8
    figure = make_subplots(
        len(rows), columns, horizontal_spacing=GAP / WIDE, vertical_spacing=(GAP + over) / (height - over)
    )
    figure.update_layout(template=theme.template, height=height, margin={"t": over, "b": 8, "l": 4, "r": 4})
    limit = scale_limit([panel.effect for row in rows for panel in row.panels])
    for place, row in enumerate(rows):
        first = place * columns + 1
        figure.add_trace(_picture(_colours(row.picture), row.picture.shape[1:]), place + 1, 1)
        _title(figure, first, row.title, theme)
        for offset, panel in enumerate(row.panels, start=1):
            shown = over_picture(row.picture, panel.effect, panel.beyond, limit, theme)
            figure.add_trace(_picture(shown, panel.effect.shape), place + 1, offset + 1)
            figure.add_trace(_readable(panel.effect, panel.beyond, hover), place + 1, offset + 1)
            heading(figure, first + offset, styles[panel.key], panel.note, small=True, narrow=narrow)
            if row.mark is not None:
                _point_at(figure, first + offset, row.mark, theme)
        down, across = row.picture.shape[1:]
        figure.update_xaxes(range=[-0.5, across - 0.5], row=place + 1)
        figure.update_yaxes(range=[down - 0.5, -0.5], row=place + 1)
    for number in range(1, len(rows) * columns + 1):
        axis = "" if number == 1 else str(number)
        figure.layout[f"yaxis{axis}"].update(scaleanchor=f"x{axis}", constrain="domain")
        figure.layout[f"xaxis{axis}"].update(constrain="domain")
    # Panels have no colour axis of their own, so that their colours can be laid over the picture.
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", showlegend=False, hoverinfo="skip",
                                marker={"color": [0], "coloraxis": "coloraxis"}))  # fmt: skip
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    figure.update_layout(
        coloraxis={"colorscale": theme.diverging, "cmin": -limit, "cmax": limit, **color_bar(bar, len=side)},
        dragmode=False,
    )
    return figure


def scale_limit(effects: Sequence[np.ndarray]) -> float:
    """The end of the scale for all maps: the largest effect but for one pixel in 500; 1 where there is none."""
    values = np.abs(np.concatenate([each.ravel() for each in effects])) if effects else np.zeros(0)
    values = values[np.isfinite(values)]
    return (float(np.quantile(values, 0.998)) if len(values) else 0.0) or 1.0


def over_picture(image: np.ndarray, effect: np.ndarray, beyond: np.ndarray, limit: float, theme: Theme) -> np.ndarray:
    """Colours over a faint picture.

    Args:
        image: uint8 [C, H, W].
        effect: [H, W]; where it is no number the picture is seen.
        beyond: bool [H, W], where the colour is full; elsewhere it is pale.
        limit: the effect of the strongest colour.
        theme: gives the colours.

    Returns uint8 [3, H, W].
    """
    share = np.clip(np.nan_to_num(effect) / limit, -1, 1)
    stops = np.array([stop for stop, _ in theme.diverging])
    values = np.array(
        [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for _, colour in theme.diverging], dtype=float
    )
    colour = np.stack([np.interp((share + 1) / 2, stops, values[:, part]) for part in range(3)])
    opacity = np.sqrt(np.abs(share)) * np.where(beyond, FULL, PALE)
    mixed = opacity * colour + (1 - opacity) * _faint(image, theme)
    return np.asarray(mixed.round().astype(np.uint8))


def _faint(image: np.ndarray, theme: Theme) -> np.ndarray:
    """The picture in grey near the colour of the page, [H, W] from 0 to 255.

    Drawings, of one colour, are shown with the page as their paper: most of such a picture is empty.
    """
    grey = image.mean(axis=0) / 255
    if len(image) == 1 and (np.median(grey) < 0.5) == (theme.mode == "light"):
        grey = 1 - grey
    darkest, between = FAINT[theme.mode]
    return np.asarray(255 * (darkest + between * grey))


def _colours(image: np.ndarray) -> np.ndarray:
    """An image of one or three colours as one of three."""
    return np.broadcast_to(image, (3, *image.shape[1:]))


def _picture(image: np.ndarray, shape: Sequence[int]) -> go.Image:
    """Pixels as crisp squares, on axes that count the image's own pixels."""
    factor = max(1, SHARP // max(shape))
    enlarged = image.repeat(factor, axis=1).repeat(factor, axis=2)
    offset = (1 / factor - 1) / 2
    return go.Image(
        source=picture(np.ascontiguousarray(enlarged)), x0=offset, y0=offset, dx=1 / factor, dy=1 / factor,
        hoverinfo="skip",
    )  # fmt: skip


def _readable(effect: np.ndarray, beyond: np.ndarray, unit: str) -> go.Heatmap:
    """What the pointer reads: means of blocks of pixels where there are too many to tell apart."""
    block = -(-max(effect.shape) // CELLS)
    down, across = (range(0, size, block) for size in effect.shape)
    parts = [[(slice(top, top + block), slice(left, left + block)) for left in across] for top in down]
    means = [[float(effect[part].mean()) for part in line] for line in parts]
    texts = [["" if beyond[part].any() else "<br>within the noise of seeds" for part in line] for line in parts]
    clear = "rgba(0,0,0,0)"
    return go.Heatmap(
        z=means,
        x=[start + (min(block, effect.shape[1] - start) - 1) / 2 for start in across],
        y=[start + (min(block, effect.shape[0] - start) - 1) / 2 for start in down],
        customdata=texts,
        colorscale=[[0, clear], [1, clear]],
        showscale=False,
        xgap=0,
        ygap=0,
        hovertemplate=f"%{{z:+.1f}} {unit}%{{customdata}}<extra></extra>",
    )


def _title(figure: go.Figure, number: int, title: str, theme: Theme) -> None:
    axis = "" if number == 1 else str(number)
    figure.add_annotation(
        text=f"<b>{title}</b>", x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left",
        yanchor="bottom", yshift=2, showarrow=False, font={"size": 12.5, "color": theme.ink},
    )  # fmt: skip


def _point_at(figure: go.Figure, number: int, mark: tuple[int, int, int, int], theme: Theme) -> None:
    axis = "" if number == 1 else str(number)
    top, left, height, width = mark
    figure.add_shape(
        type="rect", xref=f"x{axis}", yref=f"y{axis}", x0=left - 0.5, x1=left + width - 0.5, y0=top - 0.5,
        y1=top + height - 0.5, line={"color": theme.accent, "width": 2},
    )  # fmt: skip
