"""Maps against the singular value decomposition, by hand, and on clusters whose neighbours are known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA

from analysis.metrics import embedding
from pruning.errors import UserError


def blobs(classes: int = 4, each: int = 40, width: int = 8, distance: float = 12.0, seed: int = 0) -> np.ndarray:
    """[classes * each, width] normal clusters, class by class."""
    random = np.random.default_rng(seed)
    centres = np.eye(classes, width) * distance
    return (centres.repeat(each, axis=0) + random.normal(size=(classes * each, width))).astype(np.float32)


@given(st.integers(3, 40), st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_pca_is_sklearns_up_to_sign(n: int, width: int, seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=(n, width)) * np.linspace(5, 1, width) + 100
    ours, theirs = embedding.pca(features), PCA(2, svd_solver="full").fit_transform(features)
    for axis in range(2):
        sign = np.sign(ours[:, axis] @ theirs[:, axis])
        np.testing.assert_allclose(ours[:, axis], sign * theirs[:, axis], atol=2e-4)


@given(arrays(np.float64, (9, 3), elements=st.floats(-1e3, 1e3)))
@settings(deadline=None)
def test_pca_takes_any_features(features: np.ndarray) -> None:
    xy = embedding.pca(features)
    assert np.isfinite(xy).all()
    # a projection: centred, and no two samples further apart than they were
    np.testing.assert_allclose(xy.mean(axis=0), 0, atol=1e-2)
    apart = np.linalg.norm(features[:, None] - features[None], axis=2)
    assert (np.linalg.norm(xy[:, None] - xy[None], axis=2) <= apart + 1e-2).all()


def test_pca_sign_does_not_depend_on_the_order_of_samples_or_on_their_mirror_image() -> None:
    features = blobs()
    order = np.random.default_rng(1).permutation(len(features))
    np.testing.assert_allclose(embedding.pca(features[order]), embedding.pca(features)[order], atol=1e-4)
    # mirrored features give a mirrored map: the axes' signs come from the axes, not from the samples
    np.testing.assert_allclose(embedding.pca(-features), -embedding.pca(features), atol=1e-4)


def test_pca_by_hand_and_degenerate() -> None:
    line = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    np.testing.assert_allclose(embedding.pca(line), [[-5, 0], [0, 0], [5, 0]], atol=1e-6)
    np.testing.assert_allclose(embedding.pca(np.array([[1.0], [3.0]])), [[-1, 0], [1, 0]], atol=1e-6)
    np.testing.assert_array_equal(embedding.pca(np.full((4, 3), 7.0)), np.zeros((4, 2)))
    assert embedding.pca(np.zeros((1, 3))).shape == (1, 2)
    assert embedding.pca(np.zeros((0, 3))).shape == (0, 2)
    huge = np.array([[1e30, 0], [-1e30, 0], [0, 1e30]], dtype=np.float32)
    assert np.isfinite(embedding.pca(huge)).all()


def test_samples_that_are_not_finite_are_nowhere_and_move_no_other() -> None:
    features = blobs(each=20)
    broken = np.concatenate([features[:3], [[np.nan] * 8], features[3:], [[np.inf] * 8]]).astype(np.float32)
    rest = np.isfinite(broken).all(axis=1)
    for make in (embedding.pca, embedding.umap):
        xy = make(broken)
        assert np.isnan(xy[~rest]).all()
        np.testing.assert_array_equal(xy[rest], make(features))
    np.testing.assert_array_equal(embedding.trustworthiness(broken, xy), embedding.trustworthiness(features, xy[rest]))
    anchored = embedding.umap_joint({"other": features}, reference=("broken", xy[: len(features)]))["other"]
    assert np.isfinite(anchored).all()


@pytest.mark.parametrize("make", [embedding.umap, lambda features: embedding.umap_joint({"a": features})["a"]])
def test_umap_of_few_samples_says_so(make: object) -> None:
    with pytest.raises(UserError, match="at least 5 samples, there are 4"):
        make(np.zeros((4, 3)))  # type: ignore[operator]
    with pytest.raises(UserError, match=r"\[samples, D\], not \[5\]"):
        make(np.zeros(5))  # type: ignore[operator]


def test_umap_of_constant_features_is_a_point() -> None:
    constant = np.full((30, 4), 0.3, dtype=np.float32)
    constant[::2] += np.float32(3e-8)  # rounding, not structure
    np.testing.assert_array_equal(embedding.umap(constant), np.zeros((30, 2)))
    assert np.isnan(embedding.trustworthiness(constant, np.zeros((30, 2))))
    features = blobs(3, 10)
    # a point draws nothing together: the first map that is none becomes the reference
    joint = embedding.umap_joint({"dead": constant, "alive": features, "also": features})
    np.testing.assert_array_equal(joint["alive"], embedding.umap(features))
    assert np.linalg.norm(joint["also"] - joint["alive"], axis=1).mean() < 1
    assert np.isfinite(embedding.umap(np.eye(6, 3))).all()


def test_umap_keeps_clusters_apart_and_repeats_itself() -> None:
    features, label = blobs(), np.arange(4).repeat(40)
    xy = embedding.umap(features, seed=3)
    nearest = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.diag(np.full(len(xy), np.inf))
    assert (label[nearest.argmin(axis=1)] == label).all()
    assert xy.dtype == np.float32
    np.testing.assert_array_equal(embedding.umap(features, seed=3), xy)
    assert not np.array_equal(embedding.umap(features, seed=4), xy)


def test_joint_maps_lie_over_one_another() -> None:
    # Three networks that see the same clusters, each with noise and a rotation of its own.
    random = np.random.default_rng(5)
    networks = {}
    for name in ("dense", "pruned", "sparse"):
        turn = np.linalg.qr(random.normal(size=(8, 8)))[0]
        networks[name] = (blobs(distance=8) + random.normal(size=(160, 8)) * 0.5) @ turn
    joint = embedding.umap_joint(networks, seed=1)
    apart = {name: embedding.umap(features, seed=1) for name, features in networks.items()}

    def displacement(maps: dict[str, np.ndarray]) -> float:
        """Mean distance of a sample from itself, in units of the spread of the maps."""
        spread = np.mean([np.sqrt(xy.var(axis=0).sum()) for xy in maps.values()])
        return float(np.mean([np.linalg.norm(maps[a] - maps[b], axis=1).mean() for a, b in combinations(maps, 2)])) / (
            float(spread)
        )

    assert displacement(joint) < 0.5 * displacement(apart)
    for name, features in networks.items():
        trust = embedding.trustworthiness(features, joint[name])
        assert trust > embedding.trustworthiness(features, apart[name]) - 0.03
    np.testing.assert_array_equal(joint["dense"], apart["dense"])


def test_joint_maps_do_not_depend_on_the_other_networks() -> None:
    networks = {name: blobs(seed=seed) for seed, name in enumerate(("dense", "a", "b"))}
    joint = embedding.umap_joint(networks)
    later = embedding.umap_joint({"b": networks["b"]}, reference=("dense", joint["dense"]))
    assert list(later) == ["b"]
    np.testing.assert_array_equal(later["b"], joint["b"])
    with pytest.raises(UserError, match="'b' has 159 samples, the map to align with has 160"):
        embedding.umap_joint({"dense": networks["dense"], "b": networks["b"][1:]})


def test_a_sample_that_changes_its_cluster_moves_with_it() -> None:
    dense = blobs(3, 40)
    changed = dense.copy()
    changed[0] = dense[60]  # from the first cluster to the second
    maps = embedding.umap_joint({"dense": dense, "changed": changed})
    first, second = maps["changed"][1:40].mean(axis=0), maps["changed"][40:80].mean(axis=0)
    at = maps["changed"][0]
    assert np.linalg.norm(at - second) < np.linalg.norm(at - first)


def test_trustworthiness_by_hand() -> None:
    # Venna & Kaski: whoever is nearest in the map, but only r-th nearest among the features, costs r - 1.
    line = np.arange(7.0)[:, None] ** 1.1  # uneven, so that no two are equally near
    swapped = line[[6, 1, 2, 3, 4, 5, 0]]
    rank = np.abs(line - line.T).argsort(axis=1).argsort(axis=1)
    distance = np.abs(swapped - swapped.T) + np.diag(np.full(7, np.inf))
    penalty = sum(max(rank[i, distance[i].argmin()] - 1, 0) for i in range(7))
    assert penalty > 0
    expected = 1 - penalty * 2 / (7 * 1 * (2 * 7 - 3 * 1 - 1))
    xy = np.column_stack([swapped[:, 0], np.zeros(7)])
    assert embedding.trustworthiness(line, xy, neighbours=1) == pytest.approx(expected)
    assert embedding.trustworthiness(line, np.column_stack([line[:, 0], np.zeros(7)]), neighbours=1) == 1


def test_trustworthiness_of_few_samples() -> None:
    random = np.random.default_rng(0)
    assert np.isnan(embedding.trustworthiness(random.normal(size=(4, 3)), random.normal(size=(4, 2))))
    features = random.normal(size=(6, 2))
    assert embedding.trustworthiness(features, features) == 1  # fewer neighbours than asked for, not an error


def test_recall_counts_neighbours_one_by_one() -> None:
    """Against loops over sorted distances."""
    features, xy = blobs(each=12), np.random.default_rng(3).normal(size=(48, 2)).astype(np.float32)
    apart = [np.linalg.norm(points[:, None] - points[None], axis=2) for points in (features, xy)]
    expected = []
    for sample in range(48):
        near = [set([other for other in np.argsort(each[sample]) if other != sample][:15]) for each in apart]
        expected.append(len(near[0] & near[1]) / 15)
    np.testing.assert_allclose(embedding.neighbour_recall(features, xy), expected, rtol=1e-6)
    plane = features[:, :2]
    assert (embedding.neighbour_recall(plane, plane) == 1).all()


def test_recall_by_chance_and_where_trustworthiness_flatters() -> None:
    random = np.random.default_rng(0)
    by_chance = embedding.neighbour_recall(random.normal(size=(600, 5)), random.normal(size=(600, 2)))
    assert by_chance.mean() == pytest.approx(15 / 599, abs=0.01)
    # clusters in their places, but samples anywhere inside them
    features = blobs(classes=12, each=50, width=12)
    xy = np.stack([np.cos(np.arange(12)), np.sin(np.arange(12))], axis=1).repeat(50, axis=0) * 50
    xy = xy + random.normal(size=xy.shape)
    assert embedding.trustworthiness(features, xy) > 0.95
    assert embedding.neighbour_recall(features, xy).mean() < 0.5


def test_recall_of_few_samples_and_of_samples_that_are_not_finite() -> None:
    assert np.isnan(embedding.neighbour_recall(np.zeros((4, 2)), np.zeros((4, 2)))).all()
    assert np.isnan(embedding.neighbour_recall(np.full((9, 2), 7.0), np.zeros((9, 2)))).all()
    features = blobs(each=10)
    broken = np.concatenate([features, np.full((1, 8), np.nan, np.float32)])
    found = embedding.neighbour_recall(broken, np.concatenate([features[:, :2], [[0, 0]]]))
    np.testing.assert_array_equal(found, [*embedding.neighbour_recall(features, features[:, :2]), np.nan])
