"""Neural collapse, against numbers worked by hand and the formulas with their matrices written out."""

import numpy as np
import pytest
import torch

from analysis.metrics.collapse import COLLAPSE, neural_collapse


def test_by_hand() -> None:
    """Two classes on a line: means 1 and -1 (and a second feature that says nothing), each image 0.5 off its mean."""
    features = torch.tensor([[1.5, 0.0], [0.5, 0.0], [-1.5, 0.0], [-0.5, 0.0]])
    labels, weight = torch.tensor([0, 0, 1, 1]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])  # of the second image the other class
    found = neural_collapse(features, labels, logits, weight)
    assert found["nc1"] == pytest.approx(0.25 / 1 / 2)  # S_W = 0.25, S_B = 1, K = 2
    assert found["nc2_norms"] == pytest.approx(0)
    assert found["nc2_angles"] == pytest.approx(0)  # a cosine of -1 is the simplex of two
    # directions (1,0),(0,1) over sqrt 2; means (1,0),(-1,0) over sqrt 2
    assert found["nc3"] == pytest.approx(np.sqrt((0 + 1 + 1) / 2))
    assert found["nc4"] == pytest.approx(0.25)


def test_against_the_matrices() -> None:
    torch.manual_seed(0)
    labels = torch.arange(300) % 5
    features = torch.randn(5, 12)[labels] + 0.6 * torch.randn(300, 12)
    weight = torch.randn(5, 12)
    found = neural_collapse(features, labels, features @ weight.T, weight)
    rows = features.double().numpy()
    means = np.stack([rows[labels.numpy() == c].mean(0) for c in range(5)])
    off = rows - means[labels.numpy()]
    centred = means - means.mean(0)
    within, between = off.T @ off / 300, centred.T @ centred / 5
    assert found["nc1"] == pytest.approx(np.trace(within @ np.linalg.pinv(between, rcond=1e-10)) / 5, rel=1e-8)
    nearest = np.linalg.norm(rows[:, None] - means, axis=2).argmin(1)
    assert found["nc4"] == pytest.approx((nearest != (features @ weight.T).argmax(1).numpy()).mean())
    unit = weight.double().numpy() / np.linalg.norm(weight.double().numpy())
    assert found["nc3"] == pytest.approx(np.linalg.norm(unit - centred / np.linalg.norm(centred)), rel=1e-6)


def test_full_collapse_is_zero_in_each() -> None:
    simplex = torch.eye(4) - 0.25
    labels = torch.arange(40) % 4
    found = neural_collapse(simplex[labels] + 3, labels, simplex[labels], 5 * simplex)
    assert list(found) == list(COLLAPSE)
    np.testing.assert_allclose(list(found.values()), 0, atol=1e-6)


@pytest.mark.parametrize("case", ["one class", "nan", "dead"])
def test_what_has_no_answer_is_nan(case: str) -> None:
    labels = torch.zeros(6, dtype=torch.long) if case == "one class" else torch.arange(6) % 2
    features = {"nan": torch.full((6, 3), torch.nan), "dead": torch.ones(6, 3)}.get(case, torch.randn(6, 3))
    found = neural_collapse(features, labels, torch.randn(6, 2), torch.full((2, 1), torch.nan))
    assert np.isnan(found["nc1"])


def test_a_class_without_images_and_no_classifier() -> None:
    labels = torch.arange(30) % 3 * 2
    found = neural_collapse(
        torch.randn(30, 4) + labels[:, None], labels, torch.randn(30, 5), torch.full((5, 1), torch.nan)
    )
    assert np.isnan(found["nc3"])
    assert np.isfinite([found[name] for name in COLLAPSE if name != "nc3"]).all()


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_means_that_are_all_the_same_have_no_angles(value: float) -> None:
    labels = torch.arange(70) % 7
    found = neural_collapse(torch.full((70, 3), value), labels, torch.randn(70, 7), torch.randn(7, 3))
    assert all(np.isnan(each) for each in found.values())


def test_a_class_in_the_middle_of_the_others_has_no_direction() -> None:
    features = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    found = neural_collapse(features, torch.arange(3), torch.eye(3), torch.randn(3, 2))
    assert np.isnan(found["nc2_angles"])
    assert found["nc4"] == 0
