"""A panel a ticket, in rows: the frame of the charts that show each ticket by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.shell.theme import Style, Theme


class Panel(NamedTuple):
    """A ticket's place among the panels.

    Its key and style, its number, row and column, each from 1, and whether no panel stands below it.
    """

    key: str
    style: Style
    number: int
    row: int
    column: int
    lowest: bool


def panels(
    tickets: Mapping[str, Style],
    theme: Theme,
    per_row: int,
    height: int,
    around: tuple[int, int],
    gap: float = 0.02,
    **shared: object,
) -> tuple[go.Figure, list[Panel]]:
    """An empty figure with a panel a ticket, and where each stands.

    Args:
        tickets: key -> style, in the order shown.
        theme: light or dark colours.
        per_row: panels side by side at most.
        height: of a panel in pixels.
        around: pixels over a panel, for its heading, and under it, for its axis.
        gap: between two panels side by side, as a share of the width.
        shared: which axes are shared, as `plotly.subplots.make_subplots` takes it.
    """
    lines = max(1, -(-len(tickets) // per_row))
    columns = max(1, -(-len(tickets) // lines))  # of six, where five would fit, three and three
    whole = lines * (height + sum(around))
    figure = make_subplots(
        rows=lines, cols=columns, horizontal_spacing=gap,
        vertical_spacing=sum(around) / (whole - sum(around)) if lines > 1 else 0, **shared,
    )  # fmt: skip
    over, under = around
    figure.update_layout(template=theme.template, height=whole, margin={"l": 8, "r": 8, "t": over, "b": under})
    places = [
        Panel(key, style, at + 1, at // columns + 1, at % columns + 1, at + columns >= len(tickets))
        for at, (key, style) in enumerate(tickets.items())
    ]
    return figure, places
