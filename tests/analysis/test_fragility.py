import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.fragility import fragility, unpack_correct
from pruning.errors import UserError

CLEAN, FOG = ("clean", 0), ("fog", 3)


def bits(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_by_hand() -> None:
    baseline = {CLEAN: bits(1, 1, 0, 1), FOG: bits(1, 0, 0, 1)}
    ticket = {CLEAN: bits(1, 0, 0, 0), FOG: bits(1, 0, 0, 0)}
    found = fragility(baseline, [ticket])
    # Sample 3 is lost under both, 1 only clean (in fog the baseline fails too), 2 never: there was nothing to lose.
    assert list(found["sample"]) == [3, 1, 2, 0]
    assert list(found["lost"]) == [2, 1, 0, 0]
    assert list(found["fragility"]) == [1.0, 0.5, 0.0, 0.0]
    assert list(found["wrong"]) == [2, 2, 2, 0]


def test_only_shared_conditions_count() -> None:
    baseline = {CLEAN: bits(1), FOG: bits(1), ("snow", 1): bits(1)}
    found = fragility(baseline, [{FOG: bits(0), CLEAN: bits(1)}, {FOG: bits(0)}])
    assert found.loc[0, "pairs"] == 2
    assert found.loc[0, "fragility"] == 1.0


@given(arrays(bool, (4, 3, 7)))
def test_against_loops(cube: np.ndarray) -> None:
    """cube [ticket, condition, sample]; the first ticket is the baseline."""
    named = [{("c", level): row for level, row in enumerate(ticket)} for ticket in cube]
    found = fragility(named[0], named[1:]).set_index("sample")
    for sample in range(7):
        lost = sum(
            bool(cube[0, level, sample]) and not cube[ticket, level, sample]
            for ticket in (1, 2, 3)
            for level in range(3)
        )
        assert found.loc[sample, "lost"] == lost
        assert found.loc[sample, "fragility"] == pytest.approx(lost / 9)
    assert found["lost"].is_monotonic_decreasing


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_unpack_is_the_inverse_of_packing(values: list[bool]) -> None:
    frame = pd.DataFrame(
        {"corruption": ["fog"], "severity": [3], "n": [len(values)], "correct_bits": [np.packbits(values).tobytes()]}
    )
    assert unpack_correct(frame)[FOG].tolist() == values


@pytest.mark.parametrize(
    "tickets", [[], [{("snow", 1): bits(1, 1)}], [{CLEAN: bits(1, 1, 1)}]], ids=["none", "nothing shared", "other size"]
)
def test_what_cannot_be_compared_is_said(tickets: list) -> None:
    with pytest.raises(UserError):
        fragility({CLEAN: bits(1, 1)}, tickets)
