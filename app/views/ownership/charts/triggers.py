"""How many labels of the owner's trigger images networks know: the signed one after each attack, and unsigned ones."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, percent_axis
from app.charts.error_bars import bars_of
from app.shell.theme import Theme

ROW, EDGE = 24, 110
UNSIGNED = "unsigned tickets"


def known(attacks: pd.DataFrame, unsigned: pd.Series, names: Mapping[int, str], theme: Theme) -> go.Figure:
    """A row an attack, with its interval; the unsigned tickets lie one by one in the last row.

    Args:
        attacks: of `comparisons.ownership.by_attack`, with known, known_low and known_high (fractions).
        unsigned: the share of the labels that each unsigned ticket knows, a fraction.
        names: what each row of `attacks` is called, by its index.
        theme: colours of the page, light or dark.
    """
    rows = [names[place] for place in attacks.index]
    chart = figure(theme, EDGE + ROW * (len(rows) + 1), showlegend=False, margin={"t": 28})
    full = attacks["claimed"] == attacks["seeds"]
    chart.add_scatter(
        x=100 * attacks["known"], y=rows, mode="markers", error_x=bars_of(attacks, "known", theme.accent),
        marker={"size": 11, "color": [theme.accent if each else theme.surface for each in full],
                "line": {"width": 2, "color": theme.accent}},
        customdata=attacks[["p_value", "claimed", "seeds"]],
        hovertemplate="<b>%{y}</b><br>%{x:.1f} % of the labels<br>p ≤ %{customdata[0]:.1g}; below 1e-6 in "
        "%{customdata[1]} of %{customdata[2]} seeds<extra></extra>",
    )  # fmt: skip
    chart.add_scatter(
        x=100 * unsigned, y=[UNSIGNED] * len(unsigned), mode="markers",
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
