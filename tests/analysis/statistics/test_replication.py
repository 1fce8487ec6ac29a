import numpy as np
import pandas as pd
import pytest
import scipy.stats

from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.replication import SHARE, bands, mean_share, share


def draw(accuracy: float, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < accuracy


def test_one_run_has_wilsons_interval_under_each_condition() -> None:
    right = draw(0.8, 1, 3, 50)
    found = share(right)
    low, high = wilson(right[0].sum(axis=1), 50)
    np.testing.assert_allclose([found.value, found.low, found.high], [right[0].mean(axis=1), low, high])
    assert not found.over_seeds.any()


def test_several_seeds_have_students_interval() -> None:
    right = draw(0.8, 4, 3, 50)
    found = share(right)
    for place in range(3):
        expected = mean_interval(right[:, place].mean(axis=1))
        assert (found.value[place], found.low[place], found.high[place]) == pytest.approx(expected)
    assert found.over_seeds.all()


def test_the_interval_of_a_share_ends_where_shares_do() -> None:
    rows = pd.DataFrame({"key": list("aaabb"), "seed": [0, 1, 2, 0, 1], "value": [0.99, 0.6, 1.0, 0.02, 0.3]})
    free, found = bands(rows, ["key"], "value"), bands(rows, ["key"], "value", SHARE)
    for place, key in enumerate("ab"):
        expected = mean_interval(rows.loc[rows["key"] == key, "value"])
        assert tuple(free.loc[place, ["mean", "low", "high"]]) == pytest.approx(expected)
        assert tuple(found.loc[place, ["mean", "low", "high"]]) == pytest.approx(np.clip(expected, 0, 1))
    assert free["high"].gt(1).any()
    assert free["low"].lt(0).any()
    assert np.isnan(bands(rows.head(1), ["key"], "value", SHARE)["high"][0])


def test_seeds_without_any_spread_are_no_proof() -> None:
    right = np.stack([draw(0.8, 2, 50)] * 3)
    found, alone = share(right), share(right[:1])
    np.testing.assert_allclose([found.low, found.high], [alone.low, alone.high])
    assert not found.over_seeds.any()
    assert share(np.zeros((3, 40), dtype=bool)).high > 0.05


def test_a_mean_over_conditions_varies_by_its_images() -> None:
    right = draw(0.7, 1, 5, 2000)
    means = share(right.mean(axis=1))
    half = 1.96 * right.mean(axis=1).std(ddof=1) / np.sqrt(2000)
    assert (float(means.low), float(means.high)) == pytest.approx((means.value - half, means.value + half), abs=2e-4)
    again = share(np.repeat(right[:, :1], 5, axis=1).mean(axis=1))
    once = share(right[:, 0])
    assert (float(again.low), float(again.high)) == pytest.approx((float(once.low), float(once.high)), abs=1e-4)


def test_the_interval_of_a_mean_covers_the_truth() -> None:
    covered = 0
    for trial in range(400):
        hard = np.random.default_rng(trial).random(60) < 0.1  # such an image is wrong under every condition
        values = (draw(0.97, 8, 60, seed=1000 + trial) & ~hard).mean(axis=0)[None]
        found = share(values)
        covered += bool(found.low <= 0.9 * 0.97 <= found.high)
    assert scipy.stats.binomtest(covered, 400, 0.95).pvalue > 0.001


def test_a_share_by_seed_is_that_of_the_images() -> None:
    """Where seeds differ Student's, where they agree Wilson's, as of the images themselves."""
    rng = np.random.default_rng(2)
    apart = np.stack([np.arange(200) < count for count in (190, 199, 200)])
    alike = np.stack([rng.permutation(np.arange(200) < 199) for _ in range(3)])
    for images in (apart, alike, alike[:1]):
        expected, found = share(images), mean_share(images.mean(axis=1), 200)
        assert found == pytest.approx((float(expected.value), float(expected.low), float(expected.high)))
        assert 0 <= found[1] < found[2] <= 1
    assert np.isnan(mean_share([0.5, 0.5])[1:]).all()  # of how many images nobody knows
    assert np.isnan(mean_share([])).all()


def test_bands_end_where_values_do() -> None:
    rows = pd.DataFrame({"key": "a", "value": [0.0, 0.9]})
    found = bands(rows, ["key"], "value", (0, 1)).iloc[0]
    assert (found["mean"], found["low"], found["high"]) == (0.45, 0, 1)
