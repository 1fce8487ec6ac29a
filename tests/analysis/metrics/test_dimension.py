"""Effective rank and TwoNN, against worked values, scikit-dimension 0.5.0, and shapes whose dimension is known."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from analysis.metrics.dimension import effective_rank, two_nn

DIGITS = 7.676365911601135
"""skdim.id.TwoNN().fit(load_digits().data[:500]).dimension_, which has no two equal rows."""
KRONECKER = 3.299012958361187
"""The same of the 400 points below."""


def test_two_nn_is_that_of_scikit_dimension() -> None:
    assert two_nn(torch.from_numpy(load_digits().data[:500])) == pytest.approx(DIGITS, rel=1e-6)
    steps = np.arange(400)[:, None] * np.sqrt([0.5, 0.3, 0.7])
    assert two_nn(torch.from_numpy(np.modf(steps)[0])) == pytest.approx(KRONECKER, rel=1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_two_nn_of_a_plane_in_a_wide_space(dimension: int) -> None:
    drawn = torch.rand(1500, dimension, generator=torch.Generator().manual_seed(dimension))
    wide = drawn @ torch.randn(dimension, 40, generator=torch.Generator().manual_seed(9)) + 100
    assert two_nn(wide.double()) == pytest.approx(dimension, rel=0.12)


def test_points_that_coincide_count_once() -> None:
    points = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    assert two_nn(torch.cat([points, points[:90]])) == pytest.approx(two_nn(points), rel=1e-9)


def test_effective_rank_by_hand() -> None:
    equal = torch.cat([torch.eye(5), -torch.eye(5)])
    assert effective_rank(equal) == pytest.approx(5)
    # singular values 3 and 1: shares 3/4 and 1/4
    rows = torch.tensor([[3.0, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]])
    assert effective_rank(rows + 7) == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))
    assert effective_rank(torch.randn(6, 50)) <= 5 + 1e-9


def test_what_has_no_answer_is_nan() -> None:
    for rows in (torch.ones(30, 4), torch.full((30, 4), torch.inf)):
        assert np.isnan(effective_rank(rows))
        assert np.isnan(two_nn(rows))
    assert np.isnan(two_nn(torch.randn(9, 2)))
