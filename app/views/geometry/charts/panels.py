"""Geometry charts: the samples of 2 to 4 tickets in aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from analysis.comparisons.marked_samples import correct
from analysis.metrics.neighbours import NEIGHBOURS
from analysis.statistics import density
from app.shell.colour import fade
from app.shell.theme import Theme
from app.views.geometry.charts.columns import Colours, Tickets, annotate, axis, columns, key, of_ticket, points
from app.views.geometry.charts.scatter import heights, span

COLOURINGS = {"class": "Class", "correct": "Correctness", "margin": "Margin"}
MAPS = {"umap": "UMAP", "umap_joint": "Joint UMAP", "pca": "PCA"}
SHADES = 41  # steps of the margin's colour scale
NAMED_CLASSES = 20  # more names than this would hide the map


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
        colours = _by_correctness(rows, style.color, theme.ink)
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
        colours = _by_correctness(rows, style.color, theme.ink)
        figure.add_trace(points(rows, margin, "height", colours, style.label, classes, "margin %{x:.2f}"), 1, column)
    _zero(figure, samples, tickets, theme)
    figure.update_xaxes(range=limits, matches="x", title_text="margin (no unit)")
    figure.update_yaxes(range=(0, 1.16), matches="y", showticklabels=False, showgrid=False)
    figure.update_yaxes(title_text="density (peak = 1)", col=1)
    return figure


def maps(
    placed: pd.DataFrame,
    quality: pd.DataFrame,
    tickets: Tickets,
    classes: Sequence[str],
    theme: Theme,
    kind: str,
    colouring: str = "class",
    margin: str = "margin",
) -> go.Figure:
    """2-D maps of the features, and beside each how far to trust it.

    Args:
        placed: columns of `samples`, and x, y of `maps`, a row a ticket and sample.
        quality: ticket id -> trustworthiness and mean recall of its whole map.
        tickets: key -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
        kind: a key of `MAPS`; the columns of "umap_joint" have axes in common, those of others do not.
        colouring: a key of `COLOURINGS`.
        margin: the column that the colouring by margin shows.
    """
    notes = {ticket: _quality(quality.loc[ticket]) if ticket in quality.index else "not mapped" for ticket in tickets}
    figure = columns(tickets, theme, height=440, notes=notes)
    joint = kind == "umap_joint"
    limit = float(np.nanquantile(np.abs(placed[margin].to_numpy(float)), 0.95)) if len(placed) else 1.0
    names: list[dict[str, object]] = []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(placed, ticket, ["x", "y"])
        colours = _coloured(rows, colouring, theme, limit, margin)
        figure.add_trace(points(rows, "x", "y", colours, style.label, classes), 1, column)
        if colouring == "class" and len(classes) <= NAMED_CLASSES:
            names += _class_names(column, rows, classes, theme)
        extent = placed if joint else rows
        figure.update_xaxes(range=span(extent["x"].to_numpy(), 0.06), title_text=f"{MAPS[kind]} 1", col=column)
        figure.update_yaxes(range=span(extent["y"].to_numpy(), 0.06), col=column)
    annotate(figure, names)
    frame = {"showticklabels": False, "showgrid": False, "showline": True, "mirror": True}
    figure.update_xaxes(**frame, matches="x" if joint else None)
    figure.update_yaxes(**frame, matches="y" if joint else None)
    figure.update_yaxes(title_text=f"{MAPS[kind]} 2", col=1)
    if colouring == "correct":
        key(figure, {"correct": theme.good, "misclassified": theme.bad})
    if colouring == "margin":
        _margin_scale(figure, theme, limit)
        figure.update_layout(height=470, margin={"b": 86})
    return figure


def _by_correctness(rows: pd.DataFrame, colour: str, wrong: str) -> Colours:
    return [colour, wrong], (~correct(rows)).astype(int)


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


def _quality(row: pd.Series) -> str:
    recall = f" · {NEIGHBOURS}-NN recall {row['recall']:.2f}" if np.isfinite(row["recall"]) else ""
    return f"trustworthiness {row['trustworthiness']:.3f}{recall}"


def _coloured(rows: pd.DataFrame, colouring: str, theme: Theme, limit: float, margin: str) -> Colours:
    if colouring == "correct":
        return _by_correctness(rows, theme.good, theme.bad)
    if colouring == "margin":
        place = np.clip(rows[margin].fillna(0).to_numpy(float) / (limit or 1.0), -1, 1)
        return _shades(theme), np.rint((place + 1) / 2 * (SHADES - 1)).astype(int)
    return list(theme.classes), rows["label"].to_numpy(int) % len(theme.classes)


def _shades(theme: Theme) -> list[str]:
    colours = sample_colorscale([list(step) for step in theme.diverging], SHADES, colortype="tuple")
    return ["#" + "".join(f"{round(255 * part):02x}" for part in colour) for colour in colours]


def _margin_scale(figure: go.Figure, theme: Theme, limit: float) -> None:
    bar = {"title": {"text": "margin", "side": "top"}, "thickness": 8, "len": 0.3, "orientation": "h"}
    bar |= {"x": 1, "xanchor": "right", "y": -0.1, "yanchor": "top"}
    marker = {
        "color": [0],
        "cmin": -limit,
        "cmax": limit,
        "colorscale": theme.diverging,
        "showscale": True,
        "colorbar": bar,
    }
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, hoverinfo="skip", showlegend=False))


def _class_names(column: int, rows: pd.DataFrame, classes: Sequence[str], theme: Theme) -> list[dict[str, object]]:
    """Each class's name at the middle of its samples, in its colour, so that no legend is needed."""
    middles = rows.groupby("label")[["x", "y"]].median()
    return [
        {
            "text": f"<b>{classes[label]}</b>", "x": x, "y": y, "xref": axis("x", column), "yref": axis("y", column),
            "showarrow": False, "borderpad": 2, "bgcolor": fade(theme.surface, 0.82),
            "font": {"size": 13, "color": theme.classes[label % len(theme.classes)]},
        }
        for label, x, y in zip(middles.index.astype(int), *middles.to_numpy(float).T, strict=True)
    ]  # fmt: skip
