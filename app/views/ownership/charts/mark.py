"""A code beside what is left of it in a mask, and where in the layer it lies."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.comparisons.ownership import Picture
from app.shell.drawn import drawn
from app.shell.theme import Theme

HEIGHT = 410
DEAD, ALIVE, LOST, EXTRA = range(4)
WORDS = ("dead", "alive", "dead, should be alive", "alive, should be dead")


@drawn
def mark(picture: Picture, theme: Theme) -> go.Figure:
    """Three panels: the owner's code, the window of the mask with what is wrong in it, the whole kernel map.

    Args:
        picture: of a mask.
        theme: colours of the page, light or dark.
    """
    found = picture.evidence
    side, (outputs, inputs) = len(picture.code), picture.kernels.shape
    place = f"{found.place.layer}, from output {found.place.row} and input {found.place.column}"
    titles = ("The owner's code", "What the mask has there", f"All kernels of {found.place.layer}")
    chart = make_subplots(1, 3, horizontal_spacing=0.08, subplot_titles=titles)
    legend = {"orientation": "h", "y": -0.06, "x": 0, "xanchor": "left", "yanchor": "top"}
    margin = {"t": 34, "l": 10, "r": 10, "b": 46}
    chart.update_layout(template=theme.template, height=HEIGHT, margin=margin, legend=legend)
    now = np.where(picture.there, ALIVE, DEAD)
    now = np.where(picture.lost, LOST, np.where(picture.extra, EXTRA, now))
    panels = (np.where(picture.code, ALIVE, DEAD), now, np.where(picture.kernels, ALIVE, DEAD))
    for column, states in enumerate(panels, 1):
        _modules(chart, states, column, theme, column == 3)
    for state in (ALIVE, DEAD, LOST, EXTRA):
        marker = {"symbol": "square", "size": 13, "color": _colours(theme)[state],
                  "line": {"width": 1, "color": theme.muted}}  # fmt: skip
        chart.add_scatter(
            x=[None], y=[None], mode="markers", name=f"kernel {WORDS[state]}", marker=marker, row=1, col=1
        )
    row, column = found.place.row, found.place.column
    chart.add_shape(
        type="rect", x0=column - 0.5, x1=column + side - 0.5, y0=row - 0.5, y1=row + side - 0.5,
        line={"color": theme.accent, "width": 3}, row=1, col=3,
    )  # fmt: skip
    chart.update_xaxes(title_text="input channel", title_standoff=4, col=3)
    chart.update_yaxes(title_text="output channel", title_standoff=4, col=3)
    chart.update_annotations(font={"size": 14, "color": theme.ink})
    chart.update_layout(meta={"place": place, "size": [outputs, inputs]})
    return chart


def _modules(chart: go.Figure, states: np.ndarray, column: int, theme: Theme, axes: bool) -> None:
    colours = _colours(theme)
    steps = [[(state + end) / len(colours), colour] for state, colour in enumerate(colours) for end in (0, 1)]
    words = np.array(WORDS, dtype=object)[states]
    chart.add_heatmap(
        z=states, zmin=-0.5, zmax=len(colours) - 0.5, colorscale=steps, showscale=False, xgap=0.4, ygap=0.4,
        customdata=words, hovertemplate="row %{y}, column %{x}: %{customdata}<extra></extra>", row=1, col=column,
    )  # fmt: skip
    number = "" if column == 1 else str(column)
    rows, columns = states.shape
    quiet = {
        "showgrid": False,
        "zeroline": False,
        "constrain": "domain",
        "fixedrange": True,
        "showline": False,
        "ticks": "",
    }
    chart.update_xaxes(**quiet, showticklabels=axes, range=[-0.5, columns - 0.5], row=1, col=column)
    chart.update_yaxes(
        **quiet, showticklabels=axes, range=[rows - 0.5, -0.5], scaleanchor=f"x{number}", row=1, col=column
    )


def _colours(theme: Theme) -> tuple[str, str, str, str]:
    """Of dead, alive, wrongly dead and wrongly alive: what is wrong has hues, what is right has none."""
    return theme.neither, theme.both, theme.only_b, theme.only_a
