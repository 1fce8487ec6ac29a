import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.multiple_testing import holm, holm_steps


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, and may not fall
    assert holm([0.03, 0.01, 0.04, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.7, 0.6]).tolist() == [1, 1]
    assert holm([]).tolist() == []
    assert holm([0.2]).tolist() == [0.2]


@given(p=st.lists(st.floats(0, 1), max_size=20), alpha=st.floats(0.01, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float], alpha: float) -> None:
    rejected = set()
    for step, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[index] * (len(p) - step) >= alpha:
            break
        rejected.add(index)
    assert set(np.flatnonzero(holm(p) < alpha)) == rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_each_test_is_held_to_its_step(p: list[float], alpha: float) -> None:
    left, expected = sorted(range(len(p)), key=lambda place: p[place]), [0] * len(p)
    while left and p[left[0]] * len(left) < alpha:  # Holm's own words: the smallest, against alpha over those left
        expected[left[0]] = len(left)
        left.pop(0)
    expected = [step or len(left) for step in expected]
    steps = holm_steps(p, alpha)
    assert steps.tolist() == expected
    assert ((np.array(p) * steps < alpha) == (holm(p) < alpha)).all()
