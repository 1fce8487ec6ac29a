"""Maps of the nodes against planar points and numpy, and the order of the tickets by hand."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from analysis.comparisons.similarity_maps import place, ranks
from pruning.errors import UserError
from tests.analysis.comparisons.test_similarity import made_up


def flat_nodes(nodes: int = 12) -> np.ndarray:
    """Nodes that lie in a plane of their space: [nodes, 60]."""
    turned = np.linalg.qr(np.random.default_rng(2).normal(size=(60, 2)))[0]
    return np.asarray(np.random.default_rng(1).normal(size=(nodes, 2)) @ turned.T)


def test_points_of_a_plane_lie_as_they_do_there() -> None:
    flat = flat_nodes()
    found = made_up(flat.reshape(2, 6, 20, 3))
    scaled, plane = place(found, "mds"), place(found, "pca")
    assert scaled.stress < 0.01
    assert plane.explained == pytest.approx(1)
    for each in (scaled, plane):
        mapped = np.linalg.norm(each.xy[:, None] - each.xy[None], axis=-1)
        np.testing.assert_allclose(mapped, found.distances, atol=0.02)
        assert each.trustworthiness == pytest.approx(1)
    assert found.distances[3, 7] == pytest.approx(np.sqrt(((flat[3] - flat[7]) ** 2).mean()))


def test_components_and_trust_are_those_of_another_library() -> None:
    values = np.random.default_rng(5).normal(size=(4, 6, 10, 2))
    found = made_up(values)
    rows = values.reshape(24, -1)
    theirs = PCA(2).fit(rows)
    plane = place(found, "pca")
    assert plane.explained == pytest.approx(theirs.explained_variance_ratio_.sum())
    np.testing.assert_allclose(np.abs(plane.xy), np.abs(theirs.transform(rows)) / np.sqrt(20), atol=1e-9)
    k = 11  # half of the others, as 24 nodes have no room for 15
    assert plane.trustworthiness == pytest.approx(trustworthiness(rows, plane.xy, n_neighbors=k), abs=0.02)


def test_few_nodes_are_placed_or_said_to_be_too_few() -> None:
    found = made_up(np.random.default_rng(0).normal(size=(1, 2, 10, 2)))
    assert place(found, "mds").xy.shape == (2, 2)
    assert np.isfinite(place(found, "pca").xy).all()
    assert np.isnan(place(found, "mds").trustworthiness)
    with pytest.raises(UserError):
        place(found, "umap")


def test_the_order_of_tickets_and_of_conditions_by_hand() -> None:
    hidden = np.array([0.0, 9.0, 1.0, 8.0])  # clean and frost are alike, fog and snow are
    values = np.broadcast_to(hidden[None, :, None, None], (3, 4, 5, 2)).copy()
    accuracy = np.array([[0.9, 0.5, 0.8, 0.1], [0.8, 0.6, 0.8, 0.2], [0.7, 0.4, 0.9, 0.3]])
    rows = ranks(made_up(values, accuracy))
    order = rows.drop_duplicates("corruption").sort_values("place")["corruption"].tolist()
    assert order in (["clean", "frost", "snow", "fog"], ["frost", "clean", "snow", "fog"])
    own = rows.pivot(index="key", columns="corruption", values="rank")
    assert own["clean"].tolist() == [1, 2, 3]
    assert own["frost"].tolist() == [2.5, 2.5, 1]
    assert own["snow"].tolist() == [3, 2, 1]
