"""Conditions on a training curve, against a loop over all its points."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruning.errors import UserError
from pruning.training.config import Training
from pruning.training.history import Epoch
from pruning.training.until import Until


def curve(values: list[float]) -> list[Epoch]:
    return [
        Epoch(epoch=place + 1, loss=1 - value, train_accuracy=math.nan, test_accuracy=value, test_loss=2 * value)
        for place, value in enumerate(values)
    ]


@given(st.lists(st.sampled_from([0.1, 0.5, 0.9]), max_size=12), st.integers(1, 4), st.booleans())
def test_first_point_at_which_it_held_for_so_many(values: list[float], points: int, above: bool) -> None:
    found = Until("test accuracy", above, 0.6, points).first(curve(values))
    beyond = [(value > 0.6) == above for value in values]
    ends = [end for end in range(points, len(values) + 1) if all(beyond[end - points : end])]
    assert (None if found is None else found.epoch) == (ends[0] if ends else None)


def test_every_quantity_is_read_from_its_column() -> None:
    history = curve([0.75])
    for text, holds in {
        "test accuracy > 0.7": True,
        "test score > 0.8": False,
        "test loss > 1.4": True,
        "loss < 0.3": True,
        "train accuracy > 0": False,  # NaN is beyond nothing
        "train accuracy < 1": False,
    }.items():
        assert Until.read(text).is_met(history) is holds, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "test accuracy",
        "test accuracy >= 0.9",
        "speed > 3",
        "test accuracy > x",
        "loss < 1 for 0 points",
        "loss < nan",
    ],
)
def test_what_is_no_condition_is_named(text: str) -> None:
    with pytest.raises(UserError, match="is no condition on a training curve"):
        Until.read(text)


def test_a_recipe_has_it_in_one_form() -> None:
    texts = ["test accuracy>0.95 for 3 points", "  test accuracy  > .950  for 3 points"]
    assert {Training(until=text).until for text in texts} == {"test accuracy > 0.95 for 3 points"}
    assert Training(until="loss<1e-3 for 1 point").until == "loss < 0.001"
    assert "until" not in Training().model_dump(exclude_none=True)
