"""What attacks cost a thief, and what they leave of the mark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.error_bars import bars_of
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.ownership.words import how_strong

HEIGHT = 430
PANELS = {"accuracy": "As it is after the attack", "retrained": "After the thief has trained it again"}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "pentagon")


@drawn
def curves(attacks: pd.DataFrame, names: Mapping[str, str], unharmed: float, reads: float, theme: Theme) -> go.Figure:
    """Wrong modules over the accuracy that is kept, a line an attack: left as attacked, right trained again.

    Full marks: a QR reader still reads the code, in every seed.

    Args:
        attacks: of `comparisons.ownership.by_attack`.
        names: attack -> its name, of those that are drawn, in this order.
        unharmed: accuracy of the signed ticket, a fraction.
        reads: the bit error rate up to which a code is read.
        theme: colours of the page, light or dark.
    """
    chart = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=list(PANELS.values()))
    legend = {"orientation": "h", "y": -0.2, "x": 0, "yanchor": "top", "itemsizing": "constant"}
    chart.update_layout(template=theme.template, height=HEIGHT, margin={"t": 34}, legend=legend)
    limit, undated = (100 * float(attacks[name].min()) for name in ("limit", "limit_undated"))
    for column, measure in enumerate(PANELS, 1):
        for place, (attack, name) in enumerate(names.items()):
            own = attacks[(attacks["attack"] == attack)].sort_values("strength")
            own = own[own[measure].notna()]
            _attack(chart, own, measure, name, place, column, theme)
        chart.add_vline(x=100 * unharmed, line={"color": theme.muted, "width": 1, "dash": "dot"}, row=1, col=column)
        for value, dash in ((100 * reads, "dash"), (undated, "dashdot"), (limit, "solid")):
            chart.add_hline(y=value, line={"color": theme.ink, "width": 1.2, "dash": dash}, row=1, col=column)
    lines = ((100 * reads, "QR still reads below"), (undated, "needs no date below"), (limit, "p < 1e-6 below"))
    for value, words in lines:
        chart.add_annotation(
            x=0, y=value, xref="x2 domain", yref="y2", text=words, showarrow=False, xanchor="left", yanchor="bottom",
            font={"size": 12, "color": theme.ink},
        )  # fmt: skip
    low = float(np.nanmin(attacks.loc[attacks["attack"].isin(list(names)), list(PANELS)].to_numpy()))
    chart.update_xaxes(title_text="Accuracy kept", ticksuffix=" %", range=[100 * low - 3, 101])
    chart.update_yaxes(title_text="Wrong modules of the code", ticksuffix=" %", range=[-2, 56], col=1)
    chart.update_annotations(selector={"yanchor": "bottom", "xanchor": "center"}, font={"size": 14, "color": theme.ink})
    return chart


def _attack(
    chart: go.Figure, own: pd.DataFrame, measure: str, name: str, place: int, column: int, theme: Theme
) -> None:
    colour, symbol = theme.classes[place % len(theme.classes)], SYMBOLS[place % len(SYMBOLS)]
    full = (own["decoded"] == own["seeds"]).to_numpy()
    chart.add_scatter(
        x=100 * own[measure],
        y=100 * own["ber"],
        error_x=bars_of(own, measure, fade(colour, 0.5)),
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=column == 1,
        line={"color": colour, "width": 2},
        marker={
            "symbol": symbol, "size": 10, "color": [colour if each else theme.surface for each in full],
            "line": {"width": 2, "color": colour},
        },
        customdata=_words(own, measure),
        hovertemplate=f"<b>{name}</b> %{{customdata}}<extra></extra>",
        row=1,
        col=column,
    )  # fmt: skip


def _words(own: pd.DataFrame, measure: str) -> list[str]:
    return [
        f"{how_strong(row['attack'], row['strength'])}<br>accuracy {100 * row[measure]:.1f} %"
        f"{bracket(row[f'{measure}_low'], row[f'{measure}_high'])}<br>wrong modules {100 * row['ber']:.1f} %"
        f"{bracket(row['ber_low'], row['ber_high'])}<br>p ≤ {row['p_value']:.1g}; read in {row['decoded']} of "
        f"{row['seeds']} seeds"
        for _, row in own.iterrows()
    ]
