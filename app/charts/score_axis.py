"""An axis of a task's score: logarithmic in the error for accuracies, in the score where it moves by factors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from app.charts import error_scale
from app.charts.error_bars import hundredfold
from app.charts.scales import Scale, even_ticks, log_ticks
from app.shell.score import ShownScore
from app.shell.theme import DENSE, Theme

Place = Callable[[ArrayLike], np.ndarray]
AIR = 0.06


def place_of(shown: ShownScore) -> Place:
    """What puts scores on their axis."""
    if shown.score.is_share:
        return error_scale.height if shown.score.higher else hundredfold
    return _log if shown.by_factors else _same


def _log(values: ArrayLike) -> np.ndarray:
    return np.asarray(np.log10(np.maximum(np.asarray(values, dtype=float), 1e-12)))


def _same(values: ArrayLike) -> np.ndarray:
    return np.asarray(values, dtype=float)


def scale_of(shown: ShownScore, values: ArrayLike) -> Scale:
    """An axis on which these scores, without NaN, lie with some air."""
    place = place_of(shown)
    places = place(values)
    low, high = (float(places.min()), float(places.max())) if places.size else (0.0, 1.0)
    if place is error_scale.height:
        span = [low - 0.08, high + 0.16] if places.size else [0.0, 2.0]
    else:
        air = max(0.1 * (high - low), AIR if place is _log else AIR * max(abs(high), abs(low)), 1e-9)
        span = [low - air, high + 1.5 * air]
    return Scale(place, span, *ticks_of(shown, span))


def ticks_of(shown: ShownScore, span: list[float]) -> tuple[list[float], list[str]]:
    """Round scores between two places on the axis, and their texts."""
    place, factor = place_of(shown), shown.score.factor
    if place is error_scale.height:
        ticks = error_scale.ticks_within(span)
    else:
        ticks = log_ticks(span) if place is _log else even_ticks(span)
    unit = " %" if shown.score.is_share else ""
    return (ticks / factor).tolist(), [f"{tick:g}{unit}" for tick in ticks]


def axis(shown: ShownScore, values: ArrayLike, title: str = "") -> dict[str, object]:
    """That axis for plotly; `title` in place of the score's."""
    return scale_of(shown, values).axis((title or shown.axis_title) + note(shown))


def note(shown: ShownScore) -> str:
    """What is to be said of the scale behind an axis' title."""
    if place_of(shown) is error_scale.height:
        return " (log scale of the error)"
    said = [*(["log scale"] if shown.by_factors else []), *([] if shown.score.higher else [shown.direction])]
    return f" ({', '.join(said)})" if said else ""


def dense_line(chart: go.Figure, families: pd.DataFrame, measure: str, theme: Theme, shown: ShownScore) -> None:
    """Add the dense network as a level line with its interval.

    Args:
        chart: drawn on, with an axis of `place_of`.
        families: rows of `comparisons.family_means.by_family`.
        measure: `accuracy` or `corrupted`.
        theme: colours of the page, light or dark.
        shown: the score.
    """
    dense = families[(families["method"] == DENSE) & families[measure].notna()]
    if dense.empty:
        return
    row, place = dense.iloc[0], place_of(shown)
    if np.isfinite(row[f"{measure}_low"]):
        low, high = (float(place(row[f"{measure}_{end}"])) for end in ("low", "high"))
        chart.add_hrect(y0=low, y1=high, fillcolor=theme.muted, opacity=0.12, line_width=0)
    chart.add_hline(
        y=float(place(row[measure])),
        line={"color": theme.muted, "width": 1.5, "dash": "dash"},
        annotation={
            "text": f"{row['label']} {shown.write(row[measure])}",
            "font": {"size": 12.5, "color": theme.muted},
        },
        annotation_position="top right",
    )
