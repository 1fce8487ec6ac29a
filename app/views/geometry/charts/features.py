"""Maps of the features in aligned columns, one a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from analysis.metrics.planes import Line
from app.charts.name_places import pushed_apart
from app.shell.colour import as_text, fade
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
)
from app.views.geometry.charts.scatter import span

MAPS = {"umap": "UMAP", "umap_joint": "Joint UMAP", "tsne": "t-SNE", "pca": "PCA", "classes": "Plane of classes"}
COLOURINGS = {
    "class": "Class",
    "correct": "Correctness",
    "margin": "Margin",
    "recall": "How far to trust a point: neighbours told",
    "trustworthiness": "How far to trust a point: trustworthiness",
    "continuity": "How far to trust a point: continuity",
    "shared": "Neighbours kept",
}
SCALES = {
    "recall": (0.0, 1.0, "share of an image's neighbours that the map tells"),
    "trustworthiness": (0.8, 1.0, "trustworthiness of the point"),
    "continuity": (0.8, 1.0, "continuity of the point"),
    "shared": (0.0, 1.0, "neighbours kept (Jaccard index)"),
}
"""Colourings by a share: the ends of the scale, and its title."""

TOGETHER = ("umap_joint", "classes")
"""Maps whose columns have axes in common."""

SHADES = 41  # steps of a colour scale
NAMED_CLASSES = 20  # more names than this would hide the map
WIDE, HIGH = 640, 300  # pixels of all columns and of one's height, about, for the places of names


@drawn
def maps(
    placed: pd.DataFrame,
    notes: Mapping[str, str],
    tickets: Tickets,
    classes: Sequence[str],
    theme: Theme,
    kind: str,
    colouring: str = "class",
    lines: Mapping[str, Sequence[Line]] | None = None,
    chosen: Sequence[int] = (),
) -> go.Figure:
    """2-D maps of the features, and beside each how far to trust it.

    Args:
        placed: columns of `samples`, x and y, and the column of the colouring, a row a ticket and sample; of corrupted
            images also x_clean and y_clean, where the same image lies when clean.
        notes: ticket id -> what stands under its name.
        tickets: key -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
        kind: a key of `MAPS`.
        colouring: a key of `COLOURINGS`.
        lines: ticket id -> where the choice between two classes changes.
        chosen: the classes of the plane, for the titles of its axes.
    """
    figure = columns(tickets, theme, height=430, notes=notes)
    limit = float(np.nanquantile(np.abs(placed["margin"].to_numpy(float)), 0.95)) if len(placed) else 1.0
    names: list[dict[str, object]] = []
    ghosts = "x_clean" in placed
    titles = _titles(kind, [classes[each] for each in chosen])
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(placed, ticket, ["x", "y"])
        extent = placed if kind in TOGETHER else rows
        ranges = [_range(extent, letter) for letter in "xy"]
        if ghosts:
            figure.add_trace(_ghosts(rows, theme), 1, column)
        colours = _coloured(rows, colouring, theme, limit)
        figure.add_trace(points(rows, "x", "y", colours, style.label, classes), 1, column)
        for line in (lines or {}).get(ticket, ()):
            figure.add_trace(_line(line, ranges, theme), 1, column)
        if ghosts and len(classes) <= NAMED_CLASSES:
            names += _arrows(column, rows, theme)
        elif not ghosts and colouring == "class" and len(classes) <= NAMED_CLASSES:
            names += _class_names(column, rows, classes, theme, ranges, len(tickets))
        figure.update_xaxes(range=ranges[0], title_text=titles[0], col=column)
        figure.update_yaxes(range=ranges[1], col=column)
    annotate(figure, names)
    frame = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": True, "mirror": True}
    together = kind in TOGETHER
    figure.update_xaxes(**frame, matches="x" if together else None)
    figure.update_yaxes(**frame, matches="y" if together else None)
    figure.update_yaxes(title_text=titles[1], col=1)
    if colouring == "correct":
        key(figure, {"correct": theme.good, "misclassified": theme.bad})
        figure.update_layout(height=460, margin={"b": 86})  # below, as a line stands under the tickets' names
        figure.update_layout(legend={"x": 1, "xanchor": "right", "y": -0.13, "yanchor": "top"})
    low, high, title = SCALES.get(colouring, (-limit, limit, "margin"))
    if colouring in SCALES or colouring == "margin":
        _scale(figure, theme, low, high, title)
        figure.update_layout(height=460, margin={"b": 86})
    return figure


def _titles(kind: str, chosen: Sequence[str]) -> tuple[str, str]:
    if kind != "classes":
        return f"{MAPS[kind]} 1", f"{MAPS[kind]} 2"
    if len(chosen) == 2:
        return f"distance to the boundary: {chosen[1]} | {chosen[0]}", "along what both directions share"
    return f"towards {chosen[0]}, away from {chosen[1]}", f"towards {chosen[2]}"


def _range(rows: pd.DataFrame, letter: str) -> tuple[float, float]:
    """Of an axis, so that the clean images stay where they are whatever is laid over them."""
    names = [letter, *([f"{letter}_clean"] if f"{letter}_clean" in rows else [])]
    return span(rows[names].to_numpy(float).ravel(), 0.06)


def _ghosts(rows: pd.DataFrame, theme: Theme) -> go.Scattergl:
    """The clean images, faint."""
    marker = {"size": 3, "color": theme.muted, "opacity": 0.35}
    return go.Scattergl(x=rows["x_clean"], y=rows["y_clean"], mode="markers", marker=marker, hoverinfo="skip")


def _arrows(column: int, rows: pd.DataFrame, theme: Theme) -> list[dict[str, object]]:
    """From each class's clean middle to its corrupted one."""
    middles = rows.groupby("label")[["x_clean", "y_clean", "x", "y"]].median().dropna()
    x, y = axis("x", column), axis("y", column)
    return [
        {
            "text": "", "x": to_x, "y": to_y, "ax": from_x, "ay": from_y, "xref": x, "yref": y, "axref": x, "ayref": y,
            "showarrow": True, "arrowhead": 2, "arrowwidth": 2, "arrowsize": 1.1, "arrowcolor": theme.ink,
        }
        for from_x, from_y, to_x, to_y in middles.to_numpy(float)
    ]  # fmt: skip


def _line(line: Line, ranges: Sequence[tuple[float, float]], theme: Theme) -> go.Scatter:
    """A straight line, long enough to leave the column on both sides."""
    corner = np.array([max(map(abs, ends)) for ends in ranges])
    reach = 2 * float(np.hypot(*corner)) + abs(line.offset)
    foot, along = line.normal * line.offset, np.array([-line.normal[1], line.normal[0]])
    ends = np.stack([foot - reach * along, foot + reach * along])
    style = {"color": theme.ink, "width": 1.4, "dash": "dash"}
    return go.Scatter(x=ends[:, 0], y=ends[:, 1], mode="lines", line=style, hoverinfo="skip")


def _coloured(rows: pd.DataFrame, colouring: str, theme: Theme, limit: float) -> Colours:
    if colouring == "correct":
        return by_correctness(rows, theme.good, theme.bad)
    if colouring == "class":
        return list(theme.classes), rows["label"].to_numpy(int) % len(theme.classes)
    low, high, _ = SCALES.get(colouring, (-limit, limit, ""))
    place = np.clip((rows[colouring].fillna(max(low, 0.0)).to_numpy(float) - low) / ((high - low) or 1.0), 0, 1)
    return _shades(theme), np.rint(place * (SHADES - 1)).astype(int)


def _shades(theme: Theme) -> list[str]:
    colours = sample_colorscale([list(step) for step in theme.diverging], SHADES, colortype="tuple")
    return ["#" + "".join(f"{round(255 * part):02x}" for part in colour) for colour in colours]


def _scale(figure: go.Figure, theme: Theme, low: float, high: float, title: str) -> None:
    bar = {"title": {"text": title, "side": "top"}, "thickness": 8, "len": 0.3, "orientation": "h"}
    bar |= {"x": 1, "xanchor": "right", "y": -0.1, "yanchor": "top", "nticks": 5}
    scale = {"cmin": low, "cmax": high, "colorscale": theme.diverging, "showscale": True, "colorbar": bar}
    marker = {"color": [low], **scale}
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, hoverinfo="skip", showlegend=False))


def _class_names(
    column: int,
    rows: pd.DataFrame,
    classes: Sequence[str],
    theme: Theme,
    ranges: Sequence[tuple[float, float]],
    of: int,
) -> list[dict[str, object]]:
    """Each class's name at the middle of its samples, in its colour, so that no legend is needed.

    `of`: how many columns there are.
    """
    middles = rows.groupby("label")[["x", "y"]].median()
    labels = middles.index.astype(int)
    moved = pushed_apart(middles.to_numpy(float), [classes[label] for label in labels], ranges, (WIDE / of, HIGH))
    return [
        {
            "text": f"<b>{classes[label]}</b>", "x": x, "y": y, "xref": axis("x", column), "yref": axis("y", column),
            "xshift": right, "yshift": up, "showarrow": False, "borderpad": 2, "bgcolor": fade(theme.surface, 0.82),
            "font": {"size": 13, "color": as_text(theme.classes[label % len(theme.classes)], theme.surface)},
        }
        for label, (x, y), (right, up) in zip(labels, middles.to_numpy(float), moved.round(1), strict=True)
    ]  # fmt: skip
