"""How far to trust a map: by hand, against scikit-learn, and against loops over sorted distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from analysis.metrics.faithfulness import faithfulness
from pruning.errors import UserError
from tests.analysis.metrics.test_embedding import blobs


@given(st.integers(8, 60), st.integers(1, 6), st.integers(1, 15), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_the_means_are_sklearns(n: int, width: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    features, xy = random.normal(size=(n, width)) + 50, random.normal(size=(n, 2))
    found = faithfulness(features, xy, k).whole
    k = min(k, (n - 1) // 2)
    assert found["trustworthiness"] == pytest.approx(trustworthiness(features, xy, n_neighbors=k))
    assert found["continuity"] == pytest.approx(trustworthiness(xy, features, n_neighbors=k))


def test_by_hand() -> None:
    # Venna & Kaski: whoever is nearest in the map, but only r-th nearest among the features, costs r - 1.
    line = np.arange(7.0)[:, None] ** 1.1  # uneven, so that no two are equally near
    swapped = line[[6, 1, 2, 3, 4, 5, 0]]
    rank = np.abs(line - line.T).argsort(axis=1).argsort(axis=1)
    distance = np.abs(swapped - swapped.T) + np.diag(np.full(7, np.inf))
    penalty = np.array([max(rank[i, distance[i].argmin()] - 1, 0) for i in range(7)])
    assert penalty.sum() > 0
    xy = np.column_stack([swapped[:, 0], np.zeros(7)])
    found = faithfulness(line, xy, neighbours=1)
    np.testing.assert_allclose(found.trustworthiness, 1 - penalty * 2 / (2 * 7 - 3 - 1))
    assert found.trustworthiness.min() == 0  # the nearest on the map is the farthest of all
    kept = faithfulness(line, np.column_stack([line[:, 0], np.zeros(7)]), neighbours=1)
    assert kept.whole == {"trustworthiness": 1, "continuity": 1, "recall": 1}


def test_recall_counts_neighbours_one_by_one() -> None:
    features, xy = blobs(each=12), np.random.default_rng(3).normal(size=(48, 2)).astype(np.float32)
    apart = [np.linalg.norm(points[:, None] - points[None], axis=2) for points in (features, xy)]
    expected = []
    for sample in range(48):
        near = [set([other for other in np.argsort(each[sample]) if other != sample][:15]) for each in apart]
        expected.append(len(near[0] & near[1]) / 15)
    np.testing.assert_allclose(faithfulness(features, xy).recall, expected)


def test_recall_by_chance_and_where_trustworthiness_flatters() -> None:
    random = np.random.default_rng(0)
    by_chance = faithfulness(random.normal(size=(600, 5)), random.normal(size=(600, 2)))
    assert by_chance.whole["recall"] == pytest.approx(15 / 599, abs=0.01)
    assert by_chance.whole["trustworthiness"] == pytest.approx(0.5, abs=0.02)
    # clusters in their places, but samples anywhere inside them
    features = blobs(classes=12, each=50, width=12)
    xy = np.stack([np.cos(np.arange(12)), np.sin(np.arange(12))], axis=1).repeat(50, axis=0) * 50
    found = faithfulness(features, xy + random.normal(size=xy.shape)).whole
    assert found["trustworthiness"] > 0.95
    assert found["recall"] < 0.5


def test_a_torn_cluster_costs_continuity_and_a_fold_trustworthiness() -> None:
    plane = np.random.default_rng(2).normal(size=(200, 2))
    torn = plane + np.array([20.0, 0.0]) * (np.arange(200)[:, None] % 2)
    found = faithfulness(plane, torn).whole
    assert found["continuity"] < found["trustworthiness"] - 0.05
    folded = faithfulness(torn, plane).whole
    assert folded["trustworthiness"] == pytest.approx(found["continuity"])


def test_odd_input_has_no_faithfulness() -> None:
    random = np.random.default_rng(0)
    few = faithfulness(random.normal(size=(4, 3)), random.normal(size=(4, 2)))
    dead = faithfulness(np.full((30, 2), 7.0), random.normal(size=(30, 2)))
    point = faithfulness(random.normal(size=(30, 2)), np.zeros((30, 2)))
    for found in (few, dead, point):
        assert np.isnan(found.recall).all()
        assert np.isnan(list(found.whole.values())).all()
    features = random.normal(size=(6, 2))
    assert faithfulness(features, features).whole["trustworthiness"] == 1  # fewer neighbours than asked for, no error
    broken = np.concatenate([features, np.full((1, 2), np.nan)])
    assert np.isnan(faithfulness(broken, broken).continuity).tolist() == [False] * 6 + [True]
    with pytest.raises(UserError, match=r"\[samples, D\], not \[5\]"):
        faithfulness(np.zeros(5), np.zeros((5, 2)))
