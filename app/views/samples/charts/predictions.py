"""One sample classified by every ticket: a table under its pictures, and a chart of all conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.corruptions.conditions import CLEAN, Condition
from app.charts.names import name, ordered
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

ROW = 26  # pixels a ticket
CROWDED = 40  # columns, from which on slanted labels would lie on one another
SMALLEST, LARGEST = 0.62, 0.86  # sizes of letters in the table, in rem
ROOM = 7.1  # rem that a name has in a narrow cell, times what letters are higher than wide


def predictions(
    rows: pd.DataFrame, tickets: Mapping[str, Style], columns: Mapping[int, str], label: int, classes: Sequence[str],
    theme: Theme,
) -> str:  # fmt: skip
    """What each ticket predicts for the sample, as an HTML table: a row a ticket, a column a severity.

    Args:
        rows: ticket_id, severity, prediction, confidence (fraction), of one sample under one corruption, severity 0
            being the clean image.
        tickets: ticket id -> style, in order.
        columns: severity -> the image's data URI ("" when there is none), in order.
        label: the sample's true class.
        classes: names of the classes.
        theme: light or dark colours.
    """
    cells = {(row.ticket_id, int(row.severity)): row for row in rows.itertuples()}
    heads = "".join(f"<th>{_picture(uri)}<small>{_severity(level)}</small></th>" for level, uri in columns.items())
    body = "".join(
        f'<tr><th><i style="background:{style.color}"></i>{escape(style.label)}</th>'
        + "".join(_cell(cells.get((ticket, level)), label, classes, theme) for level in columns)
        + "</tr>"
        for ticket, style in tickets.items()
    )
    longest = max((len(classes[int(row.prediction)]) for row in cells.values()), default=1)
    size = min(max(SMALLEST, ROOM / longest), LARGEST)
    table = f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="readings" style="--name: {size:.2f}rem">{table}</div>'


@drawn
def conditions(
    rows: pd.DataFrame, tickets: Mapping[str, Style], label: int, classes: Sequence[str], theme: Theme
) -> go.Figure:
    """Every ticket under every condition: correct or misclassified by hue, the confidence by strength.

    `rows`: ticket_id, corruption, severity, prediction, confidence (fraction) of one sample.
    """
    order = _order(rows)
    grid = rows.set_index(["ticket_id", "corruption", "severity"])[["prediction", "confidence"]]
    grid = grid.reindex(pd.MultiIndex.from_tuples([(ticket, *place) for ticket in tickets for place in order]))
    shape = len(tickets), len(order)
    sure = grid["confidence"].to_numpy(float).reshape(shape)
    guess = grid["prediction"].to_numpy(float).reshape(shape)
    right = guess == label
    told = np.empty(shape, dtype=object)
    for at in np.ndindex(shape):
        read = (
            "not measured"
            if np.isnan(guess[at])
            else f"predicted {classes[int(guess[at])]} (confidence {100 * sure[at]:.0f} %)"
        )
        told[at] = f"{_place(order[at[1]])}<br>{read}{', correct' if right[at] else ''}"
    labels = np.repeat(np.array([style.label for style in tickets.values()], dtype=object), len(order)).reshape(shape)
    x = list(range(len(order)))
    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=np.where(right, sure, -sure),
            x=x,
            y=list(range(len(tickets))),
            customdata=np.stack([labels, told], axis=-1),
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
            hoverongaps=False,
            zmin=-1,
            zmax=1,
            colorscale=[list(step) for step in theme.diverging],
            colorbar={
                "title": {"text": "confidence", "side": "right"},
                "tickvals": [-1, 0, 1],
                "ticktext": ["wrong", "0", "correct"],
                "thickness": 10,
            },
            xgap=1,
            ygap=1.5,
        )
    )
    figure.update_layout(
        template=theme.template, height=ROW * len(tickets) + 130, margin={"l": 8, "r": 8, "t": 8, "b": 8}
    )
    corruptions = [corruption for corruption in dict.fromkeys(place[0] for place in order) if corruption]
    middles = {
        corruption: [at for at, place in enumerate(order) if place[0] == corruption] for corruption in corruptions
    }
    figure.update_xaxes(
        tickvals=[float(np.mean(found)) for found in middles.values()],
        ticktext=[_group(corruption) for corruption in middles],
        tickangle=-90 if len(order) > CROWDED else -35,
        tickfont={"size": 11 if len(order) > CROWDED else 13},
        showgrid=False,
    )
    names = [style.label for style in tickets.values()]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )
    return figure


SPACE: Condition = ("", 0)  # an empty column between two corruptions


def _order(rows: pd.DataFrame) -> list[Condition]:
    """Columns from left to right: clean, the common corruptions, the extra ones; severities rising, gaps between."""
    present = rows[["corruption", "severity"]].drop_duplicates()
    standard, extra = ordered(present["corruption"])
    order: list[Condition] = []
    for corruption in [CLEAN[0], *standard, *extra]:
        levels = sorted(present.loc[present["corruption"] == corruption, "severity"])
        # The label of a single column needs more room than the column has.
        narrow = len(order) > 1 and order[-2] == SPACE
        order += [SPACE] * (len(levels) > 0 and len(order) > 0) + [SPACE] * (2 if len(levels) == 1 and narrow else 0)
        order += [(corruption, int(level)) for level in levels]
    return order


def _place(condition: Condition) -> str:
    return "clean" if condition == CLEAN else f"{name(condition[0])}, severity {condition[1]}"


def _group(corruption: str) -> str:
    return "clean" if corruption == "clean" else name(corruption)


def _severity(level: int) -> str:
    return "clean" if level == 0 else f"severity {level}"


def _picture(uri: str) -> str:
    return f'<img src="{escape(uri)}" alt="">' if uri else ""


def _cell(row: object, label: int, classes: Sequence[str], theme: Theme) -> str:
    if row is None:
        return "<td>–</td>"
    guess, sure = int(row.prediction), float(row.confidence)  # type: ignore[attr-defined]
    colour = theme.good if guess == label else theme.bad
    tint = fade(colour, 0.08 + 0.3 * sure)
    named, told = escape(classes[guess]), f"{'' if guess == label else '✗ '}{100 * sure:.0f}\u00a0%"
    return f'<td style="background:{tint}" title="{named}"><b>{named}</b> <small>{told}</small></td>'
