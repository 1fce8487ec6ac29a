"""Axes for objectives of any kind: where a value lies, how far the axis goes, and its ticks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.comparisons import costs
from analysis.comparisons.costs import Objective
from app.charts.error_scale import height, ticks_within

WANTED = 5  # ticks on an axis, about


@dataclass(frozen=True)
class Scale:
    """An axis: `place` takes values to coordinates, `span` is its range in these, `ticks` are values."""

    place: Callable[[ArrayLike], np.ndarray]
    span: list[float]
    ticks: list[float]
    texts: list[str]

    def axis(self, title: str) -> dict[str, object]:
        """The axis for plotly."""
        places = self.place(self.ticks).tolist()
        return {"title": {"text": title}, "range": self.span, "tickvals": places, "ticktext": self.texts}

    def within(self, values: ArrayLike) -> np.ndarray:
        """Where values lie between the ends of the axis, 0 to 1."""
        places: np.ndarray = (self.place(values) - self.span[0]) / (self.span[1] - self.span[0])
        return places


def scale(objective: Objective, values: ArrayLike) -> Scale:
    """An axis on which the values lie with some air.

    It is logarithmic in the error for accuracies, logarithmic where the objective says so, else linear.

    Args:
        objective: what is measured.
        values: at least one must be finite.
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    place: Callable[[ArrayLike], np.ndarray]
    if objective.noise == "paired":
        place, places = height, height(finite)
        span = [float(places.min()) - 0.08, float(places.max()) + 0.16]
        ticks = ticks_within(span) / 100
    elif objective.log:
        place = _log
        span = _airy(place(finite), 0.06)
        ticks = log_ticks(span)
    else:
        place = _same
        span = _airy(finite, 0.06 * float(np.abs(finite).max()) or 1.0)
        ticks = even_ticks(span)
    return Scale(place, span, ticks.tolist(), [text(tick, objective) for tick in ticks])


def text(value: float, objective: Objective) -> str:
    """A tick's text."""
    return f"{100 * value:.4g} %" if objective.unit == "share" else costs.write(value, objective.unit)


def _same(values: ArrayLike) -> np.ndarray:
    return np.asarray(values, dtype=float)


def _log(values: ArrayLike) -> np.ndarray:
    return np.asarray(np.log10(np.maximum(np.asarray(values, dtype=float), 1)))  # nothing lies where one would


def _airy(places: np.ndarray, least: float) -> list[float]:
    low, high = float(places.min()), float(places.max())
    air = max(0.1 * (high - low), least)
    return [low - air, high + air]


def log_ticks(span: list[float]) -> np.ndarray:
    """Round values between two powers of ten, whose exponents `span` holds; finer where few would lie there."""
    powers = 10.0 ** np.arange(np.floor(span[0]), np.ceil(span[1]) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(range(1, 10)), tuple(np.arange(1, 10, 0.1))):
        ticks: np.ndarray = np.sort(np.outer(powers, digits).ravel())
        inside: np.ndarray = ticks[(np.log10(ticks) >= span[0]) & (np.log10(ticks) <= span[1])]
        if len(inside) >= WANTED - 1:
            break
    return inside


def even_ticks(span: list[float]) -> np.ndarray:
    """Round values, about five, in a span."""
    rough = (span[1] - span[0]) / WANTED
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(digit * power for digit in (1, 2, 2.5, 5, 10) if digit * power >= rough)
    ticks: np.ndarray = np.arange(np.ceil(span[0] / step), np.floor(span[1] / step) + 1) * step
    return ticks
