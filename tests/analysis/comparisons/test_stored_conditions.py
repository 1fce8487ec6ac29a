"""Outcomes and predictions come back from a study's results as they were measured."""

from pathlib import Path

import numpy as np
import pytest

from analysis.comparisons.stored_conditions import (
    averaged_corruptions,
    by_family,
    stored_outcomes,
    stored_predictions,
    true_classes,
)
from analysis.results.store import Results
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study


def test_corruptions_by_family_in_their_orders() -> None:
    names = ["gaussian_blur", "my_own", "zigzag", "jpeg_compression", "clean", "shear", "gaussian_noise"]
    found = by_family(names)
    assert list(found.values()) == [
        ["gaussian_noise", "jpeg_compression", "gaussian_blur"], ["shear", "zigzag"], ["my_own"],
    ]  # fmt: skip
    assert list(found)[:2] == ["cifar_c", "mnist_c"]
    assert averaged_corruptions(found["cifar_c"]) == ["gaussian_noise", "jpeg_compression"]
    assert averaged_corruptions(found["mnist_c"]) == ["shear", "zigzag"]


def test_what_was_measured_comes_back(tiny_study: Path) -> None:
    results = Results(tiny_study)
    tickets: dict[str, list[str]] = {}
    for entry in Study.open(tiny_study).entries():
        tickets.setdefault(entry.recipe.label, []).append(entry.id)
    outcomes = stored_outcomes(results, tickets, ["brightness"])
    predictions = stored_predictions(results, tickets, ["brightness"], 10)
    assert outcomes.conditions == predictions.conditions == [("clean", 0), ("brightness", 1), ("brightness", 3)]
    np.testing.assert_array_equal(true_classes(results), load_data("digits").test.labels.numpy())
    label, ids = next(iter(tickets.items()))
    rows = results.table("conditions", ids=ids[:1], where="corruption = 'brightness' AND severity = 3")
    assert outcomes.right[label][0, 2].mean() == pytest.approx(rows["accuracy"][0])
    for name, right in outcomes.right.items():
        np.testing.assert_array_equal(predictions.predicted[name] == predictions.labels, right)


def test_without_labels_there_are_no_predictions(study_copy: Path) -> None:
    with pytest.raises(UserError, match="python -m analysis run"):
        true_classes(Results(study_copy))


def test_a_ticket_that_lacks_a_condition_is_left_out(tiny_study: Path) -> None:
    ids = [entry.id for entry in Study.open(tiny_study).entries()][:2]
    found = stored_outcomes(Results(tiny_study), {"a": ids[:1], "b": ["never measured"]}, ["brightness"])
    assert set(found.right) == {"a"}
