"""What the charts share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from app.theme import Style, Theme

Styles = Mapping[str, Style]
"""Key or id of a ticket -> how it is drawn."""


def figure(theme: Theme, height: int, **layout: object) -> go.Figure:
    """An empty figure in the theme's template."""
    return go.Figure(layout={"template": theme.template, "height": height, **layout})


def percent_axis(title: str) -> dict[str, object]:
    """An axis of percentages."""
    return {"title": {"text": title}, "ticksuffix": " %"}


def label_places(x: np.ndarray, y: np.ndarray, widths: np.ndarray, size: tuple[float, float]) -> list[str]:
    """Where to put a label at each point so that labels cross neither each other nor points, greedily;
    first above and below the middle, where no horizontal error bar strikes them through.

    Args:
        x, y: the points as fractions of the plot, 0 to 1.
        widths: the labels' widths in pixels. size: the plot's width and height in pixels.

    Returns plotly's `textposition` for each point, "" where no free place was found (the hover still names it).
    """
    height, gap = 15.0, 9.0
    points = np.column_stack([x * size[0], y * size[1]])
    taken: list[tuple[float, float, float, float]] = [(px - 6, py - 6, px + 6, py + 6) for px, py in points]
    places = []
    for index, (px, py) in enumerate(points):
        width = widths[index]
        boxes = {
            "top right": (px + 4, py + 5, px + 4 + width, py + 5 + height),
            "bottom right": (px + 4, py - 5 - height, px + 4 + width, py - 5),
            "top left": (px - 4 - width, py + 5, px - 4, py + 5 + height),
            "bottom left": (px - 4 - width, py - 5 - height, px - 4, py - 5),
            "middle right": (px + gap, py - height / 2, px + gap + width, py + height / 2),
            "middle left": (px - gap - width, py - height / 2, px - gap, py + height / 2),
        }
        others = taken[:index] + taken[index + 1 :]
        free = (name for name, box in boxes.items() if _inside(box, size) and not any(_cross(box, o) for o in others))
        place = next(free, "")
        if place:
            taken.append(boxes[place])
        places.append(place)
    return places


def _inside(box: tuple[float, float, float, float], size: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _cross(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
