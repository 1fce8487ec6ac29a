"""Prompts around a picture, a row a ticket, a column a budget."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from app.charts.base import figure
from app.pictures.grid import picture
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

ROW, SCALE = 78, 4  # pixels a row; pixels on the picture for one of the image, or browsers blur it
LONG = 20
"""Letters of a ticket's name in a line."""


@drawn
def prompts(sheets: Mapping[tuple[str, int], np.ndarray], styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw them.

    Args:
        sheets: key and images a class -> uint8 [C, H, W].
        styles: key -> style.
        theme: light or dark colours.
    """
    keys = list(dict.fromkeys(key for key, _ in sheets))
    shots = sorted({each for _, each in sheets}, key=lambda each: each or float("inf"))
    chart = figure(theme, 60 + ROW * len(keys), dragmode=False, margin={"l": 10, "r": 10, "t": 34, "b": 10})
    chart.add_scatter(x=[0, len(shots)], y=[0, len(keys)], mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    for (key, each), image in sheets.items():
        chart.add_layout_image(
            source=picture(image.repeat(SCALE, axis=1).repeat(SCALE, axis=2)), xref="x", yref="y",
            x=shots.index(each) + 0.5, y=keys.index(key) + 0.5, sizex=0.92, sizey=0.92, xanchor="center",
            yanchor="middle", sizing="contain", layer="above",
        )  # fmt: skip
    names = [f'<span style="color:{styles[key].color}">●</span> {_broken(styles[key].label)}' for key in keys]
    own = {"showgrid": False, "showline": False, "ticks": "", "zeroline": False, "fixedrange": True}
    chart.update_xaxes(range=[0, len(shots)], tickvals=[place + 0.5 for place in range(len(shots))], side="top",
                       ticktext=[f"{each} a class" if each else "all" for each in shots], **own)  # fmt: skip
    chart.update_yaxes(range=[len(keys), 0], tickvals=[place + 0.5 for place in range(len(keys))], ticktext=names,
                       automargin=True, tickfont={"color": theme.ink}, **own)  # fmt: skip
    return chart


def _broken(label: str) -> str:
    """A long name in two lines."""
    if len(label) <= LONG - 8:
        return label
    words = label.split(" ")
    return " ".join(words[: max(len(words) - 2, 1)]) + "<br>" + " ".join(words[max(len(words) - 2, 1) :])
