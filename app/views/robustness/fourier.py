"""Fourier: which spatial frequencies a ticket is sensitive to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.comparisons.condition_cells import accuracies, gaps
from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.fourier import STEPS, frequency_of
from app.charts.base import NOISE
from app.shell import layout
from app.views.robustness.charts import frequencies as charts
from app.views.robustness.section_data import FOURIER, Scope, named, needs_baseline, no_results

RADIUS = "radius"


def show(scope: Scope) -> None:
    """Draw the section."""
    if FOURIER not in scope.measured:
        no_results(scope, FOURIER, "the Fourier basis")
        return
    scope.missing(FOURIER)
    outcomes = scope.outcomes(FOURIER)
    _radial(scope, outcomes)
    options = {"error": "error of each ticket", "difference": f"difference to {scope.label(scope.baseline or '')}"}
    if scope.selection.pick("waves", "Heat maps of the", options, width="content") == "error":
        _errors(scope, outcomes)
    elif needs_baseline(scope, FOURIER):
        _differences(scope, outcomes)


def by_wave(outcomes: Outcomes) -> dict[Condition, list[int]]:
    """Each wave, by its place among the conditions."""
    return {condition: [place] for place, condition in enumerate(outcomes.conditions) if condition[0] in charts.WAVES}


def by_radius(outcomes: Outcomes) -> dict[Condition, list[int]]:
    """The waves of one distance from frequency 0, and the clean images as distance `CLEAN`."""
    groups: dict[Condition, list[int]] = {(RADIUS, charts.CLEAN): [outcomes.conditions.index(CLEAN)]}
    for (wave, _), places in by_wave(outcomes).items():
        groups.setdefault((RADIUS, charts.radius_of(wave)), []).extend(places)
    return dict(sorted(groups.items()))


def _radial(scope: Scope, outcomes: Outcomes) -> None:
    points = scope.computed(
        "fourier radii",
        lambda: accuracies(outcomes, by_radius(outcomes)).rename(columns={"severity": "radius"}),
    )
    styles, theme = scope.there(FOURIER), scope.selection.theme
    layout.card(
        "Error as the frequency rises",
        scope.figure("fourier radial", styles, lambda: charts.radial(points, styles, theme)),
        lambda: _in_percent(named(points, styles)).drop(columns="corruption"),
        "radial",
        help="The mean over the waves of one distance from frequency 0, whatever their direction, with its 95 % "
        "interval: over seeds where there are several, else over the test images.",
        caption="0 is an even brightening or darkening; 1 is the finest wave that the pixels hold along an axis, and "
        "diagonal ones are finer.",
    )


def _errors(scope: Scope, outcomes: Outcomes) -> None:
    cells = scope.computed("fourier cells", lambda: accuracies(outcomes, by_wave(outcomes)))
    styles, theme = scope.there(FOURIER), scope.selection.theme
    layout.card(
        "Error under each wave",
        scope.figure("fourier errors", styles, lambda: charts.errors(cells, styles, theme)),
        lambda: _in_percent(_frequencies(named(cells, styles))),
        "fourier-errors",
        help="Fourier heat maps (Yin et al. 2019): all images are disturbed by one wave, the same strength for each. "
        "The middle is frequency 0, the edges are the highest the pixels hold. The interval is in the hover.",
        caption=_caption(len(by_wave(outcomes))),
    )


def _differences(scope: Scope, outcomes: Outcomes) -> None:
    baseline = str(scope.baseline)
    cells = scope.computed(("fourier gaps", baseline), lambda: gaps(outcomes, baseline, by_wave(outcomes)))
    styles = {key: style for key, style in scope.there(FOURIER).items() if key != baseline}
    theme = scope.selection.theme
    away = int(((cells["low"] > 0) | (cells["high"] < 0)).sum())
    layout.card(
        f"Error under each wave, minus that of {scope.label(baseline)}",
        scope.figure(("fourier differences", baseline), styles, lambda: charts.differences(cells, styles, theme)),
        lambda: _signed(_frequencies(named(cells, styles))),
        "fourier-differences",
        help="On the same images. Orange: the ticket errs more. The interval is in the hover.",
        caption=f"{NOISE} and paler: within noise, 0 is inside the 95 % interval. {away:,} of {len(cells):,} are not; "
        f"were there no difference at all, about {round(0.05 * len(cells)):,} would not be either. "
        + _caption(len(by_wave(outcomes))),
    )


def _caption(waves: int) -> str:
    return (
        f"{waves} waves; a frequency and its negative are the same wave, so each map is symmetric about its middle. "
        "Axes: share of the highest frequency."
    )


def _frequencies(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the frequencies as shares of the highest, down and across, after the wave's name."""
    pairs: Sequence[tuple[int, int]] = [frequency_of(wave) for wave in rows["corruption"]]
    rows = rows.drop(columns="severity")
    at = int(rows.columns.get_loc("corruption")) + 1
    for name, values in (("across", [pair[1] for pair in pairs]), ("down", [pair[0] for pair in pairs])):
        rows.insert(at, name, [value / STEPS for value in values])
    return rows


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracies as errors in per cent, bounds swapped."""
    error: dict[str, Any] = {"error": 100 * (1 - rows["accuracy"])}
    error |= {"low": 100 * (1 - rows["high"]), "high": 100 * (1 - rows["low"])}
    return rows.drop(columns=["accuracy", "low", "high"]).assign(**error)


def _signed(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences of accuracies as differences of errors in points, bounds swapped."""
    points = {"difference": -100 * rows["difference"], "low": -100 * rows["high"], "high": -100 * rows["low"]}
    return rows.assign(**points)
