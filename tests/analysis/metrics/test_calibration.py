from math import log

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from analysis.metrics import calibration


def outcomes(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.1, 1, n)
    return confidence, rng.random(n) < confidence**2


def test_bins_are_sklearns_quantile_bins() -> None:
    confidence, right = outcomes(15 * 40)
    accuracy, sure = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
    found = calibration.bins(confidence, right)
    assert found["n"].tolist() == [40] * 15
    np.testing.assert_allclose(found["accuracy"], accuracy)
    np.testing.assert_allclose(found["confidence"], sure)


def test_the_error_by_hand() -> None:
    # bins (.2, .4) with one right and (.6, .9) with both right: gaps .3 - .5 and .75 - 1
    confidence, right = [0.9, 0.2, 0.6, 0.4], [True, False, True, True]
    assert calibration.ece(confidence, right, count=2) == pytest.approx((0.2 + 0.25) / 2)
    assert calibration.ece(np.full(10, 0.7), np.arange(10) < 7) == pytest.approx(0)
    assert calibration.ece([1.0, 1.0], [False, False]) == 1


def test_bins_of_equal_width_by_hand() -> None:
    # (0, .5] holds .2 and .5, (.5, 1] the others
    confidence, right = [0.9, 0.2, 0.6, 0.5], [True, False, True, True]
    found = calibration.bins(confidence, right, count=2, equal="width")
    assert found.to_numpy().tolist() == [[0, 2, 0.35, 0.5], [1, 2, 0.75, 1]]
    assert calibration.ece(confidence, right, count=2, equal="width") == pytest.approx((0.15 + 0.25) / 2)
    assert calibration.bins([0, 1], [False, True], equal="width")["bin"].tolist() == [0, 14]
    assert calibration.bins([0.61, 0.61], [False, True], equal="width").to_numpy().tolist() == [[9, 2, 0.61, 0.5]]
    assert calibration.bins([np.nan], [True], equal="width").empty


def test_the_error_over_equal_widths_is_torchmetrics() -> None:
    rng = np.random.default_rng(7)
    confidence = rng.uniform(0.15, 1, 600)
    right = rng.random(600) < confidence**1.5
    # torchmetrics 1.9: binary_calibration_error(confidence, right, n_bins=15, norm="l1")
    assert calibration.ece(confidence, right, equal="width") == pytest.approx(0.09949312258960408)


def test_equal_confidences_share_their_outcomes() -> None:
    # four of .5, one of them right, of which the border takes one to the first bin: 1/4 of a hit each
    found = calibration.bins([0.1, 0.5, 0.5, 0.5, 0.5, 0.9], [True, True, False, False, False, True], count=3)
    assert found["n"].tolist() == [2, 2, 2]
    assert found["accuracy"].tolist() == pytest.approx([(1 + 0.25) / 2, 0.25, (0.25 + 1) / 2])


@given(
    pairs=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=60),
    count=st.integers(1, 20),
    seed=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_the_order_of_the_images_means_nothing(pairs: list[tuple[int, bool]], count: int, seed: int) -> None:
    confidence, right = (np.array(column) for column in zip(*pairs, strict=True))
    order = np.random.default_rng(seed).permutation(len(pairs))
    found = calibration.bins(confidence / 8, right, count)
    pd.testing.assert_frame_equal(found, calibration.bins(confidence[order] / 8, right[order], count))
    assert len(found) == min(count, len(pairs))
    assert found["n"].max() - found["n"].min() <= 1
    assert found["n"].sum() == len(pairs)
    assert (found["n"] * found["accuracy"]).sum() == pytest.approx(right.sum())
    assert found["confidence"].is_monotonic_increasing
    error = float((found["n"] * (found["accuracy"] - found["confidence"]).abs()).sum() / len(pairs))
    assert error == pytest.approx(calibration.ece(confidence / 8, right, count), abs=1e-12)
    # no binning can make the error smaller than the gap of the means
    assert error >= abs(right.mean() - confidence.mean() / 8) - 1e-12


def test_shared_outcomes_are_what_random_orders_give_on_average() -> None:
    rng = np.random.default_rng(3)
    confidence, right = rng.integers(1, 5, 50) / 5, rng.random(50) < 0.5
    drawn = []
    for _ in range(4000):
        order = rng.permutation(50)
        order = order[np.argsort(confidence[order], kind="stable")]
        drawn.append(right[order].reshape(10, 5).mean(axis=1))
    np.testing.assert_allclose(calibration.bins(confidence, right, 10)["accuracy"], np.mean(drawn, axis=0), atol=0.02)


def test_images_without_a_confidence_are_left_out() -> None:
    assert calibration.bins([0.5, np.nan, 0.7], [True, True, False])["n"].tolist() == [1, 1]
    assert calibration.bins([], []).empty
    assert np.isnan(calibration.ece([np.nan], [True]))


def test_what_is_no_confidence_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration.bins([1.1], [True])
    with pytest.raises(ValueError, match="equally long"):
        calibration.bins([0.5, 0.5], [True])
    with pytest.raises(ValueError, match="at least one bin"):
        calibration.bins([0.5], [True], count=0)


def test_scores_are_the_other_librarys() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(300, 7, generator=generator)
    labels = torch.randint(7, (300,), generator=generator)
    probabilities = torch.softmax(logits.double(), 1).numpy()
    expected = log_loss(labels.numpy(), probabilities, labels=np.arange(7))
    assert float(calibration.nll(logits, labels).mean()) == pytest.approx(expected)
    squares = ((probabilities - np.eye(7)[labels.numpy()]) ** 2).sum(1)
    np.testing.assert_allclose(calibration.brier(logits, labels).numpy(), squares, atol=1e-14)
    logs = torch.log_softmax(logits, 1)
    np.testing.assert_allclose(calibration.nll(logs, labels), calibration.nll(logits, labels), atol=1e-5)
    np.testing.assert_allclose(calibration.brier(logs, labels), calibration.brier(logits, labels), atol=1e-5)


def test_scores_by_hand_and_at_the_ends() -> None:
    half = torch.zeros(1, 2)
    assert float(calibration.nll(half, torch.tensor([1]))) == pytest.approx(log(2))
    assert float(calibration.brier(half, torch.tensor([1]))) == pytest.approx(0.5)
    sure = torch.tensor([[1000.0, 0.0]])
    assert calibration.nll(sure, torch.tensor([1])).tolist() == [1000]
    assert calibration.brier(sure, torch.tensor([1])).tolist() == [2]
    assert calibration.brier(sure, torch.tensor([0])).tolist() == [0]
    never = torch.tensor([[0.0, -torch.inf], [torch.nan, 0.0]])
    assert calibration.nll(never, torch.tensor([1, 1])).isinf().tolist() == [True, False]
    assert calibration.brier(never, torch.tensor([1, 1])).isnan().tolist() == [False, True]


def test_scores_leave_the_logits_as_they_are() -> None:
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    before = logits.detach().clone()
    assert not calibration.brier(logits, torch.tensor([0, 1, 2, 0])).requires_grad
    calibration.nll(logits, torch.tensor([0, 1, 2, 0]))
    assert torch.equal(logits.detach(), before)
