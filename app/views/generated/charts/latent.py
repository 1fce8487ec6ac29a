"""Test images in the latent space, a panel a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import heading
from app.charts.name_places import pushed_apart
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT = 460
WIDE = 380  # pixels of a panel, about, for the places of names
COLLAPSED = 0.5  # codes no farther apart than this, where the prior's spread is 1, leave no room for names


@drawn
def latents(
    rows: pd.DataFrame, tickets: Mapping[str, Style], notes: Mapping[str, str], classes: Sequence[str], theme: Theme
) -> go.Figure:
    """Each ticket's plane of its own, a colour a class, the class's name at its middle.

    Args:
        rows: of the table `latent`.
        tickets: id -> style.
        notes: id -> a few words under its name.
        classes: names.
        theme: colours of the page, light or dark.
    """
    chart = make_subplots(1, len(tickets), horizontal_spacing=0.03)
    chart.update_layout(template=theme.template, height=HEIGHT, showlegend=False, margin={"t": 40})
    ranges = (_range(rows["x"]), _range(rows["y"]))
    for place, (ticket, style) in enumerate(tickets.items(), 1):
        own = rows[rows["ticket_id"] == ticket]
        for label, points in own.groupby("label"):
            colour = theme.classes[int(label) % len(theme.classes)]
            chart.add_scattergl(
                x=points["x"], y=points["y"], mode="markers",
                marker={"color": colour, "size": 6, "opacity": 0.75}, text=points["sample"],
                hovertemplate=f"<b>{classes[int(label)]}</b>, image %{{text}}<extra></extra>", row=1, col=place,
            )  # fmt: skip
        if len(classes) <= len(theme.classes):
            _name(chart, own, classes, theme, place, ranges)
        heading(chart, place, style, notes.get(ticket, ""))
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": True, "mirror": True}
    chart.update_xaxes(**bare, range=ranges[0], title_text="first component")
    chart.update_yaxes(**bare, range=ranges[1])
    chart.update_yaxes(title_text="second component", col=1)
    return chart


def _range(values: pd.Series) -> tuple[float, float]:
    """Of all panels: what the axes mean differs between networks, but not how far apart codes lie."""
    low, high = float(values.min()), float(values.max())
    air = 0.05 * (high - low) or 1.0
    return low - air, high + air


def _name(
    chart: go.Figure,
    own: pd.DataFrame,
    classes: Sequence[str],
    theme: Theme,
    place: int,
    ranges: Sequence[tuple[float, float]],
) -> None:
    """The class's name where its images lie, unless all of them lie in nearly one place."""
    middles = own.groupby("label")[["x", "y"]].median()
    if not float(np.ptp(own[["x", "y"]].to_numpy())) > COLLAPSED:
        return
    names = [classes[int(str(label))] for label in middles.index]
    size = (WIDE, HEIGHT - 90)
    moved = pushed_apart(middles.to_numpy(float), names, ranges, size).round(1)
    for name, (x, y), (right, up) in zip(names, middles.to_numpy(float), moved, strict=True):
        chart.add_annotation(
            x=x, y=y, xshift=right, yshift=up, text=f"<b>{name}</b>", showarrow=False, row=1, col=place,
            font={"size": 14, "color": theme.ink}, bgcolor=theme.surface, opacity=0.85, borderpad=1,
        )  # fmt: skip
