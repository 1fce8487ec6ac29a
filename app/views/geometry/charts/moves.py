"""How images move in gap and length: arrows averaged over places or classes, or the density of the change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.local_geometry import CLASS
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.geometry.charts.columns import Tickets, annotate, axis, by_correctness, columns, key, of_ticket, points
from app.views.geometry.charts.local import HEIGHT, X_TITLE, Y_TITLES, contours, label_axes, outline
from app.views.geometry.charts.marginals import Part, add_marginals, places
from app.views.geometry.charts.scatter import span

HEAD = 9  # pixels of an arrow's head
NAMED = 12  # more classes' names would hide the arrows
COLOURED = 40  # classes with a colour and a trace of their own


@drawn
def change_arrows(
    moved: pd.DataFrame, arrows: pd.DataFrame, tickets: Tickets, classes: Sequence[str], theme: Theme, over: str,
    what: str, start: str,
) -> go.Figure:  # fmt: skip
    """Arrows from where images were to where they are, over the points where they are and outlines of where they were.

    Args:
        moved: rows of `local_geometry.moves`.
        arrows: rows of `local_geometry.arrows`; those within noise are pale.
        tickets: id -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
        over: what the arrows are averaged over, "cell" or "class".
        what: "gap" or "angle".
        start: what the arrows start from, in words.
    """
    figure = columns(tickets, theme, HEIGHT)
    ends = [np.concatenate([moved[f"{at}_before"], moved[f"{at}_after"]]) for at in ("x", "y")]
    if over == CLASS:  # its arrows are short: what lies far out would make them shorter
        ends = [np.clip(each, *np.nanquantile(each, [0.02, 0.98])) for each in ends]
    ranges = span(ends[0]), span(ends[1])
    parts, names = [], []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(moved, ticket, ["x_before", "x_after", "y_before", "y_after"])
        before, after = places(rows, "x_before", "y_before"), places(rows, "x_after", "y_after")
        figure.add_trace(outline(before, ranges, theme.muted), 1, column)
        ink = by_correctness(rows, style.color, theme.ink)
        faint = points(rows, "x_after", "y_after", ink, style.label, classes, f"length %{{x:.2f}}, {what} %{{y:.1f}}°")
        faint.marker.opacity = 0.22
        figure.add_trace(faint, 1, column)
        own = arrows[arrows["ticket_id"] == ticket]
        for noise in (True, False):
            _arrows(figure, own[own["within_noise"] == noise], column, classes, theme, over, noise)
        if over == CLASS and len(own) <= NAMED:
            names += _names(own, column, classes, theme)
        parts.append([Part(before, theme.muted), Part(after, style.color)])
    annotate(figure, names)
    key(figure, {f"{start} (outline)": theme.muted, "arrow within noise": fade(theme.ink, 0.3)})
    label_axes(figure, f"{X_TITLE} (1 = mean of clean)", f"{Y_TITLES[what]} (degrees)", ranges, theme)
    if what == "gap":
        figure.add_hline(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    add_marginals(figure, parts, ranges)
    return figure


@drawn
def change_density(moved: pd.DataFrame, tickets: Tickets, classes: Sequence[str], theme: Theme, what: str) -> go.Figure:
    """The change of the gap, or angle, against that of the length, a point an image over contours of their density."""
    figure = columns(tickets, theme, HEIGHT)
    ranges = span(np.append(moved["x_move"], 0.0)), span(np.append(moved["y_move"], 0.0))
    parts = []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        rows = of_ticket(moved, ticket, ["x_move", "y_move"])
        change = places(rows, "x_move", "y_move")
        figure.add_trace(contours(change, ranges, style.color), 1, column)
        ink = by_correctness(rows, style.color, theme.ink)
        detail = f"length %{{x:+.2f}}, {what} %{{y:+.1f}}°"
        figure.add_trace(points(rows, "x_move", "y_move", ink, style.label, classes, detail), 1, column)
        parts.append([Part(change, style.color)])
    key(figure, {"misclassified": theme.ink})
    label_axes(figure, "change of length (1 = mean of clean)", f"change of {what} (degrees)", ranges, theme)
    for line in (figure.add_hline, figure.add_vline):
        line(0, line={"color": theme.muted, "width": 1.2, "dash": "dot"})
    add_marginals(figure, parts, ranges)
    return figure


def _arrows(
    figure: go.Figure, own: pd.DataFrame, column: int, classes: Sequence[str], theme: Theme, over: str, noise: bool
) -> None:
    """One trace for all arrows of one look, or one a class in its colour where there are not too many."""
    by_class = over == CLASS and len(own) <= COLOURED
    for rows in [own[own["group"] == each] for each in own["group"]] if by_class else [own]:
        if rows.empty:
            continue
        colour = theme.classes[int(rows["group"].iloc[0]) % len(theme.classes)] if by_class else theme.ink
        names = [str(classes[each]) if over == CLASS else "" for each in rows["group"]]
        texts = [_text(name, row) for name, row in zip(names, rows.itertuples(), strict=True)]
        figure.add_trace(_trace(rows, texts, fade(colour, 0.3 if noise else 1.0), over), 1, column)


def _trace(rows: pd.DataFrame, texts: list[str], colour: str, over: str) -> go.Scatter:
    gap = np.full(len(rows), np.nan)
    x, y = (np.column_stack([rows[f"{at}_before"], rows[f"{at}_after"], gap]).ravel() for at in ("x", "y"))
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colour, "width": 2.2 if over == CLASS else 1.6},
        marker={"symbol": "arrow", "angleref": "previous", "size": [0, HEAD, 0] * len(rows), "color": colour,
                "opacity": 1, "line": {"width": 0}},
        hovertext=[each for text in texts for each in ("", text, "")],
        hoverinfo="text",
    )  # fmt: skip


def _text(name: str, row: object) -> str:
    noise = "<br>within noise" if row.within_noise else ""  # type: ignore[attr-defined]
    n, x0, x1, y0, y1 = (getattr(row, each) for each in ("n", "x_before", "x_after", "y_before", "y_after"))
    head = f"<b>{name}</b><br>" if name else ""
    return f"{head}{n} images<br>length {x0:.2f} → {x1:.2f}<br>{y0:.1f}° → {y1:.1f}°{noise}"


def _names(own: pd.DataFrame, column: int, classes: Sequence[str], theme: Theme) -> list[dict[str, object]]:
    """Each class's name at its arrow's head."""
    return [
        {
            "text": f"<b>{classes[row.group]}</b>", "x": row.x_after, "y": row.y_after, "xref": axis("x", column),
            "yref": axis("y", column), "showarrow": False, "borderpad": 1, "bgcolor": fade(theme.surface, 0.75),
            "font": {"size": 12, "color": theme.classes[row.group % len(theme.classes)]},
            "xshift": -10 if row.x_after < row.x_before else 10,
        }
        for row in own.itertuples()
    ]  # fmt: skip
