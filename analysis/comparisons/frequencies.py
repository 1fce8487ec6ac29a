"""Sensitivity to spatial frequencies: the error under each wave of the Fourier basis, and by its distance from 0.

The maps are those of Yin et al. 2019, "A Fourier Perspective on Model Robustness in Computer Vision".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.condition_cells import accuracies, apart, gaps
from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.fourier import NAMES, STEPS, frequency_of

CLEAN_RADIUS = -1
"""Stands for the clean images among the radii."""
WAVES = frozenset(NAMES)


def radius_of(wave: str) -> int:
    """How far a wave's frequency is from 0, in sevenths of the highest one along an axis, to the nearest: 0 to 10."""
    return round(float(np.hypot(*frequency_of(wave))))


def errors_by_wave(outcomes: Outcomes) -> pd.DataFrame:
    """The error of each ticket under each wave.

    Returns key, corruption (the wave), down, across (its frequency as shares of the highest along an axis, -1 to 1),
    error, low, high (fractions, the mean over seeds with its 95 % interval).
    """
    return _placed(_errors(accuracies(outcomes, _by_wave(outcomes))))


def error_differences_by_wave(outcomes: Outcomes, baseline: str) -> pd.DataFrame:
    """The error of each ticket but the baseline under each wave, minus the baseline's on the same images.

    Returns key, corruption (the wave), down, across (as `errors_by_wave`), difference, low, high (fractions, with the
    interval that decides), within_noise (bool, not shown to differ, see `condition_cells.gaps`).
    """
    table = gaps(outcomes, baseline, _by_wave(outcomes))
    turned = {"difference": -table["difference"], "low": -table["high"], "high": -table["low"]}
    return _placed(table.assign(**turned))


def errors_by_radius(outcomes: Outcomes) -> pd.DataFrame:
    """The error of each ticket, the mean over the waves of one distance from frequency 0, whatever their direction.

    Returns key, radius (as `radius_of`, `CLEAN_RADIUS` for the clean images), error, low, high (fractions, with the
    95 % interval over seeds where there are several, else over images).
    """
    groups: dict[Condition, Sequence[int]] = {
        ("radius", radius): places for radius, places in _by_radius(outcomes).items()
    }
    table = _errors(accuracies(outcomes, groups))
    return table.drop(columns="corruption").rename(columns={"severity": "radius"})


def apart_by_radius(outcomes: Outcomes, baseline: str) -> pd.DataFrame:
    """The accuracy of each ticket less that of the baseline, the mean over the waves of one distance from frequency 0.

    Returns the rows of `condition_cells.apart`, which are one family, without the clean images; `severity` is the
    distance, as `radius_of`.
    """
    radii = {radius: places for radius, places in _by_radius(outcomes).items() if radius != CLEAN_RADIUS}
    return apart(outcomes, baseline, {("radius", radius): places for radius, places in radii.items()})


def _by_wave(outcomes: Outcomes) -> Mapping[Condition, Sequence[int]]:
    return {condition: [place] for place, condition in enumerate(outcomes.conditions) if condition[0] in WAVES}


def _by_radius(outcomes: Outcomes) -> Mapping[int, list[int]]:
    groups = {CLEAN_RADIUS: [outcomes.conditions.index(CLEAN)]}
    for place, (wave, _) in enumerate(outcomes.conditions):
        if wave in WAVES:
            groups.setdefault(radius_of(wave), []).append(place)
    return dict(sorted(groups.items()))


def _errors(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracies as errors, bounds swapped."""
    errors = {"error": 1 - table["accuracy"], "low": 1 - table["high"], "high": 1 - table["low"]}
    return table.drop(columns=["accuracy", "low", "high"]).assign(**errors)


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with the waves' frequencies in place of their one severity."""
    places = np.array([frequency_of(wave) for wave in table["corruption"]], dtype=float).reshape(-1, 2) / STEPS
    table = table.drop(columns="severity")
    at = int(table.columns.get_indexer(["corruption"])[0]) + 1
    table.insert(at, "down", places[:, 0])
    table.insert(at + 1, "across", places[:, 1])
    return table
