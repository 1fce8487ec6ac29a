"""Swaps of a searched mask, against numbers worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from analysis.comparisons import swaps
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo
from pruning.training.history import Record


def entry(carried: list[float], possible: list[float] | None = None, seed: int = 0) -> Entry:
    """A ticket that keeps 10 of 100 weights and noted swaps every ten iterations."""
    iterations = [10.0 * (place + 1) for place in range(len(carried))]
    record: Record = {"swaps/iteration": iterations, "swaps/carried": carried, "swaps/possible": possible or carried}
    info = TicketInfo(shape=(1, 8, 8), classes=["0"], mean=[0], std=[1], record=record, layers={"l": (10, 100)})
    return Entry(Path("nowhere"), Recipe(model="lenet300", data="digits", finder="dense", seed=seed), info)


def test_swaps_come_back_as_they_were_noted() -> None:
    found = swaps.swaps([entry([]), entry([5, 1], [8, 8], seed=1)])
    assert found[["seed", "iteration", "carried", "possible"]].values.tolist() == [[1, 10, 5, 8], [1, 20, 1, 8]]
    assert swaps.swaps([]).empty


def test_swaps_an_iteration_are_a_share_of_the_weights_kept() -> None:
    rows = swaps.swap_rates({"j": [entry([20, 10, 5], [40, 40, 40])]}, summed=False)
    carried = rows[rows["measure"] == "carried"].set_index("iteration")["mean"]
    assert carried.to_dict() == pytest.approx({10: 20.0, 20: 10.0, 30: 5.0})  # 20 in 10 iterations, of 10 weights kept
    possible = rows[rows["measure"] == "possible"].set_index("iteration")["mean"]
    assert possible.to_dict() == pytest.approx({10: 40.0, 20: 40.0, 30: 40.0})


def test_long_searches_are_summed_up_in_stretches_without_losing_a_swap() -> None:
    carried = [float(value) for value in np.random.default_rng(0).integers(0, 9, 137)]
    rows = swaps.swap_rates({"j": [entry(carried)]}, summed=False)
    assert len(rows) == swaps.STRETCHES
    assert set(rows["measure"]) == {"carried"}  # where all are carried out, once is enough
    lengths = np.diff([0.0, *rows["iteration"]])
    assert (rows["mean"] * lengths).sum() == pytest.approx(100 / 10 * sum(carried))


def test_summed_up_swaps_end_at_their_total() -> None:
    rows = swaps.swap_rates({"j": [entry([20, 10, 5], seed=0), entry([22, 10, 5], seed=1)]}, summed=True)
    assert rows["mean"].tolist() == pytest.approx([210, 310, 360])
    assert rows["n"].tolist() == [2, 2, 2]


def test_all_swaps_of_a_search_and_those_of_its_end() -> None:
    found = swaps.in_all(
        {"j": [entry([20.0] + 8 * [5.0] + [15.0]), entry([35.0] + 8 * [5.0] + [25.0], seed=1)], "k": [entry([0.0])]}
    )
    rows = found.set_index(["key", "measure"])
    assert rows.loc[("j", "all"), "mean"] == pytest.approx((75 + 100) / 2 / 10 * 100)
    assert rows.loc[("j", "late"), "mean"] == pytest.approx((100 * 15 / 75 + 100 * 25 / 100) / 2)
    half = 12.7062 * np.std([20, 25], ddof=1) / np.sqrt(2)  # Student's quantile of one degree of freedom
    assert rows.loc[("j", "late"), "high"] == pytest.approx(22.5 + half, rel=1e-4)
    assert rows.loc[("j", "late"), "low"] == 0  # a share is not below
    assert rows.loc[("k", "all"), "mean"] == 0
    assert ("k", "late") not in rows.index
