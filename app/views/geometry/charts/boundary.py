"""The images of two classes on the plane on which the boundary between the two is a straight line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.geometry.charts.columns import HEADING, Colours, Tickets, columns, key, of_ticket, points
from app.views.geometry.charts.local import HEIGHT, common_ranges, label_axes, outline
from app.views.geometry.charts.marginals import Part, add_marginals, places


@drawn
def pair_plane(
    rows: pd.DataFrame,
    boundaries: pd.DataFrame,
    tickets: Tickets,
    classes: Sequence[str],
    theme: Theme,
    pair: tuple[int, int],
    clean: pd.DataFrame | None = None,
) -> go.Figure:
    """Projection across the boundary against the rest of the length, the boundary as a line.

    Args:
        rows: of `local_geometry.pair_plane`.
        boundaries: likewise.
        tickets: id -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
        pair: the two classes.
        clean: the rows of the clean images, drawn as outlines where `rows` are of corrupted ones.
    """
    shares = boundaries.set_index("ticket_id")["own"]
    notes = {ticket: f"{100 * shares[ticket]:.1f} % on the side of their own class" if np.isfinite(shares[ticket])
             else "no boundary: both classes have one direction" for ticket in tickets if ticket in shares}  # fmt: skip
    figure = columns(tickets, theme, HEIGHT + 22, notes)
    ranges = common_ranges([rows] if clean is None else [rows, clean], "across", "rest")
    colours = [theme.classes[each % len(theme.classes)] for each in pair]
    lines, parts = boundaries.set_index("ticket_id")["boundary"], []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        own = of_ticket(rows, ticket, ["across", "rest"])
        for label, colour in zip(pair, colours, strict=True):
            if clean is not None:
                before = of_ticket(clean, ticket, ["across", "rest"])
                start = places(before[before["label"] == label], "across", "rest")
                figure.add_trace(outline(start, ranges, colour), 1, column)
        codes: Colours = colours, (own["label"].to_numpy(int) == pair[1]).astype(int)
        detail = "across %{x:.3f}, rest %{y:.2f}"
        figure.add_trace(points(own, "across", "rest", codes, style.label, classes, detail), 1, column)
        if np.isfinite(lines.get(ticket, np.nan)):
            figure.add_vline(lines[ticket], line={"color": theme.ink, "width": 1.6}, row=1, col=column)
        parts.append(
            [
                Part(places(own[own["label"] == label], "across", "rest"), colour)
                for label, colour in zip(pair, colours, strict=True)
            ]
        )
    names = [str(classes[each]) for each in pair]
    key(figure, dict(zip(names, colours, strict=True)) | {"boundary": theme.ink})
    label_axes(
        figure, f"towards {names[0]}, away from {names[1]} →", "rest of the length (1 = mean of clean)", ranges, theme
    )
    figure.update_layout(margin_t=HEADING + 22, legend_y=1 + 46 / (HEIGHT - 100))  # over the notes
    add_marginals(figure, parts, ranges)
    return figure
