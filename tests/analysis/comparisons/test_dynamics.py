"""Curves, swaps and mask distances from tickets' headers, against numbers worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import dynamics
from analysis.statistics.intervals import mean_interval, wilson
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.ticket import TicketInfo
from pruning.training.history import Epoch, Record


def entry(recipe: Recipe, history: list[Epoch] | None = None, record: Record | None = None) -> Entry:
    info = TicketInfo(shape=(1, 8, 8), classes=["a"], mean=[0], std=[1], history=history or [], record=record or {})
    return Entry(Path("nowhere"), recipe, info)


def snip(seed: int = 0, **fields: object) -> Recipe:
    return Recipe(model="lenet300", data="digits", criterion="snip", sparsity=0.9, seed=seed, **fields)


def point(epoch: float, accuracy: float = 0.5, test_loss: float = math.nan) -> Epoch:
    return Epoch(epoch=epoch, loss=1, train_accuracy=0.4, test_accuracy=accuracy, test_loss=test_loss)


def falling(losses: list[float], seed: int = 0, width: float = 0.5) -> Entry:
    history = [point(width * (step + 1), 0.1 * step, loss) for step, loss in enumerate(losses)]
    return entry(snip(seed), history)


def test_curves_are_those_of_the_tickets(found_study: Path) -> None:
    study = Study.open(found_study)
    found = dynamics.curves(study.entries())
    assert list(found.columns) == [*dynamics.WHO, *dynamics.POINT]
    assert found["ticket_id"].nunique() == len(study.entries())
    for each in study.entries():
        rows = found[found["ticket_id"] == each.id]
        assert rows["epoch"].tolist() == [p.epoch for p in each.info.history]
        assert rows["test_accuracy"].iloc[-1] == each.info.accuracy
        assert set(rows["label"]) == {each.recipe.label}
    assert found.groupby("family")["seed"].nunique().eq(2).all()


def test_bands_are_means_over_seeds() -> None:
    dense = Recipe(model="lenet300", data="digits", finder="dense")
    history = [[point(1, 0.2), point(2, 0.5)], [point(1, 0.4), point(2, math.nan)], [point(1, 0.9)]]
    entries = [entry(snip(seed), points) for seed, points in enumerate(history)]
    found = dynamics.curve_bands(dynamics.curves([*entries, entry(dense, [point(0.5, 0.7)])]))
    assert list(found.columns) == ["family", "epoch", "mean", "low", "high", "n"]
    assert found[["family", "epoch"]].values.tolist() == [
        [snip().family, 1],
        [snip().family, 2],
        [dense.family, 0.5],
    ]
    assert found["n"].tolist() == [3, 1, 1]
    assert found[["mean", "low", "high"]].iloc[0].tolist() == pytest.approx(
        np.clip(mean_interval([0.2, 0.4, 0.9]), 0, 1)
    )
    assert found["mean"].tolist()[1:] == [0.5, 0.7]
    assert found[["low", "high"]].iloc[1:].isna().all(axis=None)


def test_early_stop_is_the_first_lowest_point() -> None:
    found = dynamics.early_stop(dynamics.curves([falling([3, 1, 2, 1])])).iloc[0]
    assert (found["epoch"], found["test_loss"], found["test_accuracy"]) == (1.0, 1, 0.1)
    assert found["resolution"] == 0.5
    assert not found["at_end"]


@pytest.mark.parametrize(
    ("losses", "epoch", "resolution", "at_end"),
    [
        ([3, 2, 1], 1.5, 0.5, True),
        ([1, 2, 3], 0.5, 0.5, False),
        ([1], 0.5, math.nan, True),
        ([2, math.nan, 1, math.nan, math.nan, 4], 1.5, 1.5, False),
        ([math.nan, math.nan], math.nan, math.nan, False),
    ],
)
def test_how_well_early_stop_is_known(losses: list[float], epoch: float, resolution: float, at_end: bool) -> None:
    found = dynamics.early_stop(dynamics.curves([falling(losses)])).iloc[0]
    np.testing.assert_equal([found["epoch"], found["resolution"]], [epoch, resolution])
    assert found["at_end"] == at_end


def test_early_stop_over_seeds() -> None:
    entries = [falling([3, 1, 2], 0), falling([3, 2, 1], 1), falling([math.nan], 2), falling([5, 1, 4], 3, width=2)]
    found = dynamics.stops_over_seeds(dynamics.curves(entries))
    assert len(found) == 1
    row = found.iloc[0]
    assert row["label"] == "SNIP 90 %"
    mean, low, high = mean_interval([1, 1.5, 4])
    assert low < 0
    assert high > 6  # the longest training has so many epochs
    assert [row["epoch"], row["low"], row["high"]] == pytest.approx([mean, 0, 6])
    assert (row["seeds"], row["resolution"], row["at_end"]) == (3, 2, 1)
    assert [row["accuracy"], row["accuracy_low"], row["accuracy_high"]] == pytest.approx(mean_interval([0.1, 0.2, 0.1]))
    assert (row["final_epoch"], row["final_accuracy"]) == pytest.approx(
        ((1.5 + 1.5 + 0.5 + 6) / 4, (0.2 + 0.2 + 0.2) / 4)
    )


def test_stops_that_agree_are_known_to_the_resolution_and_their_accuracy_over_images() -> None:
    same = dynamics.curves([falling([3, 1, 2, 4], seed) for seed in range(3)])
    row = dynamics.stops_over_seeds(same, images=359).iloc[0]
    assert [row["low"], row["high"]] == [row["epoch"] - row["resolution"], row["epoch"] + row["resolution"]]
    assert row["resolution"] > 0
    expected = [float(end) for end in wilson(row["accuracy"] * 359, 359)]
    assert [row["accuracy_low"], row["accuracy_high"]] == pytest.approx(expected)
    one = dynamics.stops_over_seeds(same[same["seed"] == 0], images=359).iloc[0]
    assert one[["low", "high", "accuracy_low", "accuracy_high"]].isna().all()


def test_intervals_of_accuracies_end_at_one_and_of_losses_at_nothing() -> None:
    entries = [entry(snip(seed), [point(1, *values)]) for seed, values in enumerate([(1.0, 0.0), (0.8, 0.9)])]
    rows = dynamics.curves(entries)
    assert mean_interval([1.0, 0.8])[2] > 1
    assert dynamics.curve_bands(rows)["high"].item() == 1
    assert dynamics.curve_bands(rows, "test_loss")["low"].item() == 0


def test_what_was_not_recorded_is_empty() -> None:
    nothing = [entry(snip())]
    for found in (
        dynamics.curves(nothing),
        dynamics.curves([]),
        dynamics.early_stop(dynamics.curves(nothing)),
        dynamics.curve_bands(dynamics.curves(nothing)),
        dynamics.stops_over_seeds(dynamics.curves(nothing)),
    ):
        assert isinstance(found, pd.DataFrame)
        assert found.empty
    epochs, matrices = dynamics.mask_distances(nothing[0])
    assert epochs.size == 0
    assert matrices == {}


def test_records_come_back_as_they_were_noted() -> None:
    record: Record = {
        "masks/epoch": [1, 3],
        "mask distance 0.9/d": [0, 0.2, 0.3, 0],
        "mask distance 0.5/d": [0, 0.1, 0.1, 0],
        "bird/epoch": [3],
        "bird/found": [0],
    }
    bird = entry(snip(1), record=record)
    epochs, matrices = dynamics.mask_distances(bird)
    assert epochs.tolist() == [1, 3]
    assert list(matrices) == [0.5, 0.9]
    assert matrices[0.9][0, 1] == 0.2
    assert matrices[0.9][1, 0] == 0.3
    assert dynamics.drawn_at(bird) == 3
    assert dynamics.drawn_at(entry(snip())) is None


def test_distances_of_other_epochs_are_refused() -> None:
    with pytest.raises(UserError, match="of the masks of 2 epochs it has 3 distances"):
        dynamics.mask_distances(entry(snip(), record={"masks/epoch": [1, 2], "mask distance 0.8/d": [0, 1, 1]}))


def test_curves_of_scores_that_move_by_factors_have_geometric_means() -> None:
    rows = dynamics.curves([entry(snip(seed), [point(1.0, score, 0.5)]) for seed, score in enumerate((2.0, 8.0))])
    band = dynamics.curve_bands(rows, "test_accuracy", (-np.inf, np.inf), by_factors=True).iloc[0]
    mean, low, high = np.exp(mean_interval(np.log([2.0, 8.0])))
    assert (band["mean"], band["low"], band["high"]) == pytest.approx((mean, low, high))
    assert mean == pytest.approx(4)
    stop = dynamics.stops_over_seeds(rows, by_factors=True).iloc[0]
    assert (stop["accuracy"], stop["accuracy_low"], stop["final_accuracy"]) == pytest.approx((4, low, 4))


def test_a_score_that_may_be_negative_has_bounds_below_nothing() -> None:
    rows = dynamics.curves([entry(snip(seed), [point(1.0, score)]) for seed, score in enumerate((-1.0, 1.5))])
    band = dynamics.curve_bands(rows, "test_accuracy", (-np.inf, np.inf)).iloc[0]
    assert (band["mean"], band["low"], band["high"]) == pytest.approx(mean_interval([-1.0, 1.5]))
