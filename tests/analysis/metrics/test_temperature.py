import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax

from analysis.metrics import temperature


def made(n: int = 400, factor: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `factor` times as large as those the labels are drawn from."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, 5))
    chances = np.exp(log_softmax(logits, axis=1))
    labels = (chances.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return factor * logits, np.minimum(labels, 4)


def nll(scale: float, logits: np.ndarray, labels: np.ndarray) -> float:
    return -float(log_softmax(logits / scale, axis=1)[np.arange(len(labels)), labels].mean())


def test_the_temperature_is_scipys_minimum() -> None:
    logits, labels = made()
    best = minimize(lambda log: nll(float(np.exp(log[0])), logits, labels), [0.0], tol=1e-10)
    found = temperature.fit(logits, labels)
    assert found == pytest.approx(np.exp(best.x[0]), rel=1e-4)
    assert nll(found, logits, labels) <= best.fun + 1e-12
    assert temperature.fit(*made(50_000)) == pytest.approx(3, rel=0.02)


def test_the_temperature_by_hand() -> None:
    # Three of four right with a lead of 2: 1 / (1 + exp(-2 / T)) = 3 / 4, so T = 2 / log 3.
    logits, labels = np.array([[2.0, 0.0]] * 4), np.array([0, 0, 0, 1])
    assert temperature.fit(logits, labels) == pytest.approx(2 / np.log(3))
    assert temperature.fit(logits, np.zeros(4, dtype=int)) == temperature.LOWEST  # all right: the surer the likelier
    assert temperature.fit(logits, np.array([0, 1, 1, 1])) == temperature.HIGHEST  # mostly wrong: the less sure


def test_each_half_is_scaled_by_the_other() -> None:
    logits, labels = made(401)
    found = temperature.cross_fitted(logits, labels)
    order = np.random.default_rng(0).permutation(401)
    one, other = order[::2], order[1::2]
    first, second = temperature.fit(logits[one], labels[one]), temperature.fit(logits[other], labels[other])
    assert first != second
    assert found.temperature == pytest.approx(np.sqrt(first * second))
    np.testing.assert_allclose(found.logs[other], log_softmax(logits[other] / first, axis=1))
    np.testing.assert_allclose(found.logs[one], log_softmax(logits[one] / second, axis=1))
    assert (found.logs.argmax(axis=1) == logits.argmax(axis=1)).all()
