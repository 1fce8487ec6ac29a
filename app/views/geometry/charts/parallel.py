"""Parallel coordinates: how the images of each class spread over the angles to all class directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.class_geometry import GAP, LENGTH
from app.charts.base import figure
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

HEIGHT = 330


@drawn
def parallel(spread: pd.DataFrame, order: Sequence[int], names: Sequence[str], chosen: int, theme: Theme) -> go.Figure:
    """A line a class through the medians of its images; of the chosen class the spread too.

    Angles share their axes' scale; gap and length have scales of their own, from the least to the greatest shown.

    Args:
        spread: of `comparisons.class_geometry.profiles`.
        order: the classes, as their axes stand.
        names: of all classes.
        chosen: the class whose images are shaded: 10 to 90 %, and 25 to 75 %.
        theme: light or dark colours.
    """
    axes = [*map(str, order), GAP, LENGTH]
    table = {name: spread.pivot(index="class", columns="axis", values=name).reindex(columns=axes) for name in _BANDS}
    spans = _spans(table, axes)
    chart = figure(theme, HEIGHT, showlegend=False, dragmode=False)
    chart.update_layout(margin={"l": 8, "r": 46, "t": 26, "b": 8}, hovermode="closest")
    for label in [each for each in order if each != chosen]:
        chart.add_trace(_line(table["q50"].loc[label], axes, spans, names, label, fade(theme.muted, 0.4), 1.1))
    colour = theme.good
    if chosen in table["q50"].index:
        for low, high, opacity in (("q10", "q90", 0.14), ("q25", "q75", 0.28)):
            ends = [_scaled(table[end].loc[chosen].to_numpy(float), spans) for end in (low, high)]
            places = list(range(len(axes)))
            chart.add_scatter(
                x=[*places, *places[::-1]], y=[*ends[1], *ends[0][::-1]], fill="toself", mode="lines",
                fillcolor=fade(colour, opacity), line={"width": 0}, hoverinfo="skip",
            )  # fmt: skip
        chart.add_trace(_line(table["q50"].loc[chosen], axes, spans, names, chosen, colour, 2.6))
    _axes(chart, axes, spans, names, chosen, theme)
    return chart


_BANDS = ("q10", "q25", "q50", "q75", "q90")


def _spans(table: dict[str, pd.DataFrame], axes: Sequence[str]) -> np.ndarray:
    """The values at the ends of each axis: [axes, 2]; all angles have one."""
    values = np.stack([frame.to_numpy(float) for frame in table.values()])
    spans = np.array([_ends(values[:, :, place]) for place in range(len(axes))])
    spans[:-2] = _ends(values[:, :, :-2])
    return spans


def _ends(values: np.ndarray) -> tuple[float, float]:
    there = values[np.isfinite(values)]
    if not there.size:
        return 0.0, 1.0
    low, high = float(there.min()), float(there.max())
    return (low, high) if high > low else (low - 1, high + 1)


def _scaled(values: np.ndarray, spans: np.ndarray) -> np.ndarray:
    found: np.ndarray = (values - spans[..., 0]) / (spans[..., 1] - spans[..., 0])
    return found


def _line(
    medians: pd.Series, axes: Sequence[str], spans: np.ndarray, names: Sequence[str], label: int, colour: str,
    width: float,
) -> go.Scatter:  # fmt: skip
    values = medians.to_numpy(float)
    words = [_word(axis, value, names) for axis, value in zip(axes, values, strict=True)]
    return go.Scatter(
        x=list(range(len(axes))), y=_scaled(values, spans), mode="lines+markers",
        line={"color": colour, "width": width}, marker={"size": 4 if width < 2 else 6, "color": colour},
        name=names[label], text=words,
        hovertemplate=f"<b>{names[label]}</b><br>%{{text}}<extra></extra>",
    )  # fmt: skip


def _word(axis: str, value: float, names: Sequence[str]) -> str:
    if axis == LENGTH:
        return f"length {value:.2f} (median)"
    return f"gap {value:.1f}° (median)" if axis == GAP else f"{value:.1f}° to {names[int(axis)]} (median)"


def _axes(
    chart: go.Figure, axes: Sequence[str], spans: np.ndarray, names: Sequence[str], chosen: int, theme: Theme
) -> None:
    titles = [axis if axis in (LENGTH, GAP) else names[int(axis)] for axis in axes]
    titles = [f"<b>{title}</b>" if axis == str(chosen) else title for axis, title in zip(axes, titles, strict=True)]
    longest = max((len(title) for title in titles[:-2]), default=0)
    chart.update_xaxes(
        tickvals=list(range(len(axes))), ticktext=titles, showgrid=True, gridcolor=theme.grid, zeroline=False,
        range=[-0.2, len(axes) - 0.75], tickangle=-40 if longest > 9 and len(axes) > 12 else 0, fixedrange=True,
        tickfont={"color": theme.ink, "size": 12.5},
    )  # fmt: skip
    low, high = spans[0]
    ticks = [tick for tick in range(0, 181, 20) if low <= tick <= high] if len(axes) > 2 else []
    chart.update_yaxes(
        tickvals=_scaled(np.array(ticks, dtype=float), spans[0]), ticktext=[f"{tick}°" for tick in ticks],
        range=[-0.04, 1.04], title_text="angle to the direction of", zeroline=False, fixedrange=True,
    )  # fmt: skip
    for place, (axis, unit) in enumerate(((GAP, "°"), (LENGTH, "")), len(axes) - 2):
        for at, value in zip((0, 1), spans[place], strict=True):
            text = f"{value:.0f}{unit}" if axis == GAP else f"{value:.3g}"
            chart.add_annotation(x=place, y=at, text=text, showarrow=False, xanchor="left", xshift=5,
                                 font={"size": 11.5, "color": theme.muted})  # fmt: skip
    if len(axes) > 2:
        chart.add_vline(x=len(axes) - 2.5, line={"color": theme.muted, "width": 1, "dash": "dot"})
