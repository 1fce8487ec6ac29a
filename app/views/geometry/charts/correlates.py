"""How geometric measures go with robustness: a line a measure, a mark a study, with intervals over methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.geometry_robustness import GEOMETRY
from app.charts.base import figure
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, minus
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

LINE = 74  # pixels of a measure
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "hexagon", "star")


@drawn
def forest(tables: Mapping[str, pd.DataFrame], theme: Theme) -> go.Figure:
    """The correlations of each study, filled where they are claimed.

    `tables`: title of the study -> what `comparisons.geometry_robustness.goes_with_robustness` gives.
    """
    names = list(GEOMETRY)
    chart = figure(theme, 110 + LINE * len(names), dragmode=False, legend={"itemsizing": "constant"})
    chart.add_vline(x=0, line={"color": theme.muted, "width": 1.5, "dash": "dot"})
    step = min(0.2, 0.7 / max(len(tables), 1))
    for number, (title, table) in enumerate(tables.items()):
        rows = table.set_index("measure").loc[names]
        colour, symbol = theme.classes[number % len(theme.classes)], SYMBOLS[number % len(SYMBOLS)]
        aside = step * (number - (len(tables) - 1) / 2)
        words = [
            f"<b>{GEOMETRY[str(name)].capitalize()}</b><br>{title}: ρ = "
            + minus(f"{row['rho']:.2f}")
            + bracket(row["low"], row["high"], "{:.2f}", 1)
            + f"<br>{row['tickets']} tickets of {row['methods']} methods"
            for name, row in rows.iterrows()
        ]
        chart.add_scatter(
            x=rows["rho"], y=np.arange(len(names)) + aside, mode="markers", name=title,
            error_x=error_bars(rows["rho"], rows["low"], rows["high"], fade(colour, 0.6)),
            marker={
                "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour},
                "color": [colour if claimed else theme.surface for claimed in rows["claimed"]],
            },
            text=words, hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[GEOMETRY[name].capitalize() for name in names],
        range=[len(names) - 0.5, -0.5], showgrid=False, tickfont={"color": theme.ink},
    )  # fmt: skip
    chart.update_xaxes(title_text="rank correlation with mean corruption accuracy, at equal clean accuracy",
                       range=[-1.02, 1.02])  # fmt: skip
    return chart
