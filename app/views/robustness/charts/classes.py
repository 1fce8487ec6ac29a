"""What pruning costs each class: a map of tickets by classes, and a panel a ticket with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.statistics.verdicts import DIFFERS
from app.charts.base import NOISE, heading
from app.charts.dendrogram import clustered_heat_map
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, signed
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.panels import panels

PER_ROW = 3
PANEL, HEADING, FOOT = 140, 30, 34  # pixels
NAMED = 24  # classes, beyond which their names, and numbers in cells, find no room
MOST = 40  # classes in the map


def shown_classes(by_class: pd.DataFrame) -> list[int]:
    """The classes that the map has room for: all, or the `MOST` on which the tickets' changes are largest."""
    size = by_class["change"].abs().groupby(by_class["class"]).max()
    return sorted(int(label) for label in size.nlargest(MOST).index)


@drawn
def cost_map(by_class: pd.DataFrame, tickets: Mapping[str, Style], classes: Sequence[str], theme: Theme) -> go.Figure:
    """The change of accuracy for each ticket (rows) and class (columns), in points.

    Paler, with a ring in place of the number, are changes that are not shown to differ from 0. Outlined are classes
    that are hit harder, or spared more, than the others beyond chance.

    `by_class`: the table of `analysis.comparisons.classes.Costs`. `classes`: names of all classes.
    """
    columns = shown_classes(by_class)
    rows = by_class.set_index(["key", "class"]).reindex(pd.MultiIndex.from_product([list(tickets), columns]))
    shape = len(tickets), len(columns)
    change = 100 * rows["change"].to_numpy(float).reshape(shape)
    beyond = rows["beyond_chance"].eq(True).to_numpy().reshape(shape)
    texts = np.array([signed(value) for value in change.ravel()], dtype=object)
    hover = [_hover(row) for row in rows.reset_index().to_dict("records")]
    limit = max(1.0, float(np.nanmax(np.abs(change)))) if rows.size else 1.0
    names = [str(label) for label in columns]
    figure = clustered_heat_map(
        pd.DataFrame(change, list(tickets), names),
        None, None, (theme.diverging, -limit, limit), "points", theme,
        texts=texts.reshape(shape) if len(columns) <= NAMED else None,
        hover=np.array(hover, dtype=object).reshape(shape),
        faded=(rows["change"].notna() & rows["verdict"].ne(DIFFERS)).to_numpy().reshape(shape),
        row_labels={key: f'{style.label} <span style="color:{style.color}">●</span>' for key, style in tickets.items()},
        column_labels={str(label): classes[label] for label in columns},
    )  # fmt: skip
    if max((len(classes[label]) for label in columns), default=0) <= 3:
        figure.update_layout(
            xaxis={"tickangle": 0, "title": {"text": "class", "standoff": 4}},
            margin={"b": 46}, height=figure.layout.height + 46 - figure.layout.margin.b,
        )  # fmt: skip
    for line, place in np.argwhere(beyond):
        figure.add_shape(
            type="rect", x0=place - 0.47, x1=place + 0.47, y0=line - 0.46, y1=line + 0.46,
            line={"color": theme.ink, "width": 1.6}, layer="above",
        )  # fmt: skip
    return figure


@drawn
def costs(
    by_class: pd.DataFrame, by_ticket: pd.DataFrame, tickets: Mapping[str, Style], classes: Sequence[str], theme: Theme
) -> go.Figure:
    """The change of accuracy in each class with its 95 % interval, and a line at the change over all images.

    Classes that are hit harder or spared more than by chance are filled, the others are rings.

    Args:
        by_class: the table of `analysis.comparisons.classes.Costs`.
        by_ticket: that by ticket.
        tickets: key -> style, in the order shown.
        classes: names of the classes.
        theme: light or dark colours.
    """
    figure, places = panels(tickets, theme, PER_ROW, PANEL, (HEADING, FOOT), 0.025, shared_yaxes="all")
    figure.update_layout(margin={"r": 12}, showlegend=False)
    overall = by_ticket.set_index("key")
    for key, style, number, line, column, _ in places:
        own = by_class[by_class["key"] == key].sort_values("class")
        figure.add_trace(_dots(own, style, classes, theme), line, column)
        mean = 100 * float(overall.at[key, "change"])
        figure.add_hline(y=0, line={"color": theme.muted, "width": 1}, row=line, col=column)
        figure.add_hline(y=mean, line={"color": style.color, "width": 1.2, "dash": "dash"}, row=line, col=column)
        heading(figure, number, style, "uneven" if overall.at[key, "uneven"] else "")
        if column == 1:
            figure.update_yaxes(title_text="points", row=line, col=column)
    present = sorted(int(label) for label in by_class["class"].unique())
    if len(present) <= NAMED:
        figure.update_xaxes(tickvals=present, ticktext=[classes[label] for label in present])
    figure.update_xaxes(showgrid=False, range=[-0.6, (max(present) if present else 0) + 0.6])
    figure.update_yaxes(tickformat="+.3~g")
    return figure


def _dots(rows: pd.DataFrame, style: Style, classes: Sequence[str], theme: Theme) -> go.Scatter:
    each = 100 * rows[["change", "low", "high"]].to_numpy(float)
    beyond = rows["beyond_chance"].to_numpy(bool)
    return go.Scatter(
        x=rows["class"],
        y=each[:, 0],
        mode="markers",
        name=style.label,
        marker={
            "size": 8, "color": np.where(beyond, style.color, theme.surface).tolist(),
            "line": {"color": style.color, "width": 1.6},
        },
        error_y=error_bars(each[:, 0], each[:, 1], each[:, 2], fade(style.color, 0.6), 1.4),
        customdata=[[classes[row["class"]], _hover(row)] for row in rows.to_dict("records")],
        hovertemplate=f"<b>{style.label}</b>, class %{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def _hover(row: Mapping[str, float]) -> str:
    if row["beyond_chance"] is True:
        told = "changes otherwise than the other classes"
    else:
        told = f"{NOISE} not shown to change otherwise than the other classes"
    return (
        f"<b>{signed(100 * row['change'])} points</b>{bracket(row['low'], row['high'], '{:+.1f}')}, "
        f"{row['n']:.0f} images: {row['verdict']}<br>{told}"
    )
