"""What networks over tokens noted on the way, read back as it was written."""

import math

import numpy as np
import pytest

from analysis.comparisons.periodicity import (
    Neurons,
    by_strongest,
    first_and_last,
    looks,
    neurons,
    noted,
    over_seeds,
    shares,
)
from analysis.statistics.intervals import mean_interval
from pruning.errors import UserError
from tests.analysis.comparisons.grokking_entries import looked_at, training


def test_what_was_noted_comes_back() -> None:
    entry = training(3, 40, 10, 20, record=looked_at([0, 10, 40]))
    assert looks(entry).tolist() == [0, 10, 40]
    rows = noted({"a": [entry]})
    assert rows["step"].tolist() == [0, 10, 40]
    assert rows["entropy"].tolist() == pytest.approx([0, math.log(11), math.log(41)])
    assert rows[["l1", "l2"]].to_numpy().tolist() == [[0, 0], [10, 5], [40, 20]]
    assert set(rows["seed"]) == {3}
    np.testing.assert_allclose(shares(entry), np.full((3, 3), 1 / 3))


def test_a_neurons_weights_are_its_own() -> None:
    found = neurons(training(0, 40, 10, 20, record=looked_at([0, 10, 40])))
    assert found is not None
    assert found.rows.tolist() == [0, 3]
    for place, step in enumerate((0, 10, 40)):
        for neuron in range(2):
            np.testing.assert_allclose(found.weights[place, neuron], step + 100 * neuron + np.arange(7))


def test_the_look_nearest_to_a_step() -> None:
    weights = np.arange(3)[:, None, None] * np.ones((1, 1, 5))
    found = Neurons(np.array([0.0, 10, 40]), np.array([0]), weights)
    assert [found.at(step)[0] for step in (0, 4, 6, 26, 900)] == [0, 0, 10, 40, 40]
    assert found.at(900)[1].tolist() == [[2] * 5]


def test_a_network_that_notes_no_spectrum_gives_norms_alone() -> None:
    record = {name: values for name, values in looked_at([0, 10]).items() if name.startswith(("observed", "norms"))}
    entry = training(0, 20, 10, 20, record=record)
    rows = noted({"a": [entry]})
    assert rows["entropy"].isna().all()
    assert rows["l1"].tolist() == [0, 10]
    assert neurons(entry) is None
    assert shares(entry).shape == (2, 0)
    assert noted({"a": [training(0, 20, 10, 20)]}).empty


def test_the_mean_over_seeds_takes_those_that_still_run() -> None:
    """The first seed ends at 30, which the second passes without a look."""
    found = {"a": [training(0, 30, 10, 20, record=looked_at([0, 10, 30])),
                   training(1, 90, 10, 20, record=looked_at([0, 10, 20, 90]))]}  # fmt: skip
    table = over_seeds(noted(found), "l1")
    assert table["step"].tolist() == [0, 10, 90]
    assert table["n"].tolist() == [2, 2, 1]
    assert table["mean"].tolist() == [0, 10, 90]


def test_first_and_last_are_each_trainings_own() -> None:
    found = {"a": [training(0, 30, 10, 20, record=looked_at([0, 10, 30])),
                   training(1, 90, 10, 20, record=looked_at([0, 10, 20, 90]))]}  # fmt: skip
    table = first_and_last(noted(found), "l1").set_index("at")
    assert table["mean"].to_dict() == {"first": 0, "last": 60}
    assert table.loc["last", ["low", "high"]].tolist() == pytest.approx(mean_interval([30, 90])[1:])


def test_numbers_that_do_not_go_into_the_looks_are_damage() -> None:
    record = looked_at([0, 10]) | {"spectrum_mean/share": [0.1, 0.2, 0.3]}
    with pytest.raises(UserError, match="spectrum_mean/share"):
        shares(training(0, 20, 10, 20, record=record))


def test_neurons_of_one_frequency_stand_together() -> None:
    share = np.array([[0.1, 0.9, 0], [np.nan] * 3, [0.6, 0.2, 0.2], [0, 1, 0], [0.7, 0.3, 0]])
    assert by_strongest(share).tolist() == [4, 2, 3, 0, 1]
