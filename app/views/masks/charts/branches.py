"""What was tried by hand, as a small tree: a point a state, from left to right."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app.charts.base import figure
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.masks.branches import Branches, State
from pruning.criteria import CRITERIA

ROW, NAMED_ROW = 34, 48  # pixels a branch; with names of criteria below the points
MOST = 12  # steps up to which every state has its number


def criterion_text(state: State) -> str:
    """What chose the weights of a state, in words; "" where all are kept."""
    return CRITERIA[state.criterion].label if state.criterion else ""


@drawn
def branches(tried: Branches, under: Sequence[str], theme: Theme) -> go.Figure:
    """Draw the states with their accuracy on clean images; the one looked at is full.

    Where criteria differ, each stands below the first state of those that it chose the weights of.

    Args:
        tried: all states.
        under: names of the conditions looked at, the clean one first.
        theme: light or dark colours.
    """
    places = tried.places()
    deepest, lowest = (max(each) for each in zip(*places, strict=True))
    several = len({state.criterion for state in tried.states if state.criterion}) > 1
    row = NAMED_ROW if several else ROW
    chart = figure(theme, 52 + row * (lowest + 1), showlegend=False, margin={"t": 12, "b": 8, "l": 12, "r": 12})
    for (x, y), state in zip(places, tried.states, strict=True):
        if state.parent is not None:
            x0, y0 = places[state.parent]
            line = {"color": theme.muted, "width": 1.2}
            chart.add_scatter(x=[x0, x0 + 0.5, x], y=[y0, y, y], mode="lines", line=line, hoverinfo="skip")
    here = [place == tried.current for place in range(len(places))]
    texts = [
        f"{100 * state.accuracies[under[0]]:.1f}" if under[0] in state.accuracies else "" for state in tried.states
    ]
    if several:
        begins = [(x, y + 0.34, criterion_text(state)) for (x, y), state in zip(places, tried.states, strict=True)
                  if state.criterion and state.criterion != _before(tried, state)]  # fmt: skip
        x_of, y_of, names = zip(*begins, strict=True)
        chart.add_scatter(x=x_of, y=y_of, mode="text", text=names, textposition="middle center", hoverinfo="skip",
                          textfont={"size": 11, "color": theme.muted}, cliponaxis=False)  # fmt: skip
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
        hovertext=[_hover(state, under) for state in tried.states],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
    )
    wide = {"showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True}
    chart.update_xaxes(range=[-0.4, max(deepest, 4) + 0.4], **wide)
    chart.update_yaxes(range=[lowest + 0.5, -0.9], **wide)
    return chart


def _before(tried: Branches, state: State) -> str:
    """What chose the weights of the state before; "" where there is none, or all were kept."""
    return "" if state.parent is None else tried.states[state.parent].criterion


def _hover(state: State, under: Sequence[str]) -> str:
    chosen = f", chosen by {criterion_text(state)}" if state.criterion else ""
    said = [f"<b>{100 * state.kept:.1f} % of the weights kept</b>{chosen}"]
    for name in under:
        value = state.accuracies.get(name)
        said.append(f"{name}: not looked at yet" if value is None else f"{name}: {100 * value:.1f} %")
    return "<br>".join(said)
