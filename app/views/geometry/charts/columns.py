"""One column a ticket, and in it one point a sample: the frame of the charts whose samples are linked.

Traces whose `meta` is of kind `SAMPLES` hold one point a sample, with the sample's number as `customdata` and numbers
into the palette of `meta` as colours: `app.linked` draws them, and marks the same samples in all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.comparisons.marked_samples import correct
from app.shell.theme import Style, Theme

SAMPLES = "samples"
Tickets = Mapping[str, Style]
"""Ticket id -> how it is drawn, in the order of the columns."""

LEFT = 62  # pixels for the ticks and the title of the y axis
Colours = tuple[list[str], np.ndarray]
"""Some `#rrggbb`, at least two, and for each row the place of its own among them."""

BELOW = 56  # and for those of the x axes
HEADING, LINE = 58, 16  # pixels over the columns: the ticket's name, and a line below it; a line more
NARROW = 4  # columns: a note does not fit on one line
LOOKS = ((3_000, 4, 0.6), (30_000, 3, 0.4), (200_000, 2, 0.25), (math.inf, 1.5, 0.12))
"""Up to how many samples in a column points have which diameter, in pixels, and which opacity."""


def columns(tickets: Tickets, theme: Theme, height: int, notes: Mapping[str, str] | None = None) -> go.Figure:
    """An empty figure with a headed column for each ticket; `notes` (ticket id -> text) stand under the headings.

    Columns lie at the same places whatever the chart, so that charts under one another align.
    """
    count = max(1, len(tickets))
    broken = {key: _broken(note) if count >= NARROW else note for key, note in (notes or {}).items()}
    more = max((note.count("<br>") for note in broken.values()), default=0)
    figure = make_subplots(rows=1, cols=count, horizontal_spacing=0.07 / count if count > 1 else 0)
    figure.update_layout(
        template=theme.template,
        height=height + LINE * more,
        margin={"l": LEFT, "r": 16, "t": HEADING + LINE * more, "b": BELOW},
        showlegend=False,
        dragmode="lasso",
        selectdirection="any",
    )
    figure.update_xaxes(automargin=False)
    figure.update_yaxes(automargin=False)
    headings = []
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        note = broken.get(ticket, "")
        heading = f'<span style="color:{style.color}">●</span> <b>{style.label}</b>'
        if note:
            heading += f'<br><span style="color:{theme.muted};font-size:12px">{note}</span>'
        headings.append(
            {
                "text": heading, "x": 0, "y": 1, "xref": f"{axis('x', column)} domain", "yref": "paper",
                "xanchor": "left", "yanchor": "bottom", "yshift": 6, "align": "left", "showarrow": False,
                "font": {"size": 14, "color": theme.ink},
            }
        )  # fmt: skip
    annotate(figure, headings)
    return figure


def _broken(note: str) -> str:
    """A note of parts, the last one on a line of its own."""
    return "<br>".join(note.rsplit(" · ", 1))


def title_across(figure: go.Figure, text: str, theme: Theme) -> None:
    """Give the horizontal axes of all columns one title, in the middle: narrow columns would cut one of their own."""
    middle = {"text": text, "x": 0.5, "y": 0, "xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "top"}
    font = {"size": 13, "color": theme.muted}
    annotate(figure, [{**middle, "yshift": -26, "showarrow": False, "font": font}])


def axis(letter: str, column: int) -> str:
    """The name that plotly gives to a column's axis: `x`, `x2`, ..."""
    return f"{letter}{column if column > 1 else ''}"


def annotate(figure: go.Figure, annotations: Sequence[Mapping[str, object]]) -> None:
    """Add annotations all at once: plotly copies those that are there for each that is added by itself."""
    there = [note.to_plotly_json() for note in figure.layout.annotations]
    figure.layout.annotations = [*there, *annotations]


def of_ticket(frame: pd.DataFrame, ticket: str, finite: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of one ticket whose `finite` columns have a value, misclassified ones last: drawn on top."""
    rows = frame[frame["ticket_id"] == ticket].dropna(subset=list(finite))
    return rows.iloc[np.argsort(~correct(rows), kind="stable")]


def points(
    rows: pd.DataFrame,
    x: str,
    y: str,
    colours: Colours,
    label: str,
    classes: Sequence[str],
    detail: str = "",
) -> go.Scattergl:
    """The samples as points that can be lassoed; the hover names sample, class, prediction and confidence.

    Plotly only keeps them: `app.linked` draws, finds and names the points, so their chart needs ranges of its axes, and
    must stand in a container that is linked.

    Args:
        rows: columns sample, label, prediction, confidence, `x` and `y`; NaN places are not drawn.
        x: the column along the x axis.
        y: the column along the y axis.
        colours: of each row.
        label: the ticket's name.
        classes: names of the classes.
        detail: a line more for the hover, with `%{x:.2f}` and `%{y:.1f}` for the place.
    """
    palette, codes = colours
    size, opacity = next(look for most, *look in LOOKS if len(rows) <= most)
    percent = np.round(100 * np.nan_to_num(rows["confidence"].to_numpy(float)))
    hover = {
        "classes": list(classes),
        "label": _small(rows["label"].to_numpy()),
        "prediction": _small(rows["prediction"].to_numpy()),
        "percent": _small(percent),
        "detail": detail,
    }
    # Numbers in place of colours and texts, in the smallest type that holds them: each point of each chart is sent.
    return go.Scattergl(
        x=rows[x].to_numpy(np.float32),
        y=rows[y].to_numpy(np.float32),
        customdata=_small(rows["sample"].to_numpy()),
        mode="markers",
        visible="legendonly",
        meta={"kind": SAMPLES, "palette": palette, "hover": hover},
        name=label,
        marker={"size": size, "opacity": opacity, "color": _small(codes)},
    )


def by_correctness(rows: pd.DataFrame, colour: str, wrong: str) -> Colours:
    """The colour of a ticket for what is right, `wrong` for what is not."""
    return [colour, wrong], (~correct(rows)).astype(int)


def _small(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers, not negative, in the smallest type that holds them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def key(figure: go.Figure, entries: Mapping[str, str]) -> None:
    """A legend of coloured dots over the headings, at the left as buttons appear at the right: text -> `#rrggbb`."""
    for text, colour in entries.items():
        dot = {"size": 8, "color": colour}
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", name=text, marker=dot, hoverinfo="skip"))
        figure.data[-1].showlegend = True
    top = 1 + 24 / max(1, figure.layout.height - 100)
    figure.update_layout(showlegend=True, legend={"x": 0, "xanchor": "left", "y": top, "yanchor": "bottom"})
    figure.update_layout(legend={"itemclick": False, "itemdoubleclick": False})
    for trace in figure.data[: -len(entries)]:
        trace.showlegend = bool(trace.showlegend)
