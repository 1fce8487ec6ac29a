"""The training curves of a ticket beside those of what it descends from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Style, Theme

HEIGHT = 430
KINDS = {"test_accuracy": ("test", "solid"), "train_accuracy": ("training", "dot")}


@drawn
def training(curves: pd.DataFrame, style: Style, last: int, theme: Theme, shown: ShownScore = ACCURACY) -> go.Figure:
    """Draw loss, and accuracy or score on training and test images, over the epochs of each step.

    Args:
        curves: rows of `analysis.comparisons.descent.curves`.
        style: the ticket's.
        last: the ticket's own step; earlier ones are grey, the older the fainter.
        theme: colours of the page, light or dark.
        shown: the score.
    """
    # what is right of the training data is a share, which stands beside no score but a share
    kinds = {column: dash for column, dash in KINDS.items() if column == "test_accuracy" or shown.score.is_share}
    chart = make_subplots(1, 2, horizontal_spacing=0.15)
    chart.update_layout(template=theme.template, height=HEIGHT)
    present = sorted(curves["step"].unique(), reverse=True)
    for step, rows in curves.groupby("step", sort=True):
        age = present.index(step)
        color = style.color if step == last else fade(theme.muted, max(0.3, 1 - 0.2 * age))
        label, width = rows["label"].iloc[0], 2.5 if step == last else 1.5
        mode = "lines+markers" if len(rows) == 1 else "lines"
        for column, (_, dash) in {"loss": ("", "solid"), **kinds}.items():
            factor, unit = (1, "") if column == "loss" else (shown.score.factor, shown.score.suffix)
            chart.add_scatter(
                x=rows["epoch"],
                y=factor * rows[column],
                mode=mode,
                name=label,
                legendgroup=str(step),
                showlegend=column == "loss",
                line={"color": color, "width": width, "dash": dash},
                marker={"size": 6},
                hovertemplate=f"<b>{label}</b><br>Epoch %{{x:g}}<br>{_named(column, shown)} %{{y:.4g}}{unit}"
                "<extra></extra>",
                row=1,
                col=1 if column == "loss" else 2,
            )
    chart.update_xaxes(title_text="Epoch", rangemode="tozero")
    chart.update_yaxes(title_text="Loss", row=1, col=1, **_loss_axis(curves["loss"]))
    chart.update_yaxes(title_text=shown.axis_title, ticksuffix=" %" if shown.score.is_share else "", row=1, col=2)
    return chart


def _loss_axis(losses: pd.Series) -> dict[str, object]:
    """A logarithmic axis with few ticks, linear where a loss is 0 or not finite."""
    if not (np.isfinite(losses) & (losses > 0)).all():
        return {}
    low, high = np.floor(np.log10(losses.min())), np.ceil(np.log10(losses.max()))
    ticks = np.outer(10.0 ** np.arange(low, high + 1), (1, 2, 5) if high - low < 2 else (1, 3)).ravel()
    return {"type": "log", "tickvals": ticks.tolist(), "ticktext": [f"{tick:g}" for tick in ticks]}


def _named(column: str, shown: ShownScore) -> str:
    return "Loss" if column == "loss" else f"{shown.title} on {KINDS[column][0]} {'images' if shown.images else 'data'}"
