"""Maps of the features in aligned columns, one a ticket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from analysis.metrics.neighbours import NEIGHBOURS
from app.shell.colour import fade
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

COLOURINGS = {"class": "Class", "correct": "Correctness", "margin": "Margin"}
MAPS = {"umap": "UMAP", "umap_joint": "Joint UMAP", "pca": "PCA"}
SHADES = 41  # steps of the margin's colour scale
NAMED_CLASSES = 20  # more names than this would hide the map


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


def _quality(row: pd.Series) -> str:
    recall = f" · {NEIGHBOURS}-NN recall {row['recall']:.2f}" if np.isfinite(row["recall"]) else ""
    return f"trustworthiness {row['trustworthiness']:.3f}{recall}"


def _coloured(rows: pd.DataFrame, colouring: str, theme: Theme, limit: float, margin: str) -> Colours:
    if colouring == "correct":
        return by_correctness(rows, theme.good, theme.bad)
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
