from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions, chosen, classes_of, collect_predictions
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


@pytest.mark.parametrize(("classes", "kind"), [(10, "u1"), (256, "u1"), (1000, "<u2")])
def test_predictions_come_back_from_the_table(classes: int, kind: str) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, 13)
    made = {f"a{seed}": rng.integers(0, classes, (3, 13)) for seed in range(2)} | {
        "b0": rng.integers(0, classes, (3, 13))
    }
    rows = [
        (ticket, *condition, 13, ((given[place] - labels) % classes).astype(kind).tobytes())
        for ticket, given in made.items()
        for place, condition in enumerate(CONDITIONS)
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    found = collect_predictions(table, {"a": ["a0", "a1", "never"], "b": ["b0"], "c": ["c0"]}, labels, classes)
    assert found.conditions == CONDITIONS
    assert list(found.predicted) == ["a", "b"]
    np.testing.assert_array_equal(found.predicted["a"], np.stack([made["a0"], made["a1"]]))
    np.testing.assert_array_equal(found.predicted["b"], made["b0"][None])
    np.testing.assert_array_equal(found.labels, labels)
    with pytest.raises(UserError, match="measured on 13 images, but there are labels of 12"):
        collect_predictions(table, {"a": ["a0"]}, labels[1:], classes)
    assert collect_predictions(table[:0], {"a": ["a0"]}, labels, classes).predicted == {}


@pytest.mark.parametrize(("classes", "kind"), [(10, np.uint8), (300, np.uint16), (20_000, np.uint16)])
def test_what_a_file_holds_is_a_class_whatever_it_is(classes: int, kind: type[np.unsignedinteger[Any]]) -> None:
    """A file of an earlier version carries no digest, and may hold any bytes."""
    every = np.arange(np.iinfo(kind).max + 1, dtype=kind)
    labels = np.resize(np.arange(classes), len(every))
    found = classes_of(every, labels, classes)
    assert ((found >= 0) & (found < classes)).all()
    own = every < classes
    np.testing.assert_array_equal(found[own], (every[own].astype(int) + labels[own]) % classes)
