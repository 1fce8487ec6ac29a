"""When masks settle, by hand."""

from pathlib import Path

import numpy as np
import pytest

from analysis.comparisons import mask_distances
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo


def path(steps: list[float]) -> np.ndarray:
    """Distances of masks that walk straight on by these steps."""
    places = np.concatenate([[0], np.cumsum(steps)])
    return np.abs(places[:, None] - places[None])


def entry(record: dict[str, list[float]], seed: int = 0) -> Entry:
    info = TicketInfo(shape=(1, 8, 8), classes=["0"], mean=[0], std=[1], record=record, layers={"l": (10, 100)})
    return Entry(Path("nowhere"), Recipe(model="lenet300", data="digits", finder="dense", seed=seed), info)


def test_masks_settle_when_the_newest_of_five_is_near_the_others() -> None:
    epochs = np.arange(8.0)
    # From epoch 2 on each step is 0.02: epochs 2 to 6 are the first five of which the last is within 0.1 of the others.
    table = path([0.4, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02])
    assert mask_distances.settled(epochs, table) == (2.0, 6.0)
    assert mask_distances.settled(epochs, path([0.4, *[0.026] * 6])) is None  # the fourth before is 0.104 away
    assert mask_distances.settled(epochs[:5], path([0.0] * 4)) is None  # the initialisation is none of the five


def test_the_initialisation_is_no_mask_of_the_five() -> None:
    assert mask_distances.settled(np.arange(6.0), path([0.0] * 5)) == (1.0, 5.0)


def test_distances_to_the_mask_before_the_four_before_and_the_last() -> None:
    epochs, table = np.arange(7.0), path([0.3, 0.1, 0.05, 0.04, 0.03, 0.02])
    rows = mask_distances.measures(epochs, table).set_index(["measure", "epoch"])["value"]
    assert rows["before", 2.0] == pytest.approx(0.1)
    assert rows["final", 2.0] == pytest.approx(0.14)
    assert rows["final", 6.0] == 0
    assert rows["farthest", 5.0] == pytest.approx(0.22)  # to epoch 1
    assert ("farthest", 4.0) not in rows.index


def test_intervals_are_over_seeds_that_noted_the_sparsity() -> None:
    tables = [path([0.3, 0.1, 0.05]), path([0.2, 0.1, 0.05])]
    entries = [
        entry({"masks/epoch": [0, 1, 2, 3], "mask distance 0.9/d": table.reshape(-1).tolist()}, seed)
        for seed, table in enumerate(tables)
    ]
    rows = mask_distances.over_seeds([*entries, entry({})], 0.9).set_index(["measure", "epoch"])
    assert rows.at[("before", 1.0), "mean"] == pytest.approx(0.25)
    assert rows.at[("before", 1.0), "n"] == 2


def test_settling_is_told_seed_by_seed() -> None:
    tables = [path([0.4, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02]), path([0.4] * 7)]
    entries = [
        entry({"masks/epoch": list(range(8)), "mask distance 0.9/d": table.reshape(-1).tolist()}, seed)
        for seed, table in enumerate(tables)
    ]
    found = mask_distances.settling(entries, 0.9)
    assert found["seed"].tolist() == [0, 1]
    np.testing.assert_equal(found["epoch"].to_numpy(), [6.0, np.nan])


def test_the_matrix_as_a_table() -> None:
    found = mask_distances.as_table(np.array([1.0, 2.0]), np.array([[0, 0.3], [0.4, 0]]))
    assert found.set_index(["epoch", "other epoch"])["distance"].to_dict() == {
        (1, 1): 0, (1, 2): 0.3, (2, 1): 0.4, (2, 2): 0
    }  # fmt: skip


def test_two_unrelated_masks_differ_where_just_one_keeps_a_weight() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 1_000_000)) < 0.1
    assert mask_distances.chance(0.9) == pytest.approx((one != other).mean(), abs=0.002)
