from itertools import product

import numpy as np
import pytest
import scipy.stats

from analysis.comparisons.flips import flips_from_baseline, flips_from_clean
from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.predictions import Predictions
from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.multiple_testing import holm
from pruning.errors import UserError

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1), ("saturate", 1)]


def predictions(seeds: dict[str, int], n: int = 60, chance: int = 0) -> Predictions:
    rng = np.random.default_rng(chance)
    return Predictions(
        CONDITIONS, {name: rng.integers(0, 4, (count, 4, n)) for name, count in seeds.items()}, rng.integers(0, 4, n)
    )


def test_flips_by_hand() -> None:
    labels = np.array([0, 1, 2, 3])
    clean, fog = [0, 1, 0, 0], [0, 2, 2, 1]  # stays, lost, gained, moved
    made = Predictions([("fog", 3), ("clean", 0)], {"a": np.array([[fog, clean]])}, labels)
    row = flips_from_clean(made).iloc[0]
    assert (row.key, row.corruption, row.severity) == ("a", "fog", 3)
    assert (row.flipped, row.lost, row.gained, row.moved) == (0.75, 0.25, 0.25, 0.25)
    assert (row.low, row.high) == pytest.approx([float(bound) for bound in wilson(3, 4)])


def test_flips_from_clean_against_counting_one_by_one() -> None:
    made = predictions({"a": 3})
    found = flips_from_clean(made).set_index(["corruption", "severity"])
    assert list(found.index) == [*CONDITIONS[1:], (MEAN, 1)]
    counts = np.zeros((4, 4))
    for place, seed, image in product(range(1, 4), range(3), range(60)):
        before, now, truth = (
            made.predicted["a"][seed, 0, image],
            made.predicted["a"][seed, place, image],
            made.labels[image],
        )
        if before != now:
            kind = "lost" if before == truth else "gained" if now == truth else "moved"
            counts[place, ["lost", "gained", "moved"].index(kind)] += 1 / 180
    for place, condition in list(enumerate(CONDITIONS))[1:]:
        row = found.loc[condition]
        assert [row.lost, row.gained, row.moved] == pytest.approx(counts[place, :3])
        assert row.flipped == pytest.approx(counts[place].sum())
        each = (made.predicted["a"][:, place] != made.predicted["a"][:, 0]).mean(axis=1)
        assert (row.flipped, row.low, row.high) == pytest.approx(mean_interval(each))
    assert found.loc[(MEAN, 1), "flipped"] == pytest.approx(counts[[1, 2]].sum(axis=1).mean())
    assert (found["seeds"] == 3).all()


def test_flips_from_the_baseline_pair_the_seeds_both_have() -> None:
    made = predictions({"dense": 2, "a": 3})
    found = flips_from_baseline(made, "dense").set_index(["corruption", "severity"])
    assert list(found.index) == [*CONDITIONS, (MEAN, 1)]
    each = (made.predicted["a"][:2, 1] != made.predicted["dense"][:, 1]).mean(axis=1)
    row = found.loc[("fog", 1)]
    assert row.flipped == pytest.approx(each.mean())
    assert row.seeds == 2
    assert row.by_chance == (made.predicted["dense"][0, 1] != made.predicted["dense"][1, 1]).mean()
    assert found.loc[(MEAN, 1), "by_chance"] == pytest.approx(found["by_chance"].iloc[1:3].mean())
    assert set(found["key"]) == {"a"}


def test_flips_that_another_seed_makes_too_are_noise() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 4, (1, 4, 500))

    def other(often: float, seeds: int) -> np.ndarray:
        return np.where(rng.random((seeds, 4, 500)) < often, rng.integers(0, 4, (seeds, 4, 500)), base)

    made = Predictions(CONDITIONS, {"dense": other(0.1, 4), "same": other(0.1, 4), "far": other(0.6, 4)}, base[0, 0])
    table = flips_from_baseline(made, "dense")
    found = table.groupby("key")["within_noise"]
    assert found.all()["same"]
    assert not found.any()["far"]
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))
    each = [
        np.mean([(made.predicted["dense"][a, 2] != made.predicted["dense"][b, 2]).mean() for b in range(4) if b != a])
        for a in range(4)
    ]
    flipped = (made.predicted["far"][:, 2] != made.predicted["dense"][:, 2]).mean(axis=1)
    row = table[(table["key"] == "far") & (table["corruption"] == "snow")].iloc[0]
    assert row.p >= scipy.stats.ttest_rel(flipped, each).pvalue  # other images are a chance too
    assert row.p < 0.001
    single = Predictions(CONDITIONS, {name: each[:1] for name, each in made.predicted.items()}, made.labels)
    alone = flips_from_baseline(single, "dense")
    assert alone[["by_chance", "p", "p_holm"]].isna().all(axis=None)
    assert alone["within_noise"].all()


def test_flips_need_something_to_flip_from() -> None:
    made = predictions({"a": 1})
    with pytest.raises(UserError, match="clean images"):
        flips_from_clean(made.chosen(CONDITIONS[1:]))
    with pytest.raises(UserError, match="baseline has no results"):
        flips_from_baseline(made, "dense")
    assert flips_from_baseline(made, "a").empty
