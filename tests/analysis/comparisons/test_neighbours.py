"""Shared neighbourhoods: against loops over pairs of trainings, and on spaces that are known to differ."""

from itertools import combinations

import numpy as np
import pytest

from analysis.comparisons.neighbours import against_retraining, intervals, kept, most_changed
from analysis.metrics.neighbours import NOBODY, jaccard, nearest
from analysis.statistics.verdicts import DIFFERS, EQUIVALENT

Spaces = dict[str, dict[int, np.ndarray]]


def spaces(noise: dict[str, float], seeds: int = 3, n: int = 120, k: int = 8) -> Spaces:
    """Networks that see the same clusters, each training with noise of its own."""
    random = np.random.default_rng(0)
    common = random.normal(size=(n, 4))
    return {
        key: {seed: nearest(common + scale * random.normal(size=common.shape), k)[0] for seed in range(seeds)}
        for key, scale in noise.items()
    }


def test_means_are_over_trainings_of_different_seeds() -> None:
    given = spaces({"dense": 0.3, "imp": 0.5})
    found = against_retraining(given, "dense")
    again = [jaccard(given["dense"][s], given["dense"][t]).mean() for s, t in combinations(range(3), 2)]
    across = [jaccard(given["imp"][s], given["dense"][t]).mean() for s in range(3) for t in range(3) if s != t]
    row = found.table.iloc[0]
    assert found.shared == pytest.approx(np.mean(again), rel=1e-5)
    assert row["shared"] == pytest.approx(np.mean(across), rel=1e-5)
    assert row["difference"] == pytest.approx(np.mean(across) - np.mean(again), abs=1e-6)
    assert found.low < found.shared < found.high
    assert (found.seeds, row["seeds"], row["over"]) == (3, 3, "seeds")


def test_a_network_that_sees_otherwise_differs_and_one_that_does_not_is_equivalent() -> None:
    given = spaces({"dense": 0.3, "same": 0.3, "other": 1.5}, seeds=5, n=300)
    table = against_retraining(given, "dense", close=0.1).table.set_index("key")
    assert table.at["other", "verdict"] == DIFFERS
    assert table.at["other", "high"] < 0
    assert table.at["same", "verdict"] == EQUIVALENT


def test_of_two_seeds_nothing_is_said_of_methods() -> None:
    given = spaces({"dense": 0.3, "imp": 1.5}, seeds=2)
    table = against_retraining(given, "dense").table
    assert table["verdict"].tolist() == [""]
    assert np.isnan(table["difference"]).all()
    assert 0 < table["shared"].iloc[0] < 1
    one = {key: {0: own[0]} for key, own in given.items()}
    found = against_retraining(one, "dense")
    assert np.isnan(found.shared)
    assert found.table["shared"].iloc[0] == pytest.approx(jaccard(one["imp"][0], one["dense"][0]).mean(), rel=1e-5)


def test_a_ticket_that_lacks_a_seed_is_compared_on_those_it_has() -> None:
    given = spaces({"dense": 0.3, "imp": 0.5}, seeds=4)
    del given["imp"][2]
    row = against_retraining(given, "dense").table.iloc[0]
    again = [jaccard(given["dense"][s], given["dense"][t]).mean() for s, t in combinations((0, 1, 3), 2)]
    assert row["seeds"] == 3
    assert row["shared"] - row["difference"] == pytest.approx(np.mean(again), rel=1e-5)


def test_a_dead_network_shares_nothing() -> None:
    given = spaces({"dense": 0.3})
    given["dead"] = {seed: np.full_like(own, NOBODY) for seed, own in given["dense"].items()}
    row = against_retraining(given, "dense").table.iloc[0]
    assert row["shared"] == 0
    assert row["verdict"] == DIFFERS


def test_what_is_kept_under_corruption() -> None:
    clean = spaces({"a": 0.2, "b": 0.2}, seeds=2)
    corrupted = {"a": clean["a"], "b": {0: clean["b"][1]}}
    found = kept(clean, corrupted)
    assert found["a"][0].mean() == pytest.approx(1)
    assert list(found["b"]) == [0]
    assert found["b"][0].mean() == pytest.approx(jaccard(clean["b"][0], clean["b"][1]).mean(), rel=1e-5)
    table = intervals(found).set_index("key")
    assert table.at["b", "shared_low"] < table.at["b", "shared"] < table.at["b", "shared_high"]


def test_the_most_changed_come_first() -> None:
    found = most_changed({"a": np.array([0.5, 0.0, 0.2]), "b": np.array([0.5, 0.1, np.nan])})
    assert found["sample"].tolist() == [1, 2, 0]
    np.testing.assert_allclose(found["shared"], [0.05, 0.1, 0.5])
    assert found["tickets"].tolist() == [1, 1, 0]
