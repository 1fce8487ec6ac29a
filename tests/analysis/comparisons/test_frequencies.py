"""Errors by wave and by distance from frequency 0 agree with plain counting."""

import numpy as np
import pytest

from analysis.comparisons.frequencies import (
    CLEAN_RADIUS,
    apart_by_radius,
    error_differences_by_wave,
    errors_by_radius,
    errors_by_wave,
    radius_of,
)
from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.fourier import NAMES, wave

CONDITIONS = [("clean", 0), *((name, 4) for name in NAMES)]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    rng = np.random.default_rng(0)
    return Outcomes(CONDITIONS, {key: rng.random((2, 114, 60)) < share for key, share in {"a": 0.9, "b": 0.6}.items()})


@pytest.mark.parametrize(("down", "across"), [(0, 0), (0, 3), (5, -2), (7, 7)])
def test_the_radius_is_that_of_the_spectrum(down: int, across: int) -> None:
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(wave(down, across, 28, 28))))
    row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
    sevenths = np.hypot(row - 14, column - 14) / 2  # 14 periods of 28 pixels are the most: two a seventh
    assert radius_of(f"fourier_{down}_{across}") == round(sevenths)


def test_every_wave_has_its_error_and_its_frequency(outcomes: Outcomes) -> None:
    table = errors_by_wave(outcomes).set_index(["key", "corruption"])
    assert len(table) == 2 * 113
    row = table.loc[("b", "fourier_5_-2")]
    assert (row["down"], row["across"]) == (5 / 7, -2 / 7)
    place = CONDITIONS.index(("fourier_5_-2", 4))
    assert row["error"] == pytest.approx((~outcomes.right["b"][:, place]).mean())
    assert (table["low"] <= table["error"]).all()
    assert (table["error"] <= table["high"]).all()


def test_differences_are_of_errors(outcomes: Outcomes) -> None:
    table = error_differences_by_wave(outcomes, "a").set_index("corruption")
    assert set(table["key"]) == {"b"}
    gap = outcomes.right["a"][:, 1].mean() - outcomes.right["b"][:, 1].mean()
    assert table.loc[NAMES[0], "difference"] == pytest.approx(gap)
    assert table["within_noise"].tolist() == [low <= 0 <= high for low, high in zip(table.low, table.high, strict=True)]
    assert (table["low"] <= table["difference"]).all()


def test_every_wave_counts_once_at_its_distance(outcomes: Outcomes) -> None:
    table = errors_by_radius(outcomes)
    own = table[table["key"] == "a"]
    assert own["radius"].tolist() == [CLEAN_RADIUS, *range(11)]
    places = [place for place, (name, _) in enumerate(CONDITIONS) if place and radius_of(name) == 4]
    assert own.set_index("radius").at[4, "error"] == pytest.approx((~outcomes.right["a"][:, places]).mean())
    assert own["error"].iloc[0] == pytest.approx((~outcomes.right["a"][:, 0]).mean())


def test_distances_from_0_are_compared_without_the_clean_images(outcomes: Outcomes) -> None:
    table = apart_by_radius(outcomes, "a").set_index("severity")
    assert sorted(table.index) == list(range(11))
    near = [place for place, (name, _) in enumerate(CONDITIONS) if name in NAMES and radius_of(name) == 3]
    gap = outcomes.right["b"][:, near].mean() - outcomes.right["a"][:, near].mean()
    assert table.loc[3, "difference"] == pytest.approx(gap)
