"""Training and test accuracy over the steps: twin curves, far apart where a network groks."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, percent_axis
from app.charts.direct import label_ends
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.grokking.charts.axes import step_axis

HEIGHT = 440
BOUND = 95.0
"""Accuracy in per cent from which a network counts as having memorised, or grokked."""


@drawn
def twins(
    curves: pd.DataFrame, times: pd.DataFrame, seed: int, tickets: Mapping[str, Style], theme: Theme
) -> go.Figure:
    """Draw training accuracy dotted and test accuracy full, a colour a ticket; other seeds' test accuracy thin.

    Args:
        curves: as of `comparisons.grokking.curves`.
        times: as of `comparisons.grokking.times`; t_mem and t_gen are marked.
        seed: whose curves are drawn strong, where a ticket has it.
        tickets: key -> style.
        theme: light or dark colours.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "constant"})
    chart.add_hline(y=BOUND, line={"color": theme.muted, "width": 1, "dash": "dash"})
    for key, style in tickets.items():
        own = curves[curves["key"] == key]
        seeds = sorted(own["seed"].unique())
        shown = seed if seed in seeds else seeds[0]
        for other in seeds:
            rows = own[own["seed"] == other].sort_values("step")
            if other != shown:
                chart.add_scatter(**_line(rows, "test_accuracy", style, key, fade(style.color, 0.35), 1.2, "solid"))
        rows = own[own["seed"] == shown].sort_values("step")
        chart.add_scatter(**_line(rows, "train_accuracy", style, key, style.color, 1.8, "dot"))
        chart.add_scatter(**_line(rows, "test_accuracy", style, key, style.color, 2.4, "solid") | {"showlegend": True})
        chart.add_scatter(**_marks(times[(times["key"] == key) & (times["seed"] == shown)], style, key, theme))
    low, high = max(float(curves["step"].min()), 1.0), float(curves["step"].max())
    chart.update_xaxes(**step_axis(low, max(high, low * 1.1)))
    chart.update_yaxes(**percent_axis("Accuracy", [0, 25, 50, 75, 95]), range=[-3, 106])
    for name, dash in (("training pairs", "dot"), ("test pairs", "solid")):
        line = {"color": theme.muted, "dash": dash, "width": 2}
        chart.add_scatter(x=[None], y=[None], mode="lines", name=name, line=line, legendrank=2000)
    label_ends(chart, theme)
    return chart


def _line(
    rows: pd.DataFrame, column: str, style: Style, key: str, color: str, width: float, dash: str
) -> dict[str, object]:
    what = "training pairs" if column == "train_accuracy" else "test pairs"
    return {
        "x": rows["step"],
        "y": 100 * rows[column],
        "mode": "lines",
        "name": style.label,
        "legendgroup": key,
        "showlegend": False,
        "line": {"color": color, "width": width, "dash": dash},
        "customdata": rows["seed"],
        "hovertemplate": f"<b>{style.label}</b>, seed %{{customdata}}<br>Step %{{x:,}}: %{{y:.1f}} % of the {what}"
        "<extra></extra>",
    }


def _marks(rows: pd.DataFrame, style: Style, key: str, theme: Theme) -> dict[str, object]:
    """An open mark where the training pairs are known, a full one where the test pairs are."""
    marks = [(row.t_mem, theme.surface, "t_mem") for row in rows.itertuples()]
    marks += [(row.t_gen, style.color, "t_gen") for row in rows.itertuples()]
    return {
        "x": [step for step, _, _ in marks],
        "y": [BOUND] * len(marks),
        "mode": "markers",
        "name": style.label,
        "legendgroup": key,
        "showlegend": False,
        "marker": {
            "symbol": style.symbol,
            "size": 11,
            "color": [color for _, color, _ in marks],
            "line": {"color": style.color, "width": 2},
        },
        "customdata": [name for _, _, name in marks],
        "hovertemplate": f"<b>{style.label}</b><br>%{{customdata}}: step %{{x:,}}<extra></extra>",
    }
