"""Maps against the singular value decomposition, by hand, and on clusters whose neighbours are known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA

from analysis.metrics import embedding
from analysis.metrics.faithfulness import faithfulness
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
    quality = faithfulness(broken, xy)
    assert quality.whole == faithfulness(features, xy[rest]).whole
    assert np.isnan(quality.recall[~rest]).all()
    anchored = embedding.umap_joint({"other": features}, reference=("broken", xy[: len(features)]))["other"]
    assert np.isfinite(anchored).all()


@pytest.mark.parametrize("make", [embedding.umap, lambda features: embedding.umap_joint({"a": features})["a"]])
def test_umap_of_few_samples_says_so(make: object) -> None:
    with pytest.raises(UserError, match="at least 5 samples, there are 4"):
        make(np.zeros((4, 3)))  # type: ignore[operator]
    with pytest.raises(UserError, match=r"\[samples, D\], not \[5\]"):
        make(np.zeros(5))  # type: ignore[operator]


def test_umap_of_one_feature_keeps_neighbours() -> None:
    xy = embedding.umap(np.repeat([[0.0], [9.0]], 20, axis=0) + np.random.default_rng(0).normal(0, 0.1, (40, 1)))
    assert np.linalg.norm(xy[:20].mean(axis=0) - xy[20:].mean(axis=0)) > np.linalg.norm(xy[:20].std(axis=0))


def test_umap_of_constant_features_is_a_point() -> None:
    constant = np.full((30, 4), 0.3, dtype=np.float32)
    constant[::2] += np.float32(3e-8)  # rounding, not structure
    np.testing.assert_array_equal(embedding.umap(constant), np.zeros((30, 2)))
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
        joined, alone = (faithfulness(features, xy[name]).whole["trustworthiness"] for xy in (joint, apart))
        assert joined > alone - 0.03
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


def test_tsne_keeps_clusters_apart_and_repeats_itself() -> None:
    features, label = blobs(each=30), np.arange(4).repeat(30)  # twice as many as are counted as neighbours
    xy = embedding.tsne(features, seed=3)
    nearest = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.diag(np.full(len(xy), np.inf))
    assert (label[nearest.argmin(axis=1)] == label).all()
    np.testing.assert_array_equal(embedding.tsne(features, seed=3), xy)
    # its neighbours are truer than those of the plane of most variance
    assert faithfulness(features, xy).recall.mean() > faithfulness(features, embedding.pca(features)).recall.mean()


def test_tsne_of_odd_input() -> None:
    features = blobs(each=10)
    broken = np.concatenate([features, np.full((1, 8), np.nan, np.float32)])
    np.testing.assert_array_equal(embedding.tsne(broken)[:-1], embedding.tsne(features))
    assert np.isnan(embedding.tsne(broken)[-1]).all()
    np.testing.assert_array_equal(embedding.tsne(np.full((9, 3), 2.0)), np.zeros((9, 2)))
    assert np.isfinite(embedding.tsne(np.eye(6, 3))).all()
    with pytest.raises(UserError, match="at least 5 samples, there are 4"):
        embedding.tsne(np.zeros((4, 3)))


def test_what_umap_compiles_is_kept_for_other_processes() -> None:
    embedding.umap(blobs())
    from umap import layouts, umap_, utils

    slow = [layouts._nb_optimize_layout_euclidean_single_epoch, umap_.smooth_knn_dist, utils.fast_knn_indices]
    for function in (*slow, umap_.compute_membership_strengths):
        assert function.stats.cache_path
        assert function.stats.cache_hits or function.stats.cache_misses


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("count", "size"), [(5, 1), (23, 7), (30, 16), (40, 84), (17, 500)])
def test_distances_are_those_that_scikit_learn_asks_umap_for_one_by_one(count: int, size: int, dtype: type) -> None:
    from sklearn.metrics import pairwise_distances
    from umap.distances import cosine, euclidean

    from analysis.metrics.umap_distances import distances

    features: np.ndarray = np.random.default_rng(size).normal(size=(count, size)).astype(dtype)
    features[1] = features[0]
    for metric in (euclidean, cosine, "cityblock"):
        expected = pairwise_distances(features, metric=metric)
        assert np.array_equal(distances(features, metric=metric), expected)
        assert distances(features, metric=metric).dtype == expected.dtype


def test_a_map_is_the_one_that_umap_makes_by_itself() -> None:
    import umap.umap_
    from sklearn.metrics import pairwise_distances

    features = np.random.default_rng(0).normal(size=(60, 9))
    quick = embedding.umap(features)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(umap.umap_, "pairwise_distances", pairwise_distances)
        assert np.array_equal(embedding.umap(features), quick)
