"""The cells of heat maps and the points of curves agree with plain counting."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import condition_cells
from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.verdicts import against, verdicts
from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE, Null, simulate

CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1), ("snow", 2), ("spatter", 1), ("spatter", 2)]


@pytest.fixture
def outcomes() -> Outcomes:
    rng = np.random.default_rng(1)
    chances = {"a": 0.9, "b": 0.88, "c": 0.5}
    return Outcomes(CONDITIONS, {key: rng.random((3, 7, 400)) < chance for key, chance in chances.items()})


def test_a_corruption_is_averaged_over_its_severities_and_the_mean_over_those_that_count(outcomes: Outcomes) -> None:
    table = condition_cells.accuracies(outcomes, condition_cells.by_corruption(outcomes)).set_index(
        ["key", "corruption"]
    )["accuracy"]
    right = outcomes.right["b"]
    assert table["b", "fog"] == pytest.approx(right[:, 1:3].mean())
    assert table["b", "spatter"] == pytest.approx(right[:, 5:7].mean())
    assert table["b", MEAN] == pytest.approx(right[:, 1:5].mean())  # spatter is an extra one
    assert ("b", "clean") not in table.index


def test_one_seed_has_wilsons_interval_and_several_that_of_their_mean(outcomes: Outcomes) -> None:
    groups = {("snow", 2): [4]}
    row = condition_cells.accuracies(outcomes, groups).iloc[0]
    assert (row.accuracy, row.low, row.high) == pytest.approx(mean_interval(outcomes.right["a"][:, 4].mean(axis=1)))
    single = Outcomes(CONDITIONS, {"a": outcomes.right["a"][:1]})
    row = condition_cells.accuracies(single, groups).iloc[0]
    right = single.right["a"][0, 4]
    assert (row.low, row.high) == pytest.approx([float(bound) for bound in wilson(right.sum(), right.size)])
    assert condition_cells.over_seeds(outcomes)
    assert not condition_cells.over_seeds(single)


def test_one_severity_alone(outcomes: Outcomes) -> None:
    groups = condition_cells.by_corruption(outcomes, 2)
    assert groups == {("fog", 2): [2], (MEAN, 2): [2, 4], ("snow", 2): [4], ("spatter", 2): [6]}
    assert condition_cells.by_severity(outcomes)["clean", 0] == [0]
    assert condition_cells.conditions_of(CONDITIONS, MEAN, 2) == [("fog", 2), ("snow", 2)]
    assert condition_cells.conditions_of(CONDITIONS, "spatter") == CONDITIONS[5:]


def test_what_the_mean_is_over(outcomes: Outcomes) -> None:
    assert condition_cells.averaged(outcomes) == [1, 2, 3, 4]
    other = Outcomes([("clean", 0), ("shear", 1), ("zigzag", 1)], {})
    assert condition_cells.averaged(other) == [1, 2]


def test_a_cell_says_what_the_pairs_say_of_its_condition(outcomes: Outcomes) -> None:
    table = condition_cells.gaps(outcomes, "a", condition_cells.by_corruption(outcomes))
    assert table["key"].tolist() == ["b"] * 4 + ["c"] * 4
    pairs = against(verdicts(outcomes.per_image([1, 2])), "a").set_index("a")
    for row in table[table["corruption"] == "fog"].itertuples():
        each = outcomes.right[str(row.key)][:, 1:3].mean((1, 2)) - outcomes.right["a"][:, 1:3].mean((1, 2))
        assert row.difference == pytest.approx(each.mean())
        assert (row.low, row.high) == pytest.approx(pairs.loc[row.key, ["low", "high"]].tolist())
        assert row.within_noise == (pairs.at[row.key, "verdict"] != "differs")
    assert table["within_noise"].tolist() == [low <= 0 <= high for low, high in zip(table.low, table.high, strict=True)]
    assert 0 < table["within_noise"].sum() < len(table)


def test_identical_tickets_rarely_have_a_cell_that_stands_out() -> None:
    null = Null(seeds=3, images=300, corruptions=4, tickets=5)
    false = []
    for number in range(60):
        made = simulate(null, np.random.default_rng(number)).outcomes
        false.append(
            not condition_cells.gaps(made, BASELINE, condition_cells.by_corruption(made))["within_noise"].all()
        )
    assert sum(false) <= 8  # of 60, nominally 3


def test_cells_together_are_one_family(outcomes: Outcomes) -> None:
    """Holm's procedure by hand, over the two other tickets under three corruptions."""
    groups = condition_cells.by_corruption(outcomes)
    table = condition_cells.apart(outcomes, "a", groups)
    each = condition_cells.gaps(outcomes, "a", groups)
    assert len(table) == len(each) == 2 * len(groups)
    here, alone = (rows.set_index(["key", "corruption"]) for rows in (table, each))
    pd.testing.assert_series_equal(here["difference"].sort_index(), alone["difference"].sort_index())
    ps = np.sort(table["p"].to_numpy())
    steps = np.maximum.accumulate(np.minimum(ps * np.arange(len(ps), 0, -1), 1))
    assert np.sort(table["p_holm"].to_numpy()) == pytest.approx(steps)
    assert (table["verdict"] == DIFFERS).sum() == (steps < 0.05).sum() == 4  # c differs under all, b under none
