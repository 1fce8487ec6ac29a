"""The sentence and the table on exemplars agree with predictions made by hand."""

import numpy as np
import pytest

from analysis.comparisons.exemplars import Exemplars, exemplars, exemplars_by_chance, summarise_exemplars
from app.views.robustness.exemplars import named_exemplars, verdict

LABELS = np.array([0, 1, 2, 0])
DENSE = np.array([[0, 1, 2, 0], [0, 1, 2, 0], [0, 1, 1, 0]])
PRUNED = np.array([[0, 2, 2, 0], [0, 2, 2, 0], [0, 1, 2, 0]])


def found() -> Exemplars:
    table = exemplars(PRUNED, DENSE, LABELS)
    return Exemplars(table, summarise_exemplars(table), *exemplars_by_chance(PRUNED, DENSE), 3, 3)


def test_the_sentence_counts_and_says_what_chance_would_give() -> None:
    said = verdict(found())
    assert said.startswith("**1 of 4 images is a Pruning Identified Exemplar** (25.0 %, 95 % interval ")
    assert "the modal class over 3 pruned runs differs from that over 3 dense runs" in said
    assert "within noise, p = " in said  # three runs of each cannot say more
    assert "dense networks' modal class is correct in 100 %, the pruned ones' in 0 %" in said


def test_without_exemplars_nobody_is_correct_on_them() -> None:
    table = exemplars(DENSE, DENSE, LABELS)
    said = verdict(Exemplars(table, summarise_exemplars(table), 0.0, 1.0, 3, 1))
    assert said.startswith("**0 of 4 images are Pruning Identified Exemplars**")
    assert "from that over the dense run." in said
    assert "correct" not in said


def test_the_table_names_classes_and_shares() -> None:
    table = named_exemplars(found(), ["cat", "dog", "frog"])
    (row,) = table.to_dict("records")
    assert (row["sample"], row["label"], row["dense"], row["pruned"]) == (1, "dog", "dog", "frog")
    assert row["dense_runs"] == 100
    assert (row["pruned_runs"], row["disagreement"]) == pytest.approx((200 / 3, 200 / 3))
