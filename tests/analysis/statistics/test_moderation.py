import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from analysis.statistics.moderation import ENDLESS, _prior_weight, moderated


@pytest.mark.parametrize("weight", [2.0, 6.0])
def test_the_weight_of_the_prior_is_found(weight: float) -> None:
    rng = np.random.default_rng(0)
    true = weight / rng.chisquare(weight, 20_000)  # a scaled inverse chi-squared distribution
    seen = true * rng.chisquare(2, 20_000) / 2
    assert _prior_weight(seen, 2) == pytest.approx(weight, rel=0.15)


def test_equal_variances_are_pooled() -> None:
    seen = np.random.default_rng(1).chisquare(2, 45) / 2
    variances, freedom = moderated(seen, 2, most=18)
    assert (_prior_weight(seen, 2), freedom) == (ENDLESS, 18)
    assert variances == pytest.approx(np.maximum(seen, seen.mean()), rel=1e-4)


def test_variances_of_different_size_are_left_to_themselves() -> None:
    seen = np.array([1e-8, 1e-4, 1, 1e4, 1e8])
    _, freedom = moderated(seen, 4, most=100)
    assert 4 < freedom < 4.5


@given(some.lists(some.floats(0, 1e3), min_size=1, max_size=20), some.integers(1, 9), some.integers(1, 30))
def test_variances_never_shrink(seen: list[float], freedom: int, most: int) -> None:
    variances, found = moderated(np.array(seen), freedom, most)
    assert (variances >= np.array(seen)).all()
    assert freedom <= found <= max(freedom, most)
