"""How a ticket was trained, beside what it descends from."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.colour import fade
from app.theme import Style, Theme

HEIGHT = 430
KINDS = {"test_accuracy": ("test", "solid"), "train_accuracy": ("training", "dot")}


def training(curves: pd.DataFrame, style: Style, last: int, theme: Theme) -> go.Figure:
    """Loss, and accuracy on training and test images, over the epochs of each step.

    Args:
        curves: rows of `app.overview.lineage.curves`.
        style: the ticket's. last: the ticket's own step; earlier ones are grey, the older the fainter.
    """
    chart = make_subplots(1, 2, horizontal_spacing=0.13)
    chart.update_layout(template=theme.template, height=HEIGHT)
    for step, rows in curves.groupby("step", sort=True):
        age = last - int(str(step))
        color = style.color if age == 0 else fade(theme.muted, max(0.25, 0.85 - 0.15 * (age - 1)))
        label, width = rows["label"].iloc[0], 2.5 if age == 0 else 1.5
        mode = "lines+markers" if len(rows) == 1 else "lines"
        for column, (_, dash) in {"loss": ("", "solid"), **KINDS}.items():
            factor, unit = (1, "") if column == "loss" else (100, " %")
            chart.add_scatter(
                x=rows["epoch"],
                y=factor * rows[column],
                mode=mode,
                name=label,
                legendgroup=str(step),
                showlegend=column == "loss",
                line={"color": color, "width": width, "dash": dash},
                marker={"size": 6},
                hovertemplate=f"<b>{label}</b><br>Epoch %{{x:g}}<br>{_named(column)} %{{y:.4g}}{unit}<extra></extra>",
                row=1,
                col=1 if column == "loss" else 2,
            )
    chart.update_xaxes(title_text="Epoch", rangemode="tozero")
    chart.update_yaxes(title_text="Loss", type="log" if (curves["loss"] > 0).all() else "linear", row=1, col=1)
    chart.update_yaxes(title_text="Accuracy (line: test, dots: training)", ticksuffix=" %", row=1, col=2)
    return chart


def _named(column: str) -> str:
    return "Loss" if column == "loss" else f"Accuracy on {KINDS[column][0]} images"
