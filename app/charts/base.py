"""What the charts share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from app.charts.texts import minus
from app.shell.colour import readable_on
from app.shell.theme import Style, Theme

NOISE = "○"
"""Stands where a difference is within noise."""

STRUCK = 1.5
"""So many points crossed are as bad for a name as its own error bar through it."""

LETTERS = 22
"""Of a ticket's name over a narrow panel, at most."""

Scale = tuple[Sequence[tuple[float, str]], float, float]
"""A colour scale, and the values at its ends."""

Styles = Mapping[str, Style]
"""Key or id of a ticket -> how it is drawn."""


def figure(theme: Theme, height: int, **layout: object) -> go.Figure:
    """An empty figure in the theme's template."""
    return go.Figure(layout={"template": theme.template, "height": height, **layout})


def percent_axis(title: str, at: Sequence[float] = ()) -> dict[str, object]:
    """An axis of percentages, with ticks `at` these where they are given: plotly gives those no suffix."""
    own = {"tickvals": list(at), "ticktext": [f"{each:g} %" for each in at]} if at else {}
    return {"title": {"text": title}, "ticksuffix": " %", **own}


def title_to_the_end(chart: go.Figure, text: str, theme: Theme) -> None:
    """Give the horizontal axis a title that ends where the axis does.

    Long names beside a chart leave its axis shorter than the title, which would be cut at both ends below its middle.
    """
    chart.add_annotation(
        text=text, x=1, y=0, xref="x domain", yref="y domain", xanchor="right", yanchor="top", yshift=-24,
        align="right", showarrow=False, font={"color": theme.muted, "size": 13},
    )  # fmt: skip


def inks(values: np.ndarray, scale: Scale) -> list[str]:
    """For text on cells of these values, the ink that reads best on each: plotly's own is faint on middle tones."""
    colours, low, high = scale
    shares = np.clip((np.asarray(values, dtype=float) - low) / (high - low), 0, 1)
    cells = sample_colorscale([list(step) for step in colours], shares, colortype="tuple")
    return [readable_on("#" + "".join(f"{round(255 * part):02x}" for part in cell)) for cell in cells]


def color_bar(title: str, **place: object) -> dict[str, object]:
    """A slim colour bar at the top right, as part of a `coloraxis`."""
    bar = {"title": {"text": title, "side": "right"}, "thickness": 10, "lenmode": "pixels", "len": 220}
    return {"colorbar": {**bar, "y": 1, "yanchor": "top", **place}}


def interval(row: pd.Series, value: str, form: str = "{:.1f}", unit: str = " %") -> str:
    """Write `93.1 % (91.0 to 95.2)` for a hover, from the columns `value`, low and high.

    These hold fractions. Without bounds there are no brackets.
    """
    parts = [minus(form.format(100 * row[part])) for part in (value, "low", "high")]
    if pd.isna(row["low"]):
        return f"<b>{parts[0]}{unit}</b>"
    return f"<b>{parts[0]}{unit}</b> ({parts[1]} to {parts[2]})"


def heading(
    figure: go.Figure,
    number: int,
    style: Style,
    note: str = "",
    small: bool = False,
    below: bool = False,
    narrow: bool = False,
) -> None:
    """A ticket's name, and a note, over the number-th panel (from 1) of subplots; small for narrow panels.

    `below`: whether the note has a line of its own, where panels are too narrow for both side by side.
    `narrow`: whether so it does, and a long name is shortened, where panels are too narrow for that; the whole is read
    with the pointer over it.
    """
    axis = "" if number == 1 else str(number)
    label = shortened(style.label) if narrow else style.label
    apart = "<br>" if below or narrow else "  "
    # so small that a name of LETTERS is as wide as a fifth of what a window of 1,024 pixels has
    size, notes = (11.5, 11) if narrow else (12.5, 12) if small or below else (14, 12)
    more = f'{apart}<span style="font-size:{notes}px">{note}</span>' if note else ""
    name = label if small or below or narrow else f"<b>{label}</b>"
    figure.add_annotation(
        text=f'<span style="color:{style.color}">●</span> {name}{more}',
        x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left", yanchor="bottom",
        yshift=2 if small else 4, showarrow=False, align="left",
        hovertext=style.label if label != style.label else None,
        font={"size": size},
    )  # fmt: skip


def shortened(label: str, most: int = LETTERS) -> str:
    """A ticket's name of so many letters at most, its sparsity whole: `Magnitude, one … 93.75 %`."""
    if len(label) <= most:
        return label
    found = re.fullmatch(r"(.+?)( [\d.,]+ %)", label)
    name, sparsity = (found[1], found[2]) if found else (label, "")
    return f"{name[: max(most - len(sparsity) - 1, 1)].rstrip(' ,')}…{sparsity}"


def label_places(
    x: np.ndarray,
    y: np.ndarray,
    widths: np.ndarray,
    size: tuple[float, float],
    others: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[str]:
    """Find a place for a label at each point so that labels cross neither each other nor points, greedily.

    Places above and below the middle are tried first: there no horizontal error bar strikes a label through.

    Args:
        x: the points across, as fractions of the plot, 0 to 1.
        y: the points upwards, likewise.
        widths: the labels' widths in pixels.
        size: the plot's width and height in pixels.
        others: points without a label, across and upwards; a label takes the place that crosses the fewest of them,
            but one above or below before one in the middle, unless there it crosses two fewer.

    Returns:
        Plotly's `textposition` for each point; "" where no free place was found (the hover still names it).
    """
    height, gap = 15.0, 9.0
    points = np.column_stack([x * size[0], y * size[1]])
    taken = [_disc(px, py) for px, py in points]
    beside = [_disc(ox * size[0], oy * size[1]) for ox, oy in zip(*others, strict=True)] if others else []
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
        named = taken[:index] + taken[index + 1 :]
        free = [name for name, box in boxes.items() if _inside(box, size) and not any(_cross(box, o) for o in named)]
        struck = {
            name: STRUCK * name.startswith("middle") + sum(_cross(boxes[name], o) for o in beside) for name in free
        }
        place = min(struck, key=struck.__getitem__, default="")
        if place:
            taken.append(boxes[place])
        places.append(place)
    return places


def _disc(x: float, y: float) -> tuple[float, float, float, float]:
    return x - 6, y - 6, x + 6, y + 6


def _inside(box: tuple[float, float, float, float], size: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _cross(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
