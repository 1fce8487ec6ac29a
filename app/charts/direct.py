"""Names at the ends of lines in place of a legend: few lines that end at the right edge, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.shell.colour import as_text
from app.shell.theme import Theme

MOST, LONGEST = 6, 26
"""Lines, and letters of a name, beyond which the legend stays."""
LINE, LETTER, AWAY = 15.0, 6.6, 12
"""Pixels: from one name to the next, of a letter, and from the plot to the names."""
EARLY = 0.12
"""Share of the axis before its end at which a line may end; the name of one that ends sooner would be far from it."""
CHROME = 70.0
"""Pixels of a figure's height that are not its plot: the axis below, and a little above."""


class End(NamedTuple):
    """Where a line ends, on the axes as they are drawn (logarithms where an axis has them), its name and its colour."""

    x: float
    y: float
    name: str
    colour: str


def label_ends(chart: go.Figure, theme: Theme, marked: bool = False) -> None:
    """Name each line of the legend at its right end, and leave the legend out.

    All stays as it is where there is no room, where a line has no name of its own or ends early, where other marks are
    in the legend, or the chart has several panels.

    Args:
        chart: with its axes set; ranges that are not are taken from the lines.
        theme: colours of the page, light or dark.
        marked: whether marks at the right edge say where each line ends, so that it may end early.
    """
    ends = _ends(chart, 1.0 if marked else EARLY)
    if ends is None or not 1 < len(ends) <= MOST or max(len(end.name) for end in ends) > LONGEST:
        return
    low, high = _span(chart)
    pixels = float(chart.layout.height or 450) - CHROME
    if LINE * len(ends) > pixels or not high > low:
        return
    wanted = np.array([pixels * (end.y - low) / (high - low) for end in ends])
    places = spread(np.clip(wanted, 0, pixels), LINE, pixels)
    for end, at, place in zip(ends, wanted, places, strict=True):
        inside = min(max(end.y, low), high)
        chart.add_annotation(
            text=end.name, x=1, xref="paper", xanchor="left", ax=AWAY, axref="pixel",
            y=inside, yref="y", yanchor="middle", ay=float(np.clip(at, 0, pixels) - place), ayref="pixel",
            showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=end.colour, standoff=1,
            font={"size": 12.5, "color": as_text(end.colour, theme.surface)},
        )  # fmt: skip
    room = AWAY + 4 + LETTER * max(len(end.name) for end in ends)
    chart.update_layout(showlegend=False, margin={"r": room, "t": min(chart.layout.margin.t or 8, 16)})


def spread(wanted: np.ndarray, apart: float, room: float) -> np.ndarray:
    """Places as near to those wanted as lets any two lie `apart`, from 0 to `room`; `room` holds them all.

    The least squares of the shifts: neighbours that would collide move as one block to the mean of where they want to
    be (pool adjacent violators).
    """
    order = np.argsort(wanted, kind="stable")
    offset = apart * np.arange(len(wanted))
    blocks: list[tuple[float, int]] = []  # mean of what is wanted less the offset, and how many
    for value in wanted[order] - offset:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, more = blocks.pop()
            mean, count = (mean * count + before * more) / (count + more), count + more
        blocks.append((mean, count))
    flat = np.concatenate([np.full(count, mean) for mean, count in blocks])
    found = np.empty(len(wanted))
    found[order] = np.clip(flat, 0, max(room - offset[-1], 0)) + offset
    return found


def _ends(chart: go.Figure, early: float) -> list[End] | None:
    """The ends of all lines in the legend; None where they cannot all be named there."""
    named = [trace for trace in chart.data if trace.type == "scatter" and trace.showlegend is not False]
    panels = {trace.xaxis for trace in chart.data} | {trace.yaxis for trace in chart.data}
    if panels - {None, "x", "y"} or any("lines" not in (trace.mode or "") for trace in named):
        return None
    names = [trace.name for trace in named]
    if None in names or len(set(names)) < len(names):
        return None
    axis = chart.layout.xaxis
    backwards = axis.autorange == "reversed" or (axis.range is not None and axis.range[0] > axis.range[1])
    found, firsts = [], []
    for trace in named:
        x, y = (_drawn(getattr(trace, side), chart.layout[f"{side}axis"].type) for side in "xy")
        there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        colour = trace.line.color
        if not len(there) or not isinstance(colour, str) or not colour.startswith("#") or len(colour) != 7:
            return None
        x = -x if backwards else x
        last = there[np.argmax(x[there])]
        found.append(End(float(x[last]), float(y[last]), str(trace.name), colour))
        firsts.append(float(x[there].min()))
    if not found:
        return None
    length = max(end.x for end in found) - min(firsts)
    return None if any(max(end.x for end in found) - end.x > early * length for end in found) else found


def _drawn(values: Sequence[Any], kind: str | None) -> np.ndarray:
    """Values as their axis draws them; NaN for what is no number."""
    try:
        numbers = np.asarray([np.nan if value is None else value for value in values], dtype=float)
    except (TypeError, ValueError):
        return np.full(len(values), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(numbers) if kind == "log" else numbers


def _span(chart: go.Figure) -> tuple[float, float]:
    """The ends of the vertical axis as it is drawn, from the lines where it is left to plotly."""
    axis = chart.layout.yaxis
    if axis.range is not None:
        return float(axis.range[0]), float(axis.range[1])
    parts = []
    for trace in chart.data:
        y = _drawn(trace.y if trace.y is not None else [], axis.type)
        bars = trace.error_y
        reach = [
            np.nan_to_num(np.asarray(side, dtype=float)) if side is not None and axis.type != "log" else 0.0
            for side in (bars.array, bars.arrayminus)
        ]
        parts += [y + reach[0], y - (reach[1] if bars.arrayminus is not None else reach[0])]
    every = np.concatenate([part[np.isfinite(part)] for part in parts])
    if not every.size:
        return 0.0, 0.0
    low, high = float(every.min()), float(every.max())
    air = 0.05 * (high - low)
    return (min(low, 0.0) if axis.rangemode == "tozero" else low - air), high + air
