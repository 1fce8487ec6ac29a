"""Samples of two tickets with values that are missing, and what the charts made of them."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.shell import theme
from app.shell.theme import Style
from app.views.geometry.charts import columns

CLASSES = ["zero", "one", "two"]
LIGHT = theme.get("light")
TICKETS = {"a": Style("First", "#336699", "circle"), "b": Style("Second <i>", "#993366", "square", "dash")}


def samples(count: int = 60, seed: int = 0) -> pd.DataFrame:
    """Samples of both tickets, with values that are missing."""
    rng = np.random.default_rng(seed)
    parts = []
    for ticket in TICKETS:
        margin = rng.normal(1, 1, count).astype(np.float32)
        label = np.arange(count) % 3
        parts.append(
            pd.DataFrame(
                {
                    "ticket_id": ticket,
                    "sample": np.arange(count),
                    "label": label,
                    "prediction": np.where(margin > 0, label, (label + 1) % 3),
                    "confidence": rng.uniform(0.3, 1, count),
                    "angle": rng.uniform(20, 100, count),
                    "length": rng.uniform(1, 9, count),
                    "margin": margin,
                    "relative_length": rng.uniform(0.2, 1.8, count),
                    "gap": rng.uniform(-20, 60, count),
                    "nearest_margin": np.sqrt(np.abs(margin)) * np.sign(margin),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[[3, count + 5], "margin"] = np.nan
    return frame


def points(figure: go.Figure) -> list[go.Scattergl]:
    return [trace for trace in figure.data if trace.meta and trace.meta["kind"] == columns.SAMPLES]


def colours_of(trace: go.Scattergl) -> list[str]:
    """The colours of its points, as the browser takes them from the palette."""
    palette = trace.meta["palette"]
    return [palette[code] for code in trace.marker.color]
