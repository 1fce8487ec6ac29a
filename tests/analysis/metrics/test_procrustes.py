"""Maps laid over one another: known turns are undone, and no turn is better, against scipy and against trying all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import procrustes

from analysis.metrics.procrustes import align
from pruning.errors import UserError


def turn(angle: float, mirrored: bool) -> np.ndarray:
    """A rotation, and a reflection before it."""
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag([1, -1]) if mirrored else rotation


@given(st.floats(0, 6.28), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_turned_mirrored_and_shifted_map_comes_back(angle: float, mirrored: bool, seed: int) -> None:
    xy = np.random.default_rng(seed).normal(size=(20, 2))
    np.testing.assert_allclose(align(xy @ turn(angle, mirrored) + [3, -7], xy), xy, atol=1e-5)


def test_no_turn_is_better_and_distances_stay() -> None:
    random = np.random.default_rng(4)
    xy, reference = random.normal(size=(30, 2)), random.normal(size=(30, 2)) * 3 + 5
    found = align(xy, reference)
    apart = [np.linalg.norm(points[:, None] - points[None], axis=2) for points in (xy, found)]
    np.testing.assert_allclose(apart[1], apart[0], atol=1e-5)
    own, there = xy - xy.mean(axis=0), reference - reference.mean(axis=0)
    tried = [
        ((own @ turn(angle, mirrored) - there) ** 2).sum()
        for angle in np.linspace(0, 2 * np.pi, 721)
        for mirrored in (False, True)
    ]
    assert ((found - reference) ** 2).sum() <= min(tried) * (1 + 1e-6)
    assert min(tried) < ((found - reference) ** 2).sum() * 1.001


def test_with_scales_taken_out_it_is_scipys() -> None:
    random = np.random.default_rng(5)
    xy, reference = random.normal(size=(30, 2)), random.normal(size=(30, 2))
    first, second, _ = procrustes(reference, xy)
    found = align(xy / np.linalg.norm(xy - xy.mean(axis=0)), first)  # scipy scales besides, by one factor
    cosines = (found * second).sum() / np.linalg.norm(found) / np.linalg.norm(second)
    assert cosines == pytest.approx(1, abs=1e-6)


def test_samples_that_are_nowhere_bear_on_none() -> None:
    xy = np.random.default_rng(6).normal(size=(12, 2))
    turned = xy @ turn(1.0, True)
    turned[3], gone = np.nan, xy.copy()
    gone[5] = np.nan
    found = align(turned, gone)
    assert np.isnan(found[3]).all()
    np.testing.assert_allclose(np.delete(found, 3, axis=0), np.delete(xy, 3, axis=0), atol=1e-5)
    np.testing.assert_array_equal(align(turned, np.full((12, 2), np.nan)), turned.astype(np.float32))
    with pytest.raises(UserError, match="Maps of 12 and 11 samples"):
        align(xy, xy[1:])
