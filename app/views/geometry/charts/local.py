"""Local geometry: gap or angle against length, and the margins, in aligned columns, one a ticket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.marked_samples import correct
from analysis.statistics import density
from app.shell.colour import fade
from app.shell.theme import Theme
from app.views.geometry.charts.columns import Tickets, annotate, axis, by_correctness, columns, key, of_ticket, points
from app.views.geometry.charts.scatter import heights, span


def angle_length(
    samples: pd.DataFrame,
    tickets: Tickets,
    classes: Sequence[str],
    theme: Theme,
    length: str = "centred_length",
    angle: str = "gap",
) -> go.Figure:
    """Gap, or angle to the true class, against feature length, samples over contours of their density.

    `samples` are rows of the tables `samples` and `geometry` of these tickets, `length` and `angle` columns of theirs.
    """
    figure = columns(tickets, theme, height=400)
    shown = samples[samples["ticket_id"].isin(list(tickets))]
    ranges = span(shown[length].to_numpy(float)), span(shown[angle].to_numpy(float))
    what = "gap" if angle.endswith("gap") else "angle"
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(samples, ticket, [length, angle])
        inside = density.mass_inside(rows[length].to_numpy(), rows[angle].to_numpy(), *ranges)
        figure.add_trace(_contours(*inside, style.color), 1, column)
        colours = by_correctness(rows, style.color, theme.ink)
        detail = f"length %{{x:.2f}}, {what} %{{y:.1f}}°"
        figure.add_trace(points(rows, length, angle, colours, style.label, classes, detail), 1, column)
    key(figure, {"misclassified": theme.ink})
    centred = ", centred" if length.startswith("centred") else ""
    figure.update_xaxes(range=ranges[0], matches="x", title_text=f"length of the feature{centred}")
    figure.update_yaxes(range=ranges[1], matches="y", showticklabels=False)
    title = {"gap": "gap to the nearest other class", "angle": "angle to the true class"}[what]
    figure.update_yaxes(title_text=f"{title} (degrees)", showticklabels=True, col=1)
    if what == "gap":
        figure.add_hline(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    return figure


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
    figure.update_xaxes(range=limits, matches="x", title_text="margin (no unit)")
    figure.update_yaxes(range=(0, 1.16), matches="y", showticklabels=False, showgrid=False)
    figure.update_yaxes(title_text="density (peak = 1)", col=1)
    return figure


def _contours(z: np.ndarray, x: np.ndarray, y: np.ndarray, colour: str) -> go.Contour:
    """Regions that hold 90, 70, 50, 30 and 10 % of the samples, the densest the strongest."""
    scale = [[0.0, fade(colour, 0)], [0.099, fade(colour, 0)], [0.1, fade(colour, 0.1)], [1.0, fade(colour, 0.55)]]
    return go.Contour(
        z=z.astype(np.float32),
        x=x,
        y=y,
        zmin=0,
        zmax=1,
        contours={"start": 0.1, "end": 0.9, "size": 0.2, "coloring": "fill"},
        colorscale=scale,
        line={"width": 1, "color": fade(colour, 0.7), "smoothing": 1.0},
        showscale=False,
        hoverinfo="skip",
    )


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
