"""When networks grok, against ratios by hand; and that a training that never does is not taken for one that did."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons.grokking import (
    against,
    by_method,
    curves,
    mask_speed,
    mask_to_come,
    per_epoch,
    times,
)
from analysis.statistics.intervals import mean_interval
from tests.analysis.comparisons.grokking_entries import looked_at, training

NEVER = math.nan
DENSE = [training(seed, 3000, 160, t_gen) for seed, t_gen in enumerate((1760, 1870, 1190))]
TICKET = [training(seed, 300, 150, t_gen) for seed, t_gen in enumerate((220, 250, 190))]
RANDOM = [training(seed, 3000, 400, NEVER) for seed in range(3)]


def test_milestones_are_those_of_the_tickets() -> None:
    rows = times({"dense": DENSE, "random": RANDOM}).set_index(["key", "seed"])
    assert rows.loc[("dense", 1), ["t_mem", "t_gen", "tau", "last"]].tolist() == [160, 1870, 1870 / 160, 3000]
    assert np.isnan(rows.loc[("random", 2), "t_gen"])
    assert rows.loc[("random", 0), ["train_accuracy", "test_accuracy", "resolution"]].tolist() == [1, 0.05, 10]


def test_curves_count_in_iterations() -> None:
    entry = training(0, 50, 20, 40, record={"observed/iteration": [0.0, 150.0]})
    assert per_epoch(entry) == 3
    found = curves({"a": [entry]})
    assert found["step"].tolist() == [30, 60, 90, 120, 150]
    assert found["test_accuracy"].round(2).tolist() == [0.05, 0.05, 0.05, 0.95, 0.95]


def test_steps_are_averaged_as_logarithms() -> None:
    row = by_method(times({"ticket": TICKET})).iloc[0]
    mean, low, high = np.exp(mean_interval(np.log([220, 250, 190])))
    assert row["t_gen"] == pytest.approx(mean)
    rounding = np.mean([(10 / at) ** 2 / 12 for at in (220, 250, 190)])  # points are 10 apart
    error = np.sqrt(np.var(np.log([220, 250, 190]), ddof=1) / 3 + rounding)
    assert np.log(row["t_gen_high"] / mean) == pytest.approx(scipy.stats.t.isf(0.025, 2) * error)
    assert row["t_gen_low"] < low < high < row["t_gen_high"]
    assert row["t_mem_low"] < 150 - 10 / 2 < 150 < row["t_mem_high"]  # the same in all seeds, which is no certainty
    assert row["tau"] == pytest.approx((220 * 250 * 190) ** (1 / 3) / 150)
    assert (row["seeds"], row["grokked"]) == (3, 3)
    assert np.isnan(row["least"])


def test_what_never_groks_has_no_mean() -> None:
    some = [TICKET[0], training(1, 700, 150, NEVER), training(2, 900, 150, NEVER)]
    rows = by_method(times({"some": some, "random": RANDOM})).set_index("key")
    assert np.isnan(rows.loc["some", ["t_gen", "t_gen_low", "tau"]].astype(float)).all()
    assert rows.loc["some", ["grokked", "least"]].tolist() == [1, 700]
    assert rows.loc["random", ["grokked", "memorised", "least"]].tolist() == [0, 3, 3000]


def test_ratios_by_hand() -> None:
    rows = times({"dense": DENSE, "ticket": TICKET, "random": RANDOM})
    found = against(rows, "dense").set_index("key")
    assert found.loc["ticket", "times"] == pytest.approx((1760 / 220 * 1870 / 250 * 1190 / 190) ** (1 / 3))
    assert found.loc["ticket", "verdict"] == "sooner"
    assert found.loc["ticket", "low"] < found.loc["ticket", "times"] < found.loc["ticket", "high"]
    assert found.loc["ticket", "cut"] == 0
    assert found.loc["random", "times"] == pytest.approx((1760 * 1870 * 1190 / 3000**3) ** (1 / 3))
    assert found.loc["random", "cut"] == 3


def test_times_are_cut_where_the_shorter_training_ended() -> None:
    """Of a ticket that was given 500 iterations nothing is known after them."""
    given_up = [training(seed, 500, 100, NEVER) for seed in range(3)]
    found = against(times({"dense": DENSE, "early": given_up}), "dense").iloc[0]
    assert found["times"] == 1
    assert found["cut"] == 3
    assert found["verdict"] == "cannot tell"


def test_one_seed_tells_nothing_of_methods() -> None:
    found = against(times({"dense": DENSE[:1], "ticket": TICKET[:1]}), "dense").iloc[0]
    assert found["times"] == pytest.approx(8)
    assert np.isnan(found["low"])
    assert found["verdict"] == "cannot tell"


def test_seeds_are_paired_by_number() -> None:
    rows = times({"dense": DENSE, "ticket": TICKET[::-1][:2], "other": [training(7, 100, 10, 20)]})
    found = against(rows, "dense")
    assert found["key"].tolist() == ["ticket"]
    assert found.loc[0, "times"] == pytest.approx(math.sqrt(1870 / 250 * 1190 / 190))


def test_seeds_that_agree_to_the_step_are_known_no_better_than_a_step() -> None:
    pair = {name: [training(seed, 400, 10, t) for seed in range(3)] for name, t in (("a", 100), ("b", 110))}
    wide = against(times(pair), "a").iloc[0]
    assert wide["low"] < 1 / 1.1 < wide["high"]
    assert math.log(wide["high"] / wide["low"]) > 0.1


@given(st.lists(st.integers(1, 500), min_size=3, max_size=3), st.integers(1, 5))
def test_the_ratio_is_one_of_steps(steps: list[int], factor: int) -> None:
    """Counted in longer steps, everything takes as many times as long."""

    def table(unit: int) -> object:
        found = {
            name: [training(seed, 10000 * unit, 1, many * t * unit, 10000 * unit) for seed, t in enumerate(steps)]
            for name, many in (("dense", factor), ("ticket", 1))
        }
        return against(times(found), "dense")["times"].tolist()

    assert table(1) == pytest.approx([factor])
    assert table(3) == pytest.approx(table(1))


def test_what_noted_nothing_has_no_rows() -> None:
    bare = looked_at([0, 10])
    entry = training(0, 20, 10, 20)
    entry.info.record = bare
    assert times({"a": [entry]}).empty
    assert by_method(times({"a": [entry]})).empty
    assert against(times({"a": [entry]}), "b").empty


def test_how_far_the_mask_is_from_the_last_one() -> None:
    """At 15, half-way between two masks."""
    matrix = [0, 0.5, 0.7, 0.5, 0, 0.2, 0.7, 0.2, 0]
    record = {"masks/epoch": [0.0, 10, 20], "mask distance 0.6/d": matrix}
    entries = [training(seed, 20, 10, 15, record=record) for seed in range(2)]
    table = mask_to_come(entries, 0.6).set_index("at")
    assert table["mean"].to_dict() == pytest.approx({"start": 0.7, "t_mem": 0.2, "t_gen": 0.1})
    never = [*entries, training(2, 20, 10, NEVER, record=record)]
    assert mask_to_come(never, 0.6)["at"].tolist() == ["start", "t_mem"]
    assert mask_to_come(entries, 0.9).empty


def test_the_speed_of_a_mask_is_that_over_the_window() -> None:
    matrix = np.abs(np.subtract.outer([0, 0.1, 0.4, 0.5], [0, 0.1, 0.4, 0.5]))
    record = {"masks/epoch": [0.0, 100, 200, 600], "mask distance 0.6/d": matrix.reshape(-1).tolist()}
    entry = training(0, 600, 10, 15, record=record)
    assert mask_speed(entry, 0.6, 50) == pytest.approx(0.1)
    assert mask_speed(entry, 0.6, 150) == pytest.approx(0.3)
    assert mask_speed(entry, 0.6, 100) == pytest.approx(0.2)  # from 0 to 200
    assert mask_speed(entry, 0.6, 400) == pytest.approx(0.025)
    assert mask_speed(entry, 0.6, 5000) == pytest.approx(0.025)  # the last two
