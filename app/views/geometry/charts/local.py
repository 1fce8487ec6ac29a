"""Local geometry: gap or angle against length, and the margins, in aligned columns, one a ticket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.marked_samples import correct
from analysis.statistics import density
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.geometry.charts.columns import (
    Colours,
    Tickets,
    annotate,
    axis,
    by_correctness,
    columns,
    key,
    of_ticket,
    points,
    title_across,
)
from app.views.geometry.charts.marginals import Part, Places, Ranges, add_marginals, places
from app.views.geometry.charts.scatter import heights, span

COLOURINGS = {"correct": "Correctness", "class": "Class"}
HEIGHT = 410
MOST_CURVES = 10  # classes with a curve of their own at the edges; more would hide one another
X_TITLE, Y_TITLES = "length of the feature", {"gap": "gap to the nearest other class", "angle": "angle to own class"}


@drawn
def angle_length(
    samples: pd.DataFrame,
    tickets: Tickets,
    classes: Sequence[str],
    theme: Theme,
    length: str = "relative_length",
    angle: str = "gap",
    colouring: str = "correct",
    clean: pd.DataFrame | None = None,
) -> go.Figure:
    """Gap, or angle to the true class, against feature length, samples over contours of their density.

    Args:
        samples: a row a ticket and image, with the columns of `local_geometry.image_rows`.
        tickets: id -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
        length: the column across.
        angle: the one upwards.
        colouring: a key of `COLOURINGS`.
        clean: the same images clean, drawn as an outline where `samples` are corrupted.
    """
    figure = columns(tickets, theme, HEIGHT)
    shown = [each[each["ticket_id"].isin(list(tickets))] for each in (samples, clean) if each is not None]
    ranges = common_ranges(shown, length, angle)
    what, parts = _what(angle), []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(samples, ticket, [length, angle])
        at, behind = places(rows, length, angle), []
        if clean is not None:
            start = places(of_ticket(clean, ticket, [length, angle]), length, angle)
            figure.add_trace(outline(start, ranges, theme.muted), 1, column)
            behind = [Part(start, theme.muted)]
        figure.add_trace(contours(at, ranges, style.color), 1, column)
        colours = coloured(rows, colouring, style.color, theme)
        detail = f"length %{{x:.2f}}, {what} %{{y:.1f}}°"
        figure.add_trace(points(rows, length, angle, colours, style.label, classes, detail), 1, column)
        own = [Part(at, style.color)] if colouring == "correct" else _class_parts(rows, at, colours)
        parts.append(behind + own)
    _key(figure, samples, classes, theme, colouring, clean is not None)
    label_axes(figure, f"{X_TITLE} (1 = mean of clean)", f"{Y_TITLES[what]} (degrees)", ranges, theme)
    if what == "gap":
        figure.add_hline(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    add_marginals(figure, parts, ranges)
    return figure


@drawn
def margins(
    samples: pd.DataFrame, tickets: Tickets, classes: Sequence[str], theme: Theme, margin: str = "margin"
) -> go.Figure:
    """Distributions of a margin, a point a sample under the curve, and the share misclassified, left of zero."""
    figure = columns(tickets, theme, height=310)
    limits = span(samples.loc[samples["ticket_id"].isin(list(tickets)), margin].to_numpy(float))
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(samples, ticket, [margin])
        values = rows[margin].to_numpy()
        centres, height = density.curve(values, limits)
        # To its own peak: one narrow distribution would flatten the others, and areas are equal anyway.
        height = height / (height.max() or 1.0)
        figure.add_trace(_area(centres, height, style.color), 1, column)
        rows = rows.assign(height=heights(rows["sample"].to_numpy(), values, centres, height))
        colours = by_correctness(rows, style.color, theme.ink)
        figure.add_trace(points(rows, margin, "height", colours, style.label, classes, "margin %{x:.2f}"), 1, column)
    _zero(figure, samples, tickets, theme)
    figure.update_xaxes(range=limits, matches="x")
    title_across(figure, "margin (no unit)", theme)
    figure.update_yaxes(range=(0, 1.16), matches="y", showticklabels=False, showgrid=False)
    figure.update_yaxes(title_text="density (peak = 1)", col=1)
    return figure


def label_axes(figure: go.Figure, x: str, y: str, ranges: Sequence[tuple[float, float]], theme: Theme) -> None:
    """Give all columns the same axes, one title across, and the first one the title upwards."""
    figure.update_xaxes(range=ranges[0], matches="x")
    title_across(figure, x, theme)
    figure.update_yaxes(range=ranges[1], matches="y", showticklabels=False)
    figure.update_yaxes(title_text=y, showticklabels=True, col=1)


def coloured(rows: pd.DataFrame, colouring: str, colour: str, theme: Theme) -> Colours:
    """The colours of points: of their class, or the ticket's with ink for what is misclassified."""
    if colouring == "class":
        return list(theme.classes), rows["label"].to_numpy(int) % len(theme.classes)
    return by_correctness(rows, colour, theme.ink)


def _class_parts(rows: pd.DataFrame, at: Places, colours: Colours) -> list[Part]:
    """A part for each class with a curve of its own."""
    palette, codes = colours
    labels = rows["label"].to_numpy(int)
    shown = np.unique(labels)[:MOST_CURVES]
    return [Part((at[0][labels == each], at[1][labels == each]), palette[codes[labels == each][0]]) for each in shown]


def common_ranges(frames: Sequence[pd.DataFrame], x: str, y: str) -> Ranges:
    """Ranges that hold all of the frames' points."""
    across, upwards = (np.concatenate([frame[name].to_numpy(float) for frame in frames]) for name in (x, y))
    return span(across), span(upwards)


def contours(at: Places, ranges: Ranges, colour: str) -> go.Contour:
    """Regions that hold 90, 70, 50, 30 and 10 % of the samples, the densest the strongest."""
    scale = [[0.0, fade(colour, 0)], [0.099, fade(colour, 0)], [0.1, fade(colour, 0.1)], [1.0, fade(colour, 0.55)]]
    return _mass(at, ranges).update(
        contours={"start": 0.1, "end": 0.9, "size": 0.2, "coloring": "fill"},
        colorscale=scale,
        line={"width": 1, "color": fade(colour, 0.7), "smoothing": 1.0},
    )


def outline(at: Places, ranges: Ranges, colour: str) -> go.Contour:
    """The lines that enclose 90 and 50 % of the samples."""
    return _mass(at, ranges).update(
        contours={"start": 0.1, "end": 0.5, "size": 0.4, "coloring": "none"},
        line={"width": 1.3, "color": colour, "dash": "dash"},
    )


def _mass(at: Places, ranges: Ranges) -> go.Contour:
    """Highest-density regions of the samples; the caller says how they are drawn."""
    z, x, y = density.mass_inside(at[0], at[1], ranges[0], ranges[1])
    return go.Contour(z=z.astype(np.float32), x=x, y=y, zmin=0, zmax=1, showscale=False, hoverinfo="skip")


def _what(column: str) -> str:
    return "gap" if column.endswith("gap") else "angle"


def _key(
    figure: go.Figure, samples: pd.DataFrame, classes: Sequence[str], theme: Theme, colouring: str, corrupted: bool
) -> None:
    entries = {"misclassified": theme.ink}
    if colouring == "class":
        shown = np.unique(samples["label"].to_numpy(int))[:MOST_CURVES]
        entries = {str(classes[each]): theme.classes[each % len(theme.classes)] for each in shown}
    key(figure, entries | ({"clean (outline)": theme.muted} if corrupted else {}))


def _area(x: np.ndarray, height: np.ndarray, colour: str) -> go.Scatter:
    line = {"color": colour, "width": 1.8}
    return go.Scatter(
        x=x, y=height, mode="lines", line=line, fill="tozeroy", fillcolor=fade(colour, 0.16), hoverinfo="skip"
    )


def _zero(figure: go.Figure, samples: pd.DataFrame, tickets: Tickets, theme: Theme) -> None:
    """A line at zero in each column, and the ticket's error, the share of its samples that are misclassified."""
    wrong = 100 * pd.Series(~correct(samples), index=samples["ticket_id"]).groupby(level=0).mean()
    places = [axis("x", column) for column in range(1, len(tickets) + 1)]
    line = {"color": theme.muted, "width": 1.2, "dash": "dot"}
    figure.layout.shapes = [
        {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "xref": place, "yref": "paper", "line": line}
        for place in places
    ]
    same = {"y": 1, "yref": "paper", "xanchor": "right", "yanchor": "top", "xshift": -5, "showarrow": False}
    annotate(
        figure,
        [
            {"text": f"error {wrong[ticket]:.1f} %", "x": 0, "xref": place, **same,
             "font": {"size": 13, "color": theme.ink}}
            for place, ticket in zip(places, tickets, strict=True) if ticket in wrong
        ],
    )  # fmt: skip
