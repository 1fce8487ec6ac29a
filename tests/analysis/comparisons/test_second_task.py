"""Tickets in a second task: matrices and verdicts against the tickets themselves, and against sums by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.second_task import (
    CELL,
    DENSE,
    KINDS,
    MASK,
    OWN,
    OWN_MASK,
    RANDOM,
    WEIGHTS,
    against,
    by_kind,
    groups,
    matrix,
)
from pruning.study.folder import Entry, Study
from tests import ROOT

STUDY = ROOT / "sample_checkpoints" / "digits-supernet"
LOW, HIGH = "digits[0-4]", "digits[5-9]"


@pytest.fixture(scope="module")
def tickets() -> list[Entry]:
    """All tickets of the sample study."""
    study = Study.open(STUDY)
    return [*study.entries(), *study.elsewhere()]


def accuracies(tickets: list[Entry], method: str) -> list[float]:
    """Of a method of the sample study, by seed."""
    return [entry.info.accuracy for entry in tickets if entry.recipe.method == method]


def test_the_matrix_by_hand(tickets: list[Entry]) -> None:
    (group,) = groups(tickets).values()
    assert group.label == "SuperTicket 85 %"
    table = matrix(group.cells).set_index(["kind", "first", "second"])
    methods = {
        (MASK, LOW, LOW): "Low_to_low_mask",
        (MASK, LOW, HIGH): "Low_to_high_mask",
        (MASK, HIGH, LOW): "High_to_low_mask",
        (MASK, HIGH, HIGH): "High_to_high_mask",
        (WEIGHTS, LOW, HIGH): "Low_to_high_weights",
        (WEIGHTS, HIGH, LOW): "High_to_low_weights",
        (RANDOM, "", LOW): "High_to_low_random",
        (RANDOM, "", HIGH): "Low_to_high_random",
        (OWN, "", LOW): "Low_SuperTicket",
        (OWN, "", HIGH): "High_SuperTicket",
        (DENSE, "", LOW): "Low_dense",
        (DENSE, "", HIGH): "High_dense",
    }
    assert list(table.index) == list(methods)
    for cell, method in methods.items():
        own = accuracies(tickets, method)
        assert len(own) == table.at[cell, "n"] == 3
        assert table.at[cell, "mean"] == pytest.approx(np.mean(own))
        low, high = stats.t.interval(0.95, 2, np.mean(own), stats.sem(own))
        assert table.at[cell, "low"] == pytest.approx(low)
        assert table.at[cell, "high"] == pytest.approx(min(high, 1))


def test_kinds_are_held_against_the_other_tasks_masks(tickets: list[Entry]) -> None:
    (group,) = groups(tickets).values()
    rows = by_kind(group.cells)
    assert set(rows["kind"]) == set(KINDS)
    table = against(rows).set_index("kind")
    assert list(table.index) == [kind for kind in KINDS if kind != MASK]
    there = np.mean([accuracies(tickets, f"{way}_mask") for way in ("Low_to_high", "High_to_low")], axis=0)
    mixed = np.mean([accuracies(tickets, f"{way}_random") for way in ("Low_to_high", "High_to_low")], axis=0)
    own = np.mean([accuracies(tickets, f"{way}_mask") for way in ("Low_to_low", "High_to_high")], axis=0)
    assert table.at[RANDOM, "difference"] == pytest.approx(np.mean(mixed - there))
    assert table.at[OWN_MASK, "difference"] == pytest.approx(np.mean(own - there))
    assert (table["seeds"] == 3).all()


def test_masks_of_both_tasks_keep_as_much_as_their_originals(tickets: list[Entry]) -> None:
    layers = {(entry.recipe.method, entry.recipe.seed): entry.info.layers for entry in tickets}
    for seed in range(3):
        for first, second in (("Low", "high"), ("High", "low")):
            original = {
                name: each for name, each in layers[f"{first}_SuperTicket", seed].items() if "linear" not in name
            }
            for kind in ("mask", "weights", "random"):
                assert layers[f"{first}_to_{second}_{kind}", seed] == original


def cells(*rows: tuple[str, str, str, int, float]) -> pd.DataFrame:
    """Rows of `CELL`."""
    return pd.DataFrame(rows, columns=CELL)


def test_a_clear_difference_is_told_and_one_seed_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    rows = [
        (kind, first, "b", seed, level + rng.normal(0, 0.004))
        for seed in range(4)
        for kind, first, level in ((MASK, "a", 0.95), (RANDOM, "a", 0.75), (DENSE, "", 0.95))
    ]
    table = against(by_kind(cells(*rows))).set_index("kind")
    assert table.at[RANDOM, "verdict"] == "differs"
    assert table.at[DENSE, "verdict"] != "differs"
    alone = against(by_kind(cells(*rows[:3])))
    assert (alone["over"] == "nothing").all()
    assert (alone["verdict"] == "cannot tell").all()


def test_kinds_are_compared_over_the_same_second_tasks() -> None:
    found = by_kind(
        cells(
            (MASK, "a", "b", 0, 0.9), (MASK, "b", "a", 0, 0.7), (MASK, "a", "b", 1, 0.8),
            (RANDOM, "a", "b", 0, 0.5), (RANDOM, "c", "b", 0, 0.7), (RANDOM, "b", "a", 0, 0.4),
            (DENSE, "", "a", 0, 1.0), (OWN, "c", "c", 0, 0.1),
        )
    ).set_index(["kind", "seed"])["accuracy"]  # fmt: skip
    assert found.to_dict() == {(MASK, 0): pytest.approx(0.8), (RANDOM, 0): pytest.approx(0.5)}


def test_without_a_mask_from_another_task_nothing_is_held_against_it() -> None:
    only = cells((OWN_MASK, "a", "a", 0, 0.9), (DENSE, "", "a", 0, 0.95))
    assert against(by_kind(only)).empty
    assert matrix(only)["kind"].tolist() == [MASK, DENSE]
    assert groups([]) == {}
