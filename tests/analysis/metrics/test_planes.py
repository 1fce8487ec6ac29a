"""Planes of classes: the lines against the classifier itself, and distances worked by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.metrics.planes import of_classes, principal
from pruning.errors import UserError


@given(st.integers(2, 9), st.integers(2, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_on_each_side_of_a_line_its_class_has_the_higher_logit(width: int, classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weight, bias, features = random.normal(size=(5, width)), random.normal(size=5), random.normal(size=(50, width))
    chosen = random.permutation(5)[:classes].tolist()
    plane, lines = of_classes(weight, bias, chosen)
    np.testing.assert_allclose(plane.axes.T @ plane.axes, np.eye(2), atol=1e-9)
    xy, logits = plane.project(features).astype(float), features @ weight.T + bias
    assert len(lines) == (1 if classes == 2 else 3)
    for line in lines:
        lead = logits[:, line.first] - logits[:, line.second]
        length = np.linalg.norm(weight[line.first] - weight[line.second])
        np.testing.assert_allclose((xy @ line.normal - line.offset) * length, lead, atol=1e-4)


def test_of_two_classes_across_is_the_distance_to_the_boundary() -> None:
    weight, bias = np.array([[1.0, 0, 0], [0, 1.0, 0], [5.0, 5, 5]]), np.array([0.0, np.sqrt(2), 9])
    plane, (line,) = of_classes(weight, bias, [0, 1])
    # on the boundary x - y = sqrt(2); and two units beyond it on the first one's side
    xy = plane.project([[np.sqrt(2), 0, 0], [2 * np.sqrt(2), -np.sqrt(2), 4]])
    np.testing.assert_allclose(xy[:, 0], [0, 2], atol=1e-6)
    np.testing.assert_allclose([*line.normal, line.offset], [1, 0, 0], atol=1e-9)


def test_of_three_classes_the_lines_meet_in_one_point() -> None:
    random = np.random.default_rng(0)
    lines = of_classes(random.normal(size=(3, 6)), random.normal(size=3), [2, 0, 1])[1]
    meeting = [
        np.linalg.solve(np.stack([one.normal, other.normal]), [one.offset, other.offset])
        for one, other in pairwise([*lines, lines[0]])
    ]
    np.testing.assert_allclose(meeting, [meeting[0]] * 3, atol=1e-9)


def test_odd_classes() -> None:
    same = np.array([[1.0, 2, 3], [1.0, 2, 3], [0, 0, 1]])
    plane, lines = of_classes(same, np.array([0.0, 1, 0]), [0, 1])  # one direction: nothing on the plane parts them
    assert lines == []
    assert np.isfinite(plane.project(np.eye(3))).all()
    plane, lines = of_classes(np.array([[1.0, 0], [-1, 0]]), np.zeros(2), [1, 0])  # opposite: one axis
    np.testing.assert_allclose(plane.project([[2.0, 7.0], [np.nan, 0]]), np.array([[-2.0, 0.0], [np.nan, np.nan]]))
    for classes in ([0], [0, 0], [0, 3], [0, 1, 2, 2]):
        with pytest.raises(UserError, match="two or three different classes from 0 to 2"):
            of_classes(same, np.zeros(3), classes)


def test_further_samples_lie_on_the_principal_plane_where_the_axes_say() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(40, 5)) * [5, 3, 1, 1, 1] + 2
    plane = principal(features)
    mean, axes = features.mean(axis=0), np.linalg.svd(features - features.mean(axis=0))[2][:2].T
    other = random.normal(size=(7, 5))
    np.testing.assert_allclose(np.abs(plane.project(other)), np.abs((other - mean) @ axes), atol=1e-4)
    np.testing.assert_array_equal(principal(np.full((4, 3), 2.0)).project(np.eye(3)), np.zeros((3, 2)))
