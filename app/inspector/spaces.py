"""Where the image lies in each ticket's feature space: its way over severities, and its neighbours as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from torch import Tensor

from analysis.comparisons.one_image import near
from analysis.corruptions.conditions import CLEAN
from analysis.engine.live import Features
from analysis.metrics.neighbours import NEIGHBOURS
from app.condition import condition_text
from app.inspector.subject import Subject
from app.pictures.grid import thumbnail
from app.shell.theme import Theme

PICTURES = 6
HEIGHT = 210


def neighbours(subject: Subject, among: dict[str, Features], training: bool) -> dict[tuple[str, int], pd.DataFrame]:
    """(Ticket id, view) -> its nearest in the ticket's space, of the views that stand side by side.

    `among` are features of all clean images, of the test images or of training images.
    """
    itself = None if training else subject.sample
    return {
        (ticket.id, view): near(among[ticket.id], subject.seen[ticket.id].features[view], NEIGHBOURS, itself)
        for ticket in subject.tickets
        for view in subject.shown
    }


def neighbours_html(
    subject: Subject, found: dict[tuple[str, int], pd.DataFrame], pictures: Tensor, training: bool
) -> str:
    """The pictures, a line a ticket and view, framed by whether the ticket is right on them, and how many agree."""
    classes, theme = subject.selection.study.classes, subject.selection.theme
    lines = ""
    for ticket in subject.tickets:
        said = agreement([found[ticket.id, view] for view in subject.shown], subject.label)
        dot = f'<i style="background:{ticket.style.color}"></i>'
        lines += f'<div class="name">{dot}{escape(ticket.label)}<span>{said}</span></div>'
        for view in subject.shown:
            own = found[ticket.id, view].head(PICTURES).to_dict("records")
            where = "clean" if view == 0 else condition_text(subject.condition)
            lines += f'<div class="line"><span>{escape(where)}</span>'
            lines += "".join(_neighbour(row, pictures, classes, theme, training) for row in own)
            lines += "<em>nobody</em></div>" if not own else "</div>"
    return f'<div class="near">{lines}</div>'


def agreement(found: Sequence[pd.DataFrame], label: int) -> str:
    """How many neighbours are of a class, clean and corrupted: `of its class 13 → 7 of 15`; "" where there are none."""
    counts = [int((near["label"] == label).sum()) for near in found]
    most = max(map(len, found), default=0)
    return f"of its class {' → '.join(map(str, counts))} of {most}" if most else ""


def chart(subject: Subject, table: pd.DataFrame) -> go.Figure:
    """Gap and length over severities, a line a ticket; `table` as `one_image.path` has it."""
    theme = subject.selection.theme
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.16)
    severities = [severity for _, severity in subject.views]
    for ticket in subject.tickets:
        own = table[table["network"] == ticket.id].sort_values("view")
        right = own["prediction"] == subject.label
        for column, (measure, form) in enumerate((("gap", "%{y:.1f}°"), ("relative_length", "%{y:.2f}")), 1):
            figure.add_scatter(
                x=severities, y=own[measure], mode="lines+markers", row=1, col=column, showlegend=False,
                line={"color": ticket.style.color, "width": 2, "dash": ticket.style.dash},
                marker={"size": 7, "symbol": np.where(right, "circle", "x"), "color": ticket.style.color},
                hovertemplate=f"<b>{ticket.label}</b> %{{x}}: {form}<extra></extra>",
            )  # fmt: skip
    figure.add_hline(0, line={"color": theme.muted, "width": 1, "dash": "dot"}, row=1, col=1)
    if subject.condition != CLEAN:
        figure.add_vline(subject.condition[1], line={"color": theme.muted, "width": 1}, opacity=0.5)
    figure.update_layout(
        template=theme.template, height=HEIGHT, margin={"l": 4, "r": 6, "t": 26, "b": 4}, dragmode=False
    )
    figure.update_xaxes(
        tickvals=severities, range=[-0.3, max([*severities, 1]) + 0.3], showgrid=False, title_text="Severity"
    )
    for column, title in enumerate(("Gap (°)", "Length (1 = clean)"), 1):
        figure.add_annotation(
            text=title, x=0, y=1, xref=f"x{'' if column == 1 else 2} domain", yref="paper", xanchor="left",
            yanchor="bottom", yshift=4, showarrow=False, font={"size": 12.5, "color": theme.muted},
        )  # fmt: skip
    return figure


def _neighbour(row: dict[str, int], pictures: Tensor, classes: tuple[str, ...], theme: Theme, training: bool) -> str:
    sample, label, read = (int(row[name]) for name in ("sample", "label", "prediction"))
    what = "Training image" if training else "Image"
    title = escape(f"{what} {sample}, {classes[label]}, taken for {classes[read]}")
    frame = theme.good if label == read else theme.bad
    image = f'<img src="{thumbnail(pictures[sample].numpy())}" alt="{title}" style="--frame:{frame}">'
    if training:
        return f'<span title="{title}">{image}</span>'
    return f'<button type="button" title="{title}" data-ask=\'{{"sample": {sample}}}\'>{image}</button>'
