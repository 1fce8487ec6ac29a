"""Sensitivity to each spatial frequency: the Fourier heat map of Yin et al. 2019, and its mean over directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.frequencies import CLEAN_RADIUS
from analysis.corruptions.fourier import STEPS, frequency_of
from app.charts.base import NOISE, Scale, color_bar, heading, interval
from app.charts.direct import label_ends
from app.charts.texts import bracket, signed
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.lines import ticket_lines
from app.views.robustness.charts.panels import panels

PER_ROW = 5
PANEL, HEADING, FOOT = 188, 32, 46  # pixels
SIZE = 2 * STEPS + 1
ENDS = {"tickvals": [-STEPS, 0, STEPS], "ticktext": ["\u22121", "0", "1"]}


def grid(values: Mapping[str, object], empty: object = np.nan) -> np.ndarray:
    """Name of a wave -> value, as [15, 15] with frequency 0 in the middle.

    Frequencies go from row to row (-7 to 7, downwards) and from column to column (-7 to 7). A frequency and its
    negative are the same wave; what is missing is `empty`.
    """
    found = np.full((SIZE, SIZE), empty, dtype=object if isinstance(empty, str) else float)
    for name, value in values.items():
        down, across = frequency_of(name)
        found[STEPS + down, STEPS + across] = found[STEPS - down, STEPS - across] = value
    return found


@drawn
def errors(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The error under each wave, a panel a ticket on one scale.

    `cells`: key, corruption, error, low, high (fractions).
    """
    shown = cells.assign(
        shown=100 * cells["error"],
        within_noise=False,
        hover=[
            f"error <b>{100 * value:.1f} %</b> ({100 * low:.1f} to {100 * high:.1f})"
            for value, low, high in zip(cells["error"], cells["low"], cells["high"], strict=True)
        ],
    )
    top = max(1.0, float(shown["shown"].max())) if len(shown) else 1.0
    return _panels(shown, tickets, theme, (theme.sequential, 0.0, top), "error (%)")


@drawn
def differences(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The error minus the baseline's; what is within noise is paler and has a ring.

    `cells`: key, corruption, difference, low, high (of errors, fractions), within_noise.
    """
    shown = cells.assign(
        shown=100 * cells["difference"],
        hover=[
            f"<b>{signed(100 * row['difference'])} points</b>{bracket(row['low'], row['high'], '{:+.1f}')}"
            + ("<br>within noise" if row["within_noise"] else "")
            for row in cells.to_dict("records")
        ],
    )
    limit = max(1.0, float(shown["shown"].abs().max())) if len(shown) else 1.0
    reverse = tuple((1 - place, colour) for place, colour in reversed(theme.diverging))  # more errors are worse
    return _panels(shown, tickets, theme, (reverse, -limit, limit), "points")


@drawn
def radial(points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The mean error over the waves of one distance from frequency 0.

    `points`: key, radius (0 to 10 sevenths of the highest frequency, `CLEAN_RADIUS` for the clean images), error, low,
    high (fractions).
    """
    figure = go.Figure()
    figure.update_layout(template=theme.template, height=400, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    figure.add_traces(ticket_lines(points, tickets, "radius", "error", _hovers))
    radii = sorted(int(radius) for radius in points["radius"].unique())
    figure.update_xaxes(
        title_text="frequency, as a share of the highest along an axis",
        tickvals=radii, ticktext=["clean" if at == CLEAN_RADIUS else f"{round(at / STEPS, 2):g}" for at in radii],
        showgrid=False, range=[min(radii, default=0) - 0.5, max(radii, default=0) + 0.5],
    )  # fmt: skip
    figure.update_yaxes(title_text="error (%)", rangemode="tozero")
    label_ends(figure, theme)
    return figure


def _panels(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, scale: Scale, unit: str) -> go.Figure:
    figure, places = panels(tickets, theme, PER_ROW, PANEL, (HEADING, FOOT))
    for key, style, number, line, column, _ in places:
        own = cells[cells["key"] == key].set_index("corruption")
        figure.add_traces(_heats(own, style), line, column)
        figure.add_trace(_rings(own, theme), line, column)
        heading(figure, number, style)
        figure.update_yaxes(
            scaleanchor=f"x{number if number > 1 else ''}", title_text="down" if column == 1 else None,
            showticklabels=column == 1, row=line, col=column,
        )  # fmt: skip
        figure.update_xaxes(title_text="across", title_standoff=2, row=line, col=column)
    ends = {**ENDS, "showgrid": False, "constrain": "domain", "fixedrange": True}
    figure.update_xaxes(range=[-STEPS - 0.5, STEPS + 0.5], **ends)
    figure.update_yaxes(range=[STEPS + 0.5, -STEPS - 0.5], **ends)
    colours, low, high = scale
    figure.update_layout(coloraxis={"colorscale": colours, "cmin": low, "cmax": high, **color_bar(unit)})
    return figure


def _heats(own: pd.DataFrame, style: Style) -> list[go.Heatmap]:
    """The cells beyond noise, and those within it, paler."""
    steps = list(range(-STEPS, STEPS + 1))
    hovers = grid(own["hover"].to_dict(), "")
    traces = []
    noise = own["within_noise"].astype(bool)
    for rows, opacity in ((own[~noise], 1.0), (own[noise], 0.35)):
        if len(rows):
            traces.append(
                go.Heatmap(
                    z=grid(rows["shown"].to_dict()),
                    x=steps,
                    y=steps,
                    coloraxis="coloraxis",
                    xgap=0.5,
                    ygap=0.5,
                    opacity=opacity,
                    hoverongaps=False,
                    customdata=hovers,
                    hovertemplate=f"<b>{style.label}</b><br>%{{y}}/{STEPS} down, %{{x}}/{STEPS} across<br>"
                    "%{customdata}<extra></extra>",
                )
            )
    return traces


def _rings(own: pd.DataFrame, theme: Theme) -> go.Scatter:
    down, across = np.nonzero(grid(own["within_noise"].astype(float).to_dict(), 0.0))
    return go.Scatter(
        x=across - STEPS, y=down - STEPS, mode="text", text=[NOISE] * len(down),
        textfont={"size": 7, "color": theme.muted}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _hovers(rows: pd.DataFrame) -> list[str]:
    places = [
        "clean images" if radius == CLEAN_RADIUS else f"frequency {radius / STEPS:.2f}" for radius in rows["radius"]
    ]
    values = [interval(row, "error") for _, row in rows.iterrows()]
    return [f"{place}: error {value}" for place, value in zip(places, values, strict=True)]
