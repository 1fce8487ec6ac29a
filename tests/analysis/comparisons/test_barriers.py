"""Barriers and errors along the line, over seeds, by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import barriers
from analysis.metrics import connectivity
from analysis.statistics.verdicts import CANNOT_TELL


def test_barriers_are_means_over_seeds_and_of_one_seed_those_over_images() -> None:
    table = pd.DataFrame(
        {"key": ["a", "a", "b", "c", "c"], "barrier": [0.02, 0.06, 0.01, 0.0, 0.0],
         "barrier_low": [0.0, 0.0, 0.005, 0.0, 0.0], "barrier_high": [0.1, 0.1, 0.02, 0.01, 0.02], "n": 1000}
    )  # fmt: skip
    found = barriers.barriers(table).set_index("key")
    assert found.loc["a", ["value", "low", "high"]].tolist() == pytest.approx([0.04, 0, 0.04 + 12.7062047 * 0.02])
    assert found.loc["b", ["value", "low", "high"]].tolist() == pytest.approx([0.01, 0.005, 0.02])
    assert found.loc["c", ["value", "low", "high"]].tolist() == pytest.approx([0, 0, 0.02])  # seeds without a spread


@pytest.mark.parametrize(
    ("images", "told"), [(1, CANNOT_TELL), (10, CANNOT_TELL), (100, CANNOT_TELL), (1000, "stable")]
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_line_along_which_no_image_changes_is_stable_as_far_as_there_are_images(
    images: int, told: str, seeds: int
) -> None:
    found = connectivity.barrier(np.ones((11, images), bool), resamples=20)
    row = {"key": "a", "barrier": found.value, "barrier_low": found.low, "barrier_high": found.high, "n": images}
    rows = barriers.stability(barriers.barriers(pd.DataFrame([row] * seeds)))
    assert rows["verdict"].tolist() == [told]
    assert rows["value"].tolist() == rows["low"].tolist() == [0]
    # none of so many are as likely as 2.5 % where the share is 1 - 0.025 ** (1 / n), the exact bound
    assert rows["high"][0] == pytest.approx(1 - 0.025 ** (1 / images), rel=0.25)


def test_rows_know_both_trainings_and_are_left_out_without_one() -> None:
    tickets = pd.DataFrame({"ticket_id": ["x", "y"], "key": ["imp", "again"], "seed": [3, 3]})
    rows = pd.DataFrame({"ticket_id": ["x", "x", "gone"], "other": ["y", "gone", "y"]})
    found = barriers.of_tickets(rows, tickets)
    assert found[["key", "seed", "other_key"]].values.tolist() == [["imp", 3, "again"]]


def test_the_error_along_the_line_is_averaged_over_seeds() -> None:
    rows = pd.DataFrame({"alpha": [0.0, 1.0] * 2, "accuracy": [0.9, 0.8, 0.88, 0.6], "train_accuracy": 1.0})
    found = barriers.errors_along(rows).set_index(["split", "alpha"])
    np.testing.assert_allclose(found.loc["test", "mean"], [0.11, 0.3])
    assert found.at[("test", 0.0), "high"] == pytest.approx(0.11 + 12.7062047 * 0.01)
    assert found.loc[("test", 1.0), ["low", "high"]].tolist() == [0, 1]  # where shares end; Student's goes on
    assert (found.loc["training", "mean"] == 0).all()


def test_a_training_is_stable_where_all_of_its_interval_says_so() -> None:
    rows = pd.DataFrame({"key": list("abc"), "low": [0.0, 0.01, 0.02], "high": [0.019, 0.03, 0.04]})
    assert barriers.stability(rows)["verdict"].tolist() == ["stable", "cannot tell", "unstable"]
    unknown = barriers.stability(pd.DataFrame({"key": ["d"], "low": [np.nan], "high": [np.nan]}))
    assert unknown["verdict"].tolist() == ["cannot tell"]
