"""Classes against class directions, held against the mean of one image after the other."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.comparisons.class_geometry import (
    GAP,
    LENGTH,
    by_class,
    cosines,
    differs,
    errors_by_class,
    over_trainings,
    profiles,
    towards,
)
from analysis.engine.live import Features
from analysis.statistics.intervals import wilson
from analysis.statistics.tree_clusters import tree_of


def made_up(images: int = 60, classes: int = 4, size: int = 5, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(classes, size)).astype(np.float32), rng.normal(size=classes).astype(np.float32)
    labels = np.arange(images) % classes
    features = (weight[labels] + rng.normal(size=(images, size))).astype(np.float32)
    return Features(features, features @ weight.T + bias, labels, weight, bias)


SEEN = made_up()
SINGLE = [np.array([label]) for label in range(4)]


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(float), b.astype(float)
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


@pytest.mark.parametrize("centred", [False, True])
def test_angles_cosines_and_excess_are_those_of_each_pair(centred: bool) -> None:
    mean = SEEN.mean if centred else None
    moved = SEEN.features - (SEEN.mean if centred else 0)
    directions = SEEN.weight - (SEEN.weight.mean(0) if centred else 0)
    by_hand = np.array([[degrees(f, w) for w in directions] for f in moved])
    np.testing.assert_allclose(towards(SEEN, "angle", mean), by_hand, atol=1e-4)
    np.testing.assert_allclose(towards(SEEN, "cosine", mean), np.cos(np.radians(by_hand)), atol=1e-6)
    own = by_hand[np.arange(60), SEEN.labels]
    np.testing.assert_allclose(towards(SEEN, "excess", mean), by_hand - own[:, None], atol=2e-4)


def test_logits_are_without_what_all_share() -> None:
    found = towards(SEEN, "logit", None)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-5)
    more = replace(SEEN, logits=SEEN.logits + np.arange(60, dtype=np.float32)[:, None])
    np.testing.assert_allclose(towards(more, "logit", None), found, atol=1e-4)


def test_single_classes_are_means_with_students_interval() -> None:
    values = towards(SEEN, "excess", SEEN.mean)
    found = by_class(values, SEEN.labels, SINGLE, SINGLE)
    own = values[SEEN.labels == 2, 1]
    assert found.value[2, 1] == pytest.approx(own.mean())
    low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
    assert (found.low[2, 1], found.high[2, 1]) == (pytest.approx(low), pytest.approx(high))
    np.testing.assert_allclose(np.diag(found.value), 0)
    assert found.n.tolist() == [15] * 4


def test_clusters_are_means_over_images_and_other_directions() -> None:
    values = towards(SEEN, "angle", None)
    groups = [np.array([0, 3]), np.array([1, 2])]
    found = by_class(values, SEEN.labels, groups, groups)
    for line, row in enumerate(groups):
        for number, column in enumerate(groups):
            by_hand = [
                np.mean([values[image, c] for c in column if c != SEEN.labels[image]])
                for image in range(60)
                if SEEN.labels[image] in row
            ]
            assert found.value[line, number] == pytest.approx(np.mean(by_hand))
    some = by_class(values, SEEN.labels, [np.array([0, 3])], [np.array([2])])
    assert some.value[0, 0] == pytest.approx(values[np.isin(SEEN.labels, [0, 3]), 2].mean())


def test_images_that_are_not_finite_do_not_count() -> None:
    broken = replace(SEEN, features=np.where(np.arange(60)[:, None] == 2, np.nan, SEEN.features))
    found = by_class(towards(broken, "angle", SEEN.mean), SEEN.labels, SINGLE, SINGLE)
    assert found.n.tolist() == [15, 15, 14, 15]
    assert np.isfinite(found.value).all()
    dead = replace(SEEN, features=np.full_like(SEEN.features, np.nan))
    assert np.isnan(by_class(towards(dead, "angle", dead.mean), SEEN.labels, SINGLE, SINGLE).value).all()


def test_errors_are_counted_with_wilsons_interval_and_the_diagonal_is_empty() -> None:
    predicted = (SEEN.labels + (np.arange(60) % 3 == 0)) % 4
    found = errors_by_class(predicted, SEEN.labels, SINGLE, SINGLE)
    for i in range(4):
        for j in range(4):
            hits = int(((SEEN.labels == i) & (predicted == j)).sum()) if i != j else 0
            low, high = wilson(hits, 15)
            assert (found.value[i, j], found.low[i, j], found.high[i, j]) == pytest.approx(
                (hits / 15, float(low), float(high))
            )
    within = errors_by_class(predicted, SEEN.labels, [np.array([0, 1])], [np.array([0, 1])])
    assert within.value[0, 0] == np.mean((predicted != SEEN.labels)[SEEN.labels < 2] & (predicted[SEEN.labels < 2] < 2))


def test_differences_are_paired_by_image() -> None:
    predicted, other = (SEEN.labels + (np.arange(60) % 3 == 0)) % 4, (SEEN.labels + (np.arange(60) % 5 == 0)) % 4
    found = errors_by_class(predicted, SEEN.labels, SINGLE, SINGLE, other)
    plain = errors_by_class(predicted, SEEN.labels, SINGLE, SINGLE).value
    np.testing.assert_allclose(found.value, plain - errors_by_class(other, SEEN.labels, SINGLE, SINGLE).value)
    same = errors_by_class(other, SEEN.labels, SINGLE, SINGLE, other)
    assert (same.value == 0).all()
    assert (same.low == 0).all()


def test_equal_networks_differ_in_no_cell_more_often_than_they_may() -> None:
    """Two networks that put each image somewhere at random round the same place, and one that does not."""
    rng, labels = np.random.default_rng(0), np.arange(200) % 4
    false = sum(
        int(differs(by_class(rng.normal(size=(200, 4)) * rng.gamma(1, size=4), labels, SINGLE, SINGLE)).any())
        for _ in range(200)
    )
    assert false <= 200 * 0.05 + 3 * np.sqrt(200 * 0.05 * 0.95)
    moved = rng.normal(size=(200, 4)) + 2.0 * np.outer(labels == 1, np.arange(4) == 3)
    assert np.argwhere(differs(by_class(moved, labels, SINGLE, SINGLE))).tolist() == [[1, 3]]


def test_a_simplex_has_the_cosines_that_it_must() -> None:
    simplex = np.eye(5) + 3.0  # what all share changes nothing
    found = cosines(simplex, [np.array([c]) for c in range(5)], [np.array([c]) for c in range(5)])
    assert np.isnan(np.diag(found)).all()
    np.testing.assert_allclose(found[~np.eye(5, dtype=bool)], -1 / 4)
    pairs = cosines(simplex, [np.array([0, 1]), np.array([2, 3, 4])], [np.array([0, 1]), np.array([2, 3, 4])])
    np.testing.assert_allclose(pairs, -1 / 4)
    assert cosines(simplex, [np.array([0])], [np.array([1])], centred=False)[0, 0] > 0.9


def test_profiles_are_quantiles_of_each_class() -> None:
    found = profiles(SEEN, SEEN.mean, [2, 0]).set_index(["class", "axis"])
    values = towards(SEEN, "angle", SEEN.mean)
    own = SEEN.labels == 2
    assert found.loc[(2, "0"), "q50"] == pytest.approx(np.median(values[own, 0]))
    assert found.loc[(2, "2"), "q25"] == pytest.approx(np.quantile(values[own, 2], 0.25))
    lengths = np.linalg.norm(SEEN.features - SEEN.mean, axis=1)
    assert found.loc[(0, LENGTH), "q90"] == pytest.approx(np.quantile(lengths[SEEN.labels == 0], 0.9), rel=1e-5)
    gaps = [min(np.delete(values[image], 2)) - values[image, 2] for image in np.flatnonzero(own)]
    assert found.loc[(2, GAP), "q50"] == pytest.approx(np.median(gaps))
    assert len(found) == 2 * 4
    empty = profiles(replace(SEEN, labels=np.zeros(60, dtype=int)), None, [0, 1])
    assert empty.loc[empty["class"] == 1, "q50"].isna().all()


def test_a_thousand_classes_by_cluster_are_small_and_quick() -> None:
    seen = made_up(4000, 1000, 64)
    began = time.perf_counter()
    tree = tree_of(seen.weight)
    groups = [tree.leaves[first:last] for first, last in tree.cut((0, 1000), 20, 60)]
    found = by_class(towards(seen, "excess", seen.mean), seen.labels, groups, groups)
    errors = errors_by_class(seen.predictions, seen.labels, groups, groups)
    alike = cosines(seen.weight, groups, groups)
    assert time.perf_counter() - began < 30  # seconds on a loaded machine; 1.5 alone
    assert found.value.shape == errors.value.shape == alike.shape == (len(groups), len(groups))
    assert len(groups) <= 40
    assert found.n.sum() == 4000
    assert (errors.value.sum(axis=1) <= 1).all()


def test_over_trainings_by_hand() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3, 60, 4)) + rng.normal(size=(3, 1, 1))
    matrices = [by_class(each, SEEN.labels, SINGLE, SINGLE) for each in values]
    found = over_trainings(matrices)
    means = np.array([[[own[SEEN.labels == row, column].mean() for column in range(4)] for row in range(4)]
                      for own in values])  # fmt: skip
    errors = np.array([[[own[SEEN.labels == row, column].std(ddof=1) / np.sqrt(15) for column in range(4)]
                        for row in range(4)] for own in values])  # fmt: skip
    np.testing.assert_allclose(found.value, means.mean(axis=0))
    assert found.trainings == 3
    # no smaller than the images' error and the trainings' own spread together, and beyond Student's with 2 to 8 degrees
    least = np.sqrt(errors.mean(axis=0) ** 2 + means.var(axis=0, ddof=1) / 3)
    assert (found.error >= least * (1 - 1e-9)).all()
    assert ((found.freedom >= 2) & (found.freedom <= 8)).all()
    np.testing.assert_allclose(found.high - found.value, stats.t.ppf(0.975, found.freedom)[:, None] * found.error)
    assert over_trainings(matrices[:1]) is matrices[0]


def test_one_training_without_a_number_leaves_none() -> None:
    values = np.random.default_rng(0).normal(size=(2, 60, 4))
    values[1, SEEN.labels == 2] = np.nan
    found = over_trainings([by_class(each, SEEN.labels, SINGLE, SINGLE) for each in values])
    assert np.isnan(found.value[2]).all()
    assert np.isfinite(np.delete(found.value, 2, axis=0)).all()


@pytest.mark.parametrize("seeds", [2, 3])
def test_differences_of_nothing_are_seldom_shown_and_planted_ones_are(seeds: int) -> None:
    rng = np.random.default_rng(1)
    labels, groups = np.arange(200) % 4, SINGLE

    def any_shown(change: float) -> bool:
        values = rng.normal(0, 3, (seeds, 200, 4)) + rng.normal(0, 2, (200, 4))  # images are hard in all trainings
        values += rng.normal(0, 1, (seeds, 4, 4))[:, labels] + rng.normal(0, 1, (seeds, 1, 1)) + change
        return bool(differs(over_trainings([by_class(each, labels, groups, groups) for each in values])).any())

    assert np.mean([any_shown(0.0) for _ in range(200)]) <= 0.09
    assert np.mean([any_shown(25.0) for _ in range(20)]) > 0.9


def test_a_class_whose_images_agree_shows_nothing_by_that() -> None:
    values, labels = np.array([[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2), np.array([0, 0, 1, 1])
    assert not differs(by_class(values, labels, SINGLE[:2], SINGLE[:2])).any()
