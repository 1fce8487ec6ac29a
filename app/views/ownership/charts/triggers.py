"""How many labels of the owner's trigger images networks know: the signed one after each attack, and unsigned ones."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, percent_axis
from app.charts.error_bars import bars_of
from app.shell.drawn import drawn
from app.shell.theme import Theme

ROW, EDGE = 24, 110
UNSIGNED = "unsigned tickets"


@drawn
def known(attacks: pd.DataFrame, unsigned: pd.Series, names: Mapping[int, str], theme: Theme) -> go.Figure:
    """A row an attack, as it is and trained again, with intervals; the unsigned tickets lie one by one in the last row.

    Args:
        attacks: of `comparisons.ownership.by_attack`, with known and again (fractions with _low and _high).
        unsigned: the share of the labels that each unsigned ticket knows, a fraction.
        names: what each row of `attacks` is called, by its index.
        theme: colours of the page, light or dark.
    """
    rows = [names[place] for place in attacks.index]
    legend = {"orientation": "h", "y": -0.16, "x": 0, "yanchor": "top"}
    chart = figure(theme, EDGE + 24 + ROW * (len(rows) + 1), legend=legend, margin={"t": 28})
    for measure, claimed, words, colour, symbol in (
        ("known", "claimed", "after the attack", theme.accent, "circle"),
        ("again", "retrained_claimed", "and the thief's training", theme.bad, "diamond"),
    ):
        full = attacks[claimed] == attacks["seeds"]
        chart.add_scatter(
            x=100 * attacks[measure], y=rows, mode="markers", name=words, error_x=bars_of(attacks, measure, colour),
            marker={"size": 11, "symbol": symbol, "color": [colour if each else theme.surface for each in full],
                    "line": {"width": 2, "color": colour}},
            customdata=attacks[[claimed, "seeds"]],
            hovertemplate="<b>%{y}</b>, " + words + "<br>%{x:.1f} % of the labels<br>p below 1e-6 in %{customdata[0]} "
            "of %{customdata[1]} seeds<extra></extra>",
        )  # fmt: skip
    chart.add_scatter(
        x=100 * unsigned, y=[UNSIGNED] * len(unsigned), mode="markers", name=UNSIGNED,
        marker={"size": 10, "color": theme.muted, "symbol": "line-ns-open", "line": {"width": 2}},
        hovertemplate=f"<b>{UNSIGNED}</b><br>%{{x:.1f}} % of the labels<extra></extra>",
    )  # fmt: skip
    limit = 100 * (1 - float(attacks["limit"].min()))
    chart.add_vline(x=limit, line={"color": theme.ink, "width": 1.2})
    chart.add_annotation(
        x=limit, y=1, yref="paper", text="p < 1e-6 from here on", showarrow=False, xanchor="left", yanchor="bottom",
        xshift=3, font={"size": 12, "color": theme.ink},
    )  # fmt: skip
    chart.update_xaxes(**percent_axis("Trigger images whose label is known"), range=[-2, 102])
    chart.update_yaxes(
        type="category", categoryorder="array", categoryarray=[*rows, UNSIGNED], autorange="reversed", automargin=True,
        showgrid=False,
    )  # fmt: skip
    return chart
