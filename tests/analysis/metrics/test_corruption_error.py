"""The scores of corrupted accuracy, worked out by hand."""

import math

import pandas as pd
import pytest

from analysis.corruptions.conditions import CLEAN
from analysis.metrics.corruption_error import (
    COUNTED,
    EXTRA,
    corruption_error,
    mean_corruption_accuracy,
    mean_corruption_error,
)
from pruning.errors import UserError


def table(key: str = "ticket", **accuracies: dict[tuple[str, int], float]) -> pd.DataFrame:
    rows = [(t, *cell, accuracy) for t, cells in accuracies.items() for cell, accuracy in cells.items()]
    return pd.DataFrame(rows, columns=[key, "corruption", "severity", "accuracy"])


DENSE = {CLEAN: 0.9, ("fog", 1): 0.8, ("fog", 2): 0.6, ("contrast", 1): 0.5, ("gaussian_blur", 1): 0.7}
PRUNED = {CLEAN: 0.8, ("fog", 1): 0.7, ("fog", 2): 0.4, ("contrast", 1): 0.6, ("gaussian_blur", 1): 0.1}


def test_fifteen_count_and_four_do_not() -> None:
    assert len(COUNTED) == 15
    assert EXTRA == ("speckle_noise", "gaussian_blur", "spatter", "saturate")


@pytest.mark.parametrize("key", ["ticket", "ticket_id"])
def test_mean_corruption_accuracy(key: str) -> None:
    found = mean_corruption_accuracy(table(key, pruned=PRUNED, dense=DENSE)).set_index(key)
    assert list(found.index) == ["pruned", "dense"]
    # Fog counts (0.7 + 0.4) / 2, contrast 0.6; the blur is one of the four, and clean is none of them.
    assert found.loc["pruned"].to_dict() == pytest.approx(
        {
            "accuracy": (0.55 + 0.6) / 2,
            "corruptions": 2,
            "extra_accuracy": 0.1,
            "extra_corruptions": 1,
            "clean_accuracy": 0.8,
        }
    )
    assert found.loc["dense", "accuracy"] == pytest.approx((0.7 + 0.5) / 2)


def test_a_mean_of_nothing_is_not_a_number() -> None:
    (row,) = mean_corruption_accuracy(table(a={CLEAN: 1.0})).to_dict("records")
    assert math.isnan(row["accuracy"])
    assert math.isnan(row["extra_accuracy"])
    assert (row["corruptions"], row["extra_corruptions"], row["clean_accuracy"]) == (0, 0, 1.0)


def test_corruption_error_by_hand() -> None:
    found = corruption_error(table(dense=DENSE, pruned=PRUNED), "dense").set_index(["ticket", "corruption"])
    fog = found.loc[("pruned", "fog")]
    assert fog["ce"] == pytest.approx((0.3 + 0.6) / (0.2 + 0.4))
    assert fog["relative_ce"] == pytest.approx(((0.3 - 0.2) + (0.6 - 0.2)) / ((0.2 - 0.1) + (0.4 - 0.1)))
    assert fog["error"] == pytest.approx(0.45)
    assert (fog["severities"], fog["extra"]) == (2, False)
    assert found.loc[("pruned", "gaussian_blur"), "extra"]
    assert found.loc["dense", ["ce", "relative_ce"]].to_numpy() == pytest.approx(1)


def test_mean_corruption_error_keeps_the_extra_apart() -> None:
    found = mean_corruption_error(table(dense=DENSE, pruned=PRUNED), "dense").set_index("ticket")
    pruned = found.loc["pruned"]
    assert pruned["mce"] == pytest.approx((0.9 / 0.6 + 0.4 / 0.5) / 2)
    assert pruned["relative_mce"] == pytest.approx((0.5 / 0.4 + 0.2 / 0.4) / 2)
    assert pruned["extra_mce"] == pytest.approx(0.9 / 0.3)
    assert pruned["extra_relative_mce"] == pytest.approx(0.7 / 0.2)
    assert (pruned["corruptions"], pruned["extra_corruptions"]) == (2, 1)
    assert found.loc["dense", "mce"] == pytest.approx(1)


def test_only_what_both_have_is_compared() -> None:
    more = PRUNED | {("fog", 3): 0.0, ("snow", 1): 0.0}
    assert mean_corruption_error(table(dense=DENSE, t=more), "dense").set_index("ticket").loc["t", "mce"] == (
        pytest.approx((0.9 / 0.6 + 0.4 / 0.5) / 2)
    )


def test_the_baseline_may_come_from_elsewhere() -> None:
    here = corruption_error(table(dense=DENSE, pruned=PRUNED), "dense")
    apart = corruption_error(table(pruned=PRUNED), table(dense=DENSE))
    assert apart.to_dict("list") == here[here.ticket == "pruned"].to_dict("list")


def test_a_faultless_baseline_has_no_ratio() -> None:
    perfect = dict.fromkeys(DENSE, 1.0)
    row = mean_corruption_error(table(dense=perfect, pruned=PRUNED), "dense").set_index("ticket").loc["pruned"]
    assert math.isnan(row["mce"])
    assert math.isnan(row["relative_mce"])


def test_a_corruption_that_does_not_hurt_the_baseline_is_no_measure() -> None:
    base = {CLEAN: 0.97, ("fog", 1): 0.97 - 1e-16, ("fog", 2): 0.966, ("snow", 1): 0.9, ("snow", 2): 0.84}
    other = {CLEAN: 0.95, ("fog", 1): 0.80, ("fog", 2): 0.70, ("snow", 1): 0.9, ("snow", 2): 0.80}
    row = mean_corruption_error(table(dense=base, t=other), "dense").set_index("ticket").loc["t"]
    assert row["relative_mce"] == pytest.approx((0.05 + 0.15) / (0.07 + 0.13))  # of snow alone
    assert (row["corruptions"], row["relative_corruptions"]) == (2, 1)


def test_without_a_clean_accuracy_there_is_no_relative_error() -> None:
    unclean = {cell: accuracy for cell, accuracy in PRUNED.items() if cell != CLEAN}
    row = mean_corruption_error(table(dense=DENSE, pruned=unclean), "dense").set_index("ticket").loc["pruned"]
    assert math.isnan(row["relative_mce"])
    assert row["mce"] == pytest.approx((0.9 / 0.6 + 0.4 / 0.5) / 2)


def test_tickets_without_extra_corruptions_are_still_listed() -> None:
    only = {CLEAN: 0.8, ("fog", 1): 0.4}
    row = mean_corruption_error(table(dense=DENSE, pruned=only), "dense").set_index("ticket").loc["pruned"]
    assert row["mce"] == pytest.approx(0.6 / 0.2)
    assert (row["corruptions"], row["extra_corruptions"]) == (1, 0)
    assert math.isnan(row["extra_mce"])


def test_a_baseline_that_is_missing_or_double_is_said() -> None:
    with pytest.raises(UserError, match="The baseline 'none' has no results"):
        corruption_error(table(dense=DENSE), "none")
    twice = pd.concat([table(dense=DENSE), table(dense=DENSE)])
    with pytest.raises(UserError, match="more than one result for a condition"):
        mean_corruption_error(twice, "dense")
