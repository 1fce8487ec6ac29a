"""Training curves: a measure over the epochs, a line a ticket, with 95 % intervals over seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from app.charts.base import figure
from app.charts.direct import label_ends
from app.charts.error_bars import error_bars
from app.charts.error_scale import height, ticks_within
from app.charts.score_axis import note, place_of, scale_of
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Style, Theme
from pruning.tasks import Score

HEIGHT = 480
BANDS = 4  # lines whose intervals may be bands; bands of more would cover each other
CROWD = 8  # lines from which on they are thin
GUTTER, STEP = 0.03, 0.016  # of the epochs: from the last one to the first end point, and between two
WIDEST = 0.16  # of the epochs: all end points together

MEASURES = ("test_accuracy", "train_accuracy", "test_loss", "loss")


def title(measure: str, shown: ShownScore = ACCURACY) -> str:
    """What a measure is called; `shown` is the score that stands for the accuracy on test data."""
    titles = {"train_accuracy": "Training accuracy", "test_loss": "Test loss", "loss": "Training loss"}
    return titles.get(measure, f"Test {shown.name}")


@drawn
def training(
    curves: pd.DataFrame,
    stops: pd.DataFrame,
    styles: Mapping[str, Style],
    measure: str,
    theme: Theme,
    shown: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw a measure over epochs; at the right, beside each other, where each curve ends with its interval.

    The axis is logarithmic, for accuracies in the error, so that differences at the end are seen.

    Args:
        curves: key, epoch, mean, low, high (NaN: no interval), n (seeds); fractions for accuracies.
        stops: key, epoch, low, high, as of `comparisons.dynamics.stops_over_seeds`; marked by a ring on the curve.
        styles: by key, in the order drawn.
        measure: of `MEASURES`.
        theme: colours of the page, light or dark.
        shown: the score that stands for the accuracy on test data.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    drawn = [key for key in styles if (curves["key"] == key).any()]
    of = measured(measure, shown, curves)
    last = float(curves["epoch"].max()) if len(curves) else 1.0
    place = of.place
    for key in drawn:
        own = curves[curves["key"] == key].sort_values("epoch")
        if len(drawn) <= BANDS:
            chart.add_traces(band(own, styles[key], place))
        chart.add_scatter(**line(own, styles[key], key, of, len(drawn)))
    _ends(chart, curves, drawn, styles, last, of)
    for stop in stops[stops["key"].isin(drawn)].itertuples():
        own = curves[curves["key"] == stop.key].sort_values("epoch")
        chart.add_scatter(**ring(stop, own, styles[stop.key], theme, place))
    _axes(chart, curves, of, last, len(drawn))
    label_ends(chart, theme, marked=True)
    return chart


@dataclass(frozen=True)
class Measured:
    """A measure as it is drawn: its title, its scale in words, what puts its values on the axis, and its score."""

    title: str
    scale: str
    place: Callable[[ArrayLike], np.ndarray]
    score: ShownScore


def measured(measure: str, shown: ShownScore, curves: pd.DataFrame) -> Measured:
    """Say how a measure is drawn: accuracies by their error, a score as elsewhere, losses by their logarithm."""
    if measure.endswith("loss"):
        positive = curves.empty or bool((curves["mean"].dropna() > 0).all())
        score = ShownScore(Score(title(measure), higher=False), images=False, by_factors=positive)
        return Measured(title(measure), " (log scale)" if positive else "", _log if positive else _same, score)
    score = ACCURACY if measure == "train_accuracy" else shown
    return Measured(title(measure, shown), note(score), place_of(score), score)


def _log(values: ArrayLike) -> np.ndarray:
    return np.asarray(np.log10(np.maximum(np.asarray(values, dtype=float), 1e-4)))


def _same(values: ArrayLike) -> np.ndarray:
    return np.asarray(values, dtype=float)


def band(rows: pd.DataFrame, style: Style, place: Callable[[ArrayLike], np.ndarray]) -> list[go.Scatter]:
    """The intervals of one curve as an area."""
    rows = rows.dropna(subset=["low", "high"])
    common = {"x": rows["epoch"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    return [
        go.Scatter(y=place(rows["high"]), **common),
        go.Scatter(y=place(rows["low"]), fill="tonexty", fillcolor=fade(style.color, 0.15), **common),
    ]


def _step(lines: int) -> float:
    """From one end point to the next, as a share of the epochs."""
    return min(STEP, WIDEST / lines)


def line(rows: pd.DataFrame, style: Style, key: str, of: Measured, lines: int) -> dict[str, object]:
    """One curve as a trace, thin where there are many `lines`."""
    return {
        "x": rows["epoch"],
        "y": of.place(rows["mean"]),
        "mode": "lines" if len(rows) > 1 else "markers",
        "name": style.label,
        "legendgroup": key,
        "line": {"color": style.color, "width": 2 if lines <= CROWD else 1.3, "dash": style.dash},
        "marker": {"color": style.color, "symbol": style.symbol, "size": 8},
        "customdata": _words(rows, of),
        "hovertemplate": f"<b>{style.label}</b><br>Epoch %{{x:.4g}}<br>%{{customdata}}<extra></extra>",
    }


def _ends(
    chart: go.Figure,
    curves: pd.DataFrame,
    shown: list[str],
    styles: Mapping[str, Style],
    last: float,
    of: Measured,
) -> None:
    """The last point of each curve with its interval, side by side where no line runs."""
    for number, key in enumerate(shown):
        end_row = curves[curves["key"] == key].sort_values("epoch").tail(1)
        row = end_row.iloc[0]
        low, middle, high = of.place([row["low"], row["mean"], row["high"]])
        bars = error_bars(middle, low, high, fade(styles[key].color, 0.6))
        chart.add_scatter(
            x=[last * (1 + GUTTER + _step(len(shown)) * number)],
            y=[middle],
            error_y=None if np.isnan(row["low"]) else bars,
            mode="markers",
            name=f"{styles[key].label}, end",
            legendgroup=key,
            showlegend=False,
            marker={"color": styles[key].color, "symbol": styles[key].symbol, "size": 9},
            customdata=_words(end_row, of),
            hovertemplate=f"<b>{styles[key].label}</b><br>At its end, epoch {row['epoch']:.4g}<br>%{{customdata}}"
            "<extra></extra>",
        )


def ring(
    stop: object, rows: pd.DataFrame, style: Style, theme: Theme, place: Callable[[ArrayLike], np.ndarray]
) -> dict[str, object]:
    """A ring where the test loss is least, on the curve drawn, with the interval of its epoch within the training."""
    epoch, low, high = (float(getattr(stop, name)) for name in ("epoch", "low", "high"))
    low, high = np.maximum(low, 0), np.minimum(high, rows["epoch"].max())
    on_curve = np.interp(epoch, rows["epoch"].to_numpy(dtype=float), place(rows["mean"]))
    known = np.isfinite(low)
    bars = error_bars(epoch, low, high, fade(style.color, 0.35))
    return {
        "x": [epoch],
        "y": [float(on_curve)],
        "error_x": bars if known else None,
        "mode": "markers",
        "name": f"{style.label}, lowest test loss",
        "showlegend": False,
        "cliponaxis": False,  # at epoch 0 it stands on the axis
        "marker": {
            "color": theme.surface,
            "symbol": "circle",
            "size": 11,
            "line": {"width": 2.5, "color": style.color},
        },
        "hovertemplate": f"<b>{style.label}</b><br>Lowest test loss at epoch {epoch:.1f}"
        f"{bracket(low, high, factor=1)}<extra></extra>",
    }


def _axes(chart: go.Figure, curves: pd.DataFrame, of: Measured, last: float, lines: int) -> None:
    ends = last * (1 + GUTTER + (_step(lines) * (lines - 1) if lines else 0))
    chart.update_xaxes(title_text="Epoch of the last training", range=[0, ends + 0.015 * last], showgrid=False,
                       tickvals=epochs(last))  # fmt: skip
    chart.update_yaxes(**axis(curves, of))


def axis(curves: pd.DataFrame, of: Measured) -> dict[str, object]:
    """The vertical axis of a measure: its title, its range, and ticks at round values."""
    title: dict[str, object] = {"title_text": f"{of.title}{of.scale}"}
    if curves.empty:
        return title
    place = of.place
    if place is height:
        bounds = pd.concat([curves["mean"], curves["low"], curves["high"]]).dropna()
        # the first steps are left below the picture's edge where they would take most of it
        settled = curves[curves["epoch"] >= 0.1 * curves["epoch"].max()]["mean"]
        low = float(place((settled if len(settled) else curves["mean"]).min())) - 0.06
        span = [low, min(float(place(bounds.max())), float(place(curves["mean"].max())) + 0.35) + 0.06]
        ticks = ticks_within(span)
        texts, places = [f"{tick:g} %" for tick in ticks], place(ticks / 100)
    elif place is not _log:
        scale = scale_of(of.score, curves["mean"].dropna())
        span, places, texts = scale.span, place(scale.ticks), scale.texts
    else:
        shown = place(curves["mean"])
        span = [float(shown.min()) - 0.15, float(shown.max()) + 0.08]
        steps = np.sort(np.outer(10.0 ** np.arange(-4, 4), (1, 2, 5)).ravel())
        ticks = steps[(_log(steps) >= span[0]) & (_log(steps) <= span[1])]
        texts, places = [f"{tick:g}" for tick in ticks], _log(ticks)
    return {**title, "range": span, "tickvals": places, "ticktext": texts}


def epochs(last: float) -> list[float]:
    """Round epochs, about six, none beyond the last."""
    power = 10.0 ** np.floor(np.log10(max(last, 1e-9) / 6))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= last / 6.5)
    return [float(value) for value in np.arange(0, last + step / 100, step)]


def _words(rows: pd.DataFrame, of: Measured) -> list[str]:
    """For the hover of each point: the value with its interval, and of how many seeds."""
    score = of.score.score
    factor, unit, form = (100, " %", "{:.1f}") if score.is_share else (1, score.suffix, "{:.4g}")
    found = []
    for mean, low, high, seeds in rows[["mean", "low", "high", "n"]].itertuples(index=False):
        text = f"{of.title}: {form.format(factor * mean)}{unit}{bracket(low, high, form, factor)}"
        found.append(f"{text}, {int(seeds)} seeds" if np.isfinite(low) else f"{text}, one seed")
    return found
