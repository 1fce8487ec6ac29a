"""Densities have area one, and regions hold the share of the points that they claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.statistics import density

finite = st.floats(-1e3, 1e3, width=32)


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, st.integers(0, 60), elements=finite))
def test_a_curve_has_area_one(values: np.ndarray) -> None:
    limits = (-1.0e3 - 1, 1.0e3 + 1)
    centres, height = density.curve(values, limits)
    area = float(height.sum() * (centres[1] - centres[0]))
    assert area == pytest.approx(1.0 if len(values) else 0.0)
    assert (height >= 0).all()


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, st.tuples(st.just(2), st.integers(1, 200)), elements=finite))
def test_regions_hold_the_share_of_samples_they_claim(xy: np.ndarray) -> None:
    x, y = xy
    ranges = (x.min() - 1, x.max() + 1), (y.min() - 1, y.max() + 1)
    z, columns_at, rows_at = density.mass_inside(x, y, *ranges)
    assert ((z >= 0) & (z <= 1)).all()
    step_x, step_y = columns_at[1] - columns_at[0], rows_at[1] - rows_at[0]
    at = (
        np.rint((y - rows_at[0]) / step_y).astype(int).clip(0, 63),
        np.rint((x - columns_at[0]) / step_x).astype(int).clip(0, 63),
    )
    # Smoothing spreads the samples, so a region holds at least about as many of them as of the smoothed mass.
    assert (z[at] >= 0.1).mean() >= 0.6


def test_regions_of_many_samples_hold_just_their_share() -> None:
    x, y = np.random.default_rng(3).normal(size=(2, 20_000))
    z, xs, ys = density.mass_inside(x, y, (-5, 5), (-5, 5))
    cell = np.floor((y + 5) / 10 * 64).astype(int), np.floor((x + 5) / 10 * 64).astype(int)
    for level in (0.1, 0.5, 0.9):
        assert (z[cell] >= level).mean() == pytest.approx(1 - level, abs=0.04)
    assert xs[0] == pytest.approx(-5 + 10 / 128)
    assert len(ys) == 64
