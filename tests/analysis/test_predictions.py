import numpy as np
import pytest

from analysis.condition_tables import Outcomes
from analysis.predictions import Predictions, chosen
from pruning.errors import UserError

CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2)]
PREDICTED = {
    "a": np.array([[[0, 1], [0, 2], [1, 1]]]),
    "b": np.array([[[0, 1], [2, 2], [2, 1]], [[1, 1], [0, 0], [0, 2]]]),
}
PREDICTIONS = Predictions(CONDITIONS, PREDICTED, np.array([0, 1]))


def test_what_is_right_is_what_equals_the_label() -> None:
    found = PREDICTIONS.outcomes
    assert found.conditions == CONDITIONS
    assert found.right["a"].tolist() == [[[True, True], [True, False], [False, True]]]
    assert found.right["b"].shape == (2, 3, 2)


def test_conditions_and_tickets_are_chosen_in_the_order_given() -> None:
    found = PREDICTIONS.chosen([("fog", 2), ("clean", 0)], ["b"])
    assert found.conditions == [("fog", 2), ("clean", 0)]
    assert found.predicted["b"].tolist() == PREDICTED["b"][:, [2, 0]].tolist()
    assert list(found.predicted) == ["b"]
    right = chosen(PREDICTIONS.outcomes, [("fog", 2), ("clean", 0)], ["b"]).right["b"]
    assert right.tolist() == found.outcomes.right["b"].tolist()
    whole = chosen(PREDICTIONS.outcomes)
    assert isinstance(whole, Outcomes)
    assert list(whole.right) == ["a", "b"]
    assert whole.conditions == CONDITIONS


def test_what_is_not_there_cannot_be_chosen() -> None:
    with pytest.raises(UserError, match="under snow 3"):
        PREDICTIONS.chosen([("snow", 3)])
    with pytest.raises(UserError, match="Ticket c has no results"):
        chosen(PREDICTIONS.outcomes, names=["a", "c"])
