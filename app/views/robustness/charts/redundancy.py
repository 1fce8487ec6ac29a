"""What is alike among corruptions and among tickets, and how few corruptions keep the ranking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.redundancy import Redundancy
from analysis.statistics.clusters import Clustering
from analysis.statistics.correlation import Correlation
from app.charts.base import Scale, figure
from app.charts.dendrogram import clustered_heat_map
from app.charts.error_bars import error_bars
from app.charts.texts import minus
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

MOST_TEXTS = 24  # lines, beyond which numbers find no room in the cells
STEP = 25  # pixels of a row


@drawn
def correlations(
    correlation: Correlation, clustering: Clustering, labels: Mapping[str, str], theme: Theme, cell: int = STEP
) -> go.Figure:
    """The matrix of r in clustered order with its dendrogram on both axes.

    Cells whose interval holds 0 are within noise. `labels`: name -> what is written.
    """
    r, low, high = correlation.matrix, correlation.low, correlation.high
    names = correlation.names
    itself = np.eye(len(names), dtype=bool)
    texts = np.array([["" if itself[i, j] or len(names) > MOST_TEXTS else short(r[i, j]) for j in range(len(names))]
                      for i in range(len(names))], dtype=object)  # fmt: skip
    hover = np.array([["itself" if itself[i, j]
                       else minus(f"r <b>{r[i, j]:.2f}</b> ({low[i, j]:.2f} to {high[i, j]:.2f})")
                       for j in range(len(names))] for i in range(len(names))], dtype=object)  # fmt: skip
    tree = clustering.linkage if len(names) > 1 else None
    return clustered_heat_map(
        pd.DataFrame(r, names, names), tree, tree, scale_of(r, theme), "correlation r", theme,
        texts=texts, hover=hover, faded=correlation.within_noise,
        row_labels=labels, column_labels=labels, cell=cell,
    )  # fmt: skip


def scale_of(r: np.ndarray, theme: Theme) -> Scale:
    """From 0 to 1 where nothing is opposed, from -1 to 1 else."""
    return (theme.sequential, 0.0, 1.0) if r.min(initial=0.0) >= 0 else (theme.diverging, -1.0, 1.0)


def short(r: float) -> str:
    """A correlation in two digits: .85, -.40, 1."""
    text = f"{r:.2f}".replace("-", "\u2212")
    return text.removesuffix(".00") if text.endswith("1.00") else text.replace("0.", ".", 1)


@drawn
def steps(found: Redundancy, labels: Mapping[str, str], theme: Theme) -> go.Figure:
    """Kendall's tau with the ranking by all corruptions, with its 95 % interval.

    One corruption after the other is added from top to bottom. Filled are those that it takes; the band is how well all
    agree with themselves on other images.
    """
    rows = found.steps
    kept = (rows["size"] <= len(found.kept)).to_numpy()
    chart = figure(theme, 64 + STEP * len(rows), showlegend=False, margin={"l": 8, "r": 12, "t": 8, "b": 44})
    _, low, high = found.itself
    chart.add_vrect(x0=low, x1=high, fillcolor=fade(theme.muted, 0.13), line_width=0, layer="below")
    tau = rows["tau"].to_numpy(float)
    chart.add_trace(
        go.Scatter(
            x=tau, y=rows["size"], mode="markers",
            marker={"size": 9, "color": np.where(kept, theme.good, theme.surface).tolist(),
                    "line": {"color": theme.good, "width": 1.6}},
            error_x=error_bars(tau, rows["low"], rows["high"], fade(theme.good, 0.6)),
            customdata=[
                [labels.get(name, name), minus(f"<b>{value:.2f}</b> ({a:.2f} to {b:.2f})")]
                for name, value, a, b in zip(rows["corruption"], tau, rows["low"], rows["high"], strict=True)
            ],
            hovertemplate="with %{customdata[0]}, %{y} in all<br>τ %{customdata[1]}<extra></extra>",
            cliponaxis=False,
        )
    )  # fmt: skip
    names = [labels.get(name, name) for name in rows["corruption"]]
    texts = [f"<b>{text}</b>" if own else text for text, own in zip(names, kept, strict=True)]
    chart.update_yaxes(
        tickvals=rows["size"].tolist(), showgrid=False, range=[len(rows) + 0.6, 0.4],
        ticktext=[text if size == 1 else f"+ {text}" for size, text in enumerate(texts, 1)],
    )  # fmt: skip
    least = float(min(rows["low"].min(), low)) if len(rows) else 0.0
    least = max(-1.0, min(least - 0.04, 0.8))
    span = [least, 1 + 0.02 * (1 - least)]  # so that no tick stands above 1
    chart.update_xaxes(title_text="Kendall's τ with the ranking by all", range=span)
    return chart
