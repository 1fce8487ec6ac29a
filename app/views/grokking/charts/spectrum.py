"""Fourier spectra of hidden neurons over the tokens: neuron by neuron, and their mean over the training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.base import color_bar, heading
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.grokking.charts.axes import first_place, placed, step_axis

HEIGHT = 420


@drawn
def neurons(shares: Mapping[str, np.ndarray], tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw each neuron's spectrum, a panel a ticket.

    Args:
        shares: key -> [neurons, F] in the order they are drawn, from the top; NaN: a dead neuron.
        tickets: key -> style.
        theme: light or dark colours.
    """
    chart = make_subplots(1, len(shares), shared_yaxes=False, horizontal_spacing=0.035)
    chart.update_layout(template=theme.template, height=HEIGHT, dragmode=False)
    for number, (key, values) in enumerate(shares.items(), 1):
        style = tickets[key]
        chart.add_heatmap(
            z=100 * values, x=np.arange(1, values.shape[1] + 1), y=np.arange(1, len(values) + 1), xgap=0, ygap=0,
            coloraxis="coloraxis", row=1, col=number,
            hovertemplate=f"<b>{style.label}</b><br>Neuron at place %{{y}}, frequency %{{x}}<br>"
            "<b>%{z:.1f} %</b> of its spectrum<extra></extra>",
        )  # fmt: skip
        heading(chart, number, style, narrow=len(shares) > 3)
    _coloured(chart, theme, "share of a neuron's spectrum (%)")
    chart.update_xaxes(title_text="Frequency", showgrid=False)
    chart.update_yaxes(autorange="reversed", showgrid=False, showticklabels=False)
    chart.update_yaxes(title_text="Neurons, by their strongest frequency", col=1)
    return chart


@drawn
def over_training(
    shares: Mapping[str, np.ndarray], steps: Mapping[str, np.ndarray], tickets: Mapping[str, Style], theme: Theme
) -> go.Figure:
    """Draw each frequency's share, mean over the neurons, over the steps, a panel a ticket.

    Args:
        shares: key -> [T, F].
        steps: key -> [T], rising, the first may be 0.
        tickets: key -> style.
        theme: light or dark colours.
    """
    chart = make_subplots(1, len(shares), shared_yaxes=True, horizontal_spacing=0.035)
    chart.update_layout(template=theme.template, height=HEIGHT - 60, dragmode=False)
    for number, (key, values) in enumerate(shares.items(), 1):
        places = placed(steps[key], first_place(steps[key]))
        style = tickets[key]
        chart.add_heatmap(
            z=100 * values.T, x=places, y=np.arange(1, values.shape[1] + 1), xgap=0, ygap=0, coloraxis="coloraxis",
            customdata=np.broadcast_to(steps[key], values.T.shape), row=1, col=number,
            hovertemplate=f"<b>{style.label}</b>, step %{{customdata:,}}<br>Frequency %{{y}}: <b>%{{z:.1f}} %</b>"
            "<extra></extra>",
        )  # fmt: skip
        heading(chart, number, style, narrow=len(shares) > 3)
        chart.update_xaxes(**step_axis(float(places[0]), float(places[-1]), start=True), row=1, col=number)
    _coloured(chart, theme, "mean share of the spectrum (%)")
    chart.update_yaxes(showgrid=False)
    chart.update_yaxes(title_text="Frequency", col=1)
    return chart


def _coloured(chart: go.Figure, theme: Theme, title: str) -> None:
    top = max((float(np.nanmax(each.z)) for each in chart.data if np.isfinite(each.z).any()), default=1.0)
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": top, **color_bar(title)}, margin={"t": 44}
    )
