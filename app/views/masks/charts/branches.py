"""What was tried by hand, as a small tree: a point a state, from left to right."""

from __future__ import annotations

import plotly.graph_objects as go

from app.charts.base import figure
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.masks.branches import Branches

ROW = 34  # pixels a branch
MOST = 12  # steps up to which every state has its number


@drawn
def branches(tried: Branches, theme: Theme) -> go.Figure:
    """Draw the states with their accuracy on clean images; the one looked at is full.

    Args:
        tried: all states.
        theme: light or dark colours.
    """
    places = tried.places()
    deepest, lowest = (max(each) for each in zip(*places, strict=True))
    chart = figure(theme, 52 + ROW * (lowest + 1), showlegend=False, margin={"t": 12, "b": 8, "l": 12, "r": 12})
    for (x, y), state in zip(places, tried.states, strict=True):
        if state.parent is not None:
            x0, y0 = places[state.parent]
            line = {"color": theme.muted, "width": 1.2}
            chart.add_scatter(x=[x0, x0 + 0.5, x], y=[y0, y, y], mode="lines", line=line, hoverinfo="skip")
    here = [place == tried.current for place in range(len(places))]
    texts = [next((f"{100 * value:.1f}" for value in state.accuracies.values()), "") for state in tried.states]
    chart.add_scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        mode="markers+text",
        text=[text if at or deepest <= MOST else "" for text, at in zip(texts, here, strict=True)],
        textposition="top center",
        textfont={"size": 12, "color": theme.ink},
        marker={
            "size": 13,
            "color": [theme.accent if at else theme.surface for at in here],
            "line": {"width": 1.8, "color": [theme.accent if at else theme.muted for at in here]},
            "opacity": 1,
        },
        customdata=list(range(len(places))),
        hovertext=[
            "<br>".join(
                [
                    f"<b>{100 * state.kept:.1f} % of the weights kept</b>",
                    *(f"{name}: {100 * value:.1f} %" for name, value in state.accuracies.items()),
                ]
            )
            for state in tried.states
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
    )
    wide = {"showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True}
    chart.update_xaxes(range=[-0.4, max(deepest, 4) + 0.4], **wide)
    chart.update_yaxes(range=[lowest + 0.5, -0.9], **wide)
    return chart
