"""Samples laid over a map that does not know them: on themselves, between their neighbours, or far off."""

import numpy as np
import pytest

from analysis.metrics.overlay import overlay
from tests.analysis.metrics.test_embedding import blobs


def test_a_sample_of_the_map_lies_where_it_is() -> None:
    features, xy = blobs(), np.random.default_rng(0).normal(size=(160, 2))
    found = overlay(features, xy, features[[5, 90]])
    np.testing.assert_allclose(found.xy, xy[[5, 90]], atol=1e-4)
    assert not found.far.any()


def test_places_are_weighted_by_distance_and_by_hand() -> None:
    features, xy = np.array([[0.0], [3.0], [30.0]]), np.array([[0.0, 0], [1, 10], [5, 5]])
    found = overlay(features, xy, np.array([[1.0], [-1.0]]), neighbours=2)
    # at distances 1 and 2 the weights are 1 and 1/4; at 1 and 4, 1 and 1/16
    np.testing.assert_allclose(found.xy, [[0.2, 2], [1 / 17, 10 / 17]], rtol=1e-5)


def test_samples_go_to_their_own_cluster_and_strangers_are_far() -> None:
    features = blobs(classes=3, each=50)
    xy = np.array([[0.0, 0], [10, 0], [0, 10]]).repeat(50, axis=0) + np.random.default_rng(1).normal(size=(150, 2))
    drawn = blobs(classes=3, each=50, seed=7)
    found = overlay(features, xy, drawn)
    middles = xy.reshape(3, 50, 2).mean(axis=1)
    nearest = np.linalg.norm(found.xy[:, None] - middles, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.arange(3).repeat(50))
    assert found.far.mean() < 0.25  # by how the threshold is made about one in twenty, and a few more
    assert overlay(features, xy, drawn + 40).far.all()


@pytest.mark.filterwarnings("error")
def test_odd_input() -> None:
    features, xy = blobs(each=5), np.random.default_rng(0).normal(size=(20, 2))
    found = overlay(features, xy, np.array([[np.nan] * 8, [0.0] * 8]))
    assert np.isnan(found.xy).all(axis=1).tolist() == [True, False]
    assert not found.far[0]
    dead = overlay(np.full((9, 2), 7.0), np.zeros((9, 2)), np.ones((3, 2)))
    assert np.isnan(dead.xy).all()
    assert not dead.far.any()
    xy[4] = np.nan  # a sample that the map does not have places nobody
    assert np.isfinite(overlay(features, xy, features[[4]]).xy).all()
