"""Training curves as small multiples: a panel a ticket with its curve and interval, the others behind it in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import heading
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Style, Theme
from app.views.dynamics.charts.curves import axis, band, epochs, line, measured, ring

ROW = 96  # letters of names that stand side by side
WIDEST = 6  # panels in a row
PANEL, MARGINS, TOP, SIDE = 168, 92, 28, 48  # pixels: of a row of panels, round them, above, for ticks beside them


@drawn
def panels(
    curves: pd.DataFrame,
    stops: pd.DataFrame,
    styles: Mapping[str, Style],
    measure: str,
    theme: Theme,
    score: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw the same as `curves.training` where lines are too many for one picture; all panels have the same axes."""
    shown = [key for key in styles if (curves["key"] == key).any()]
    longest = max((len(styles[key].label) for key in shown), default=1)
    columns = max(min(WIDEST, ROW // longest, len(shown)), 1)
    rows = -(-max(len(shown), 1) // columns)
    height = PANEL * rows + MARGINS
    chart = make_subplots(
        rows, columns, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.014,
        vertical_spacing=min(34 / height, 1 / max(rows - 1, 1)),
    )  # fmt: skip
    chart.update_layout(template=theme.template, height=height, showlegend=False, margin_t=TOP, margin_l=SIDE + 42)
    own = {key: curves[curves["key"] == key].sort_values("epoch") for key in shown}
    of = measured(measure, score, curves)
    place = of.place
    gap = [[np.nan], [np.nan]]  # so that no two curves are joined
    points = {key: np.hstack([[rows["epoch"], place(rows["mean"])], gap]) for key, rows in own.items()}
    traces: list[go.Scatter] = []
    panel: list[int] = []
    for number, key in enumerate(shown):
        others = [points[other] for other in shown if other != key]
        mine = [_grey(others, theme), *band(own[key], styles[key], place)]
        mine.append(go.Scatter(**line(own[key], styles[key], key, of, 1)))
        here = stops[stops["key"] == key].itertuples()
        mine += [go.Scatter(**ring(stop, own[key], styles[key], theme, place)) for stop in here]
        traces += mine
        panel += [number] * len(mine)
        heading(chart, number + 1, styles[key], small=True)
    # all at once: one by one each would copy those before it
    chart.add_traces(traces, rows=[each // columns + 1 for each in panel], cols=[each % columns + 1 for each in panel])
    last = float(curves["epoch"].max()) if len(curves) else 1.0
    vertical = axis(curves, of)
    title = str(vertical.pop("title_text")).replace(" (", "<br>(")
    chart.update_xaxes(range=[0, 1.03 * last], tickvals=epochs(last)[::2], showgrid=False)
    chart.update_yaxes(**vertical)
    chart.update_xaxes(title_text="Epoch of the last training", row=rows, col=(columns + 1) // 2)
    # as an axis' title it would stand beside one row of panels, and be longer than that is high
    chart.add_annotation(
        text=title, x=0, y=0.5, xref="paper", yref="paper", xanchor="right", xshift=-SIDE, textangle=-90,
        showarrow=False, font={"size": 13, "color": theme.muted},
    )  # fmt: skip
    return chart


def _grey(curves: Sequence[np.ndarray], theme: Theme) -> go.Scatter:
    """Other tickets' curves, each [2, points], as one faint trace."""
    x, y = np.hstack(curves) if curves else np.empty((2, 0))
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"width": 1, "color": fade(theme.muted, 0.28)},
        hoverinfo="skip",
        showlegend=False,
    )
