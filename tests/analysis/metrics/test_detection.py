"""Detection scores and rates beside scikit-learn and formulas by hand."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score, roc_curve

from analysis.metrics.detection import auroc, energy, false_positives, msp


def made(m: int, n: int, apart: float, seed: int = 0, digits: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(apart, 1, m).round(digits), rng.normal(0, 1, n).round(digits)


@pytest.mark.parametrize("digits", [12, 0])
@pytest.mark.parametrize("apart", [-0.5, 0.0, 1.5])
def test_rates_are_those_of_scikit_learn(apart: float, digits: int) -> None:
    inside, outside = made(83, 61, apart, digits=digits)
    labels, scores = np.repeat([1, 0], [83, 61]), np.concatenate([inside, outside])
    found = auroc(inside, outside)
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    assert found.low < found.value < found.high
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    passing = false_positives(inside, outside)
    assert passing.value == pytest.approx(false[true >= 0.95].min())
    assert passing.low <= passing.value <= passing.high


def test_the_scores_by_hand() -> None:
    logits = np.array([[2.0, 0, -1], [60, 0, 0], [61, 0, 0]])
    sure = softmax(logits, axis=1).max(axis=1)
    np.testing.assert_allclose(1 / (1 + np.exp(-msp(logits))), sure)
    assert sure[1] == sure[2]
    assert msp(logits)[1] < msp(logits)[2]
    np.testing.assert_allclose(energy(logits), logsumexp(logits, axis=1))


def test_delongs_variance_by_brute_force() -> None:
    inside, outside = made(40, 30, 1.0)
    wins = (inside[:, None] > outside) + 0.5 * (inside[:, None] == outside)
    variance = wins.mean(axis=1).var(ddof=1) / 40 + wins.mean(axis=0).var(ddof=1) / 30
    area = wins.mean()
    half = 1.959964 * variance**0.5 / (area * (1 - area))
    found = auroc(inside, outside)
    assert np.log(found.high / (1 - found.high)) == pytest.approx(np.log(area / (1 - area)) + half, rel=1e-5)


def test_the_intervals_cover_what_is_true() -> None:
    # Two normals one deviation apart: the area is the normal distribution at 1 / sqrt(2).
    areas = [auroc(*made(80, 80, 1.0, seed)) for seed in range(300)]
    assert np.mean([each.low < 0.760250 < each.high for each in areas]) == pytest.approx(0.95, abs=0.035)
    apart = auroc(np.arange(10.0) + 20, np.arange(30.0) - 20)
    assert (apart.value, apart.low, apart.high) == (1.0, 0.7, 1.0)


def test_the_bootstrap_is_that_of_drawn_images() -> None:
    inside, outside = made(60, 50, 1.5)
    rng = np.random.default_rng(1)

    def drawn() -> float:
        own, other = np.sort(rng.choice(inside, 60)), rng.choice(outside, 50)
        return float((other >= own[3]).mean())

    low, high = np.percentile([drawn() for _ in range(4000)], [2.5, 97.5])
    found = false_positives(inside, outside)
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.03)
