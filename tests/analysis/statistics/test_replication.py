import numpy as np
import pytest
import scipy.stats

from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.replication import compare, share
from tests.analysis.statistics.by_hand import mcnemar


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


def test_one_run_is_compared_by_mcnemar() -> None:
    a, b = draw(0.9, 1, 4, 300), draw(0.84, 1, 4, 300, seed=1)
    found = compare(a, b)
    assert found.p.tolist() == pytest.approx([mcnemar(a[0, place], b[0, place]) for place in range(4)])
    np.testing.assert_allclose(found.value, a[0].mean(axis=1) - b[0].mean(axis=1))
    assert ((found.low <= found.value) & (found.value <= found.high)).all()


def test_several_seeds_are_compared_by_the_paired_students_test() -> None:
    a, b = draw(0.9, 4, 3, 100), draw(0.85, 5, 3, 100, seed=1)
    found = compare(a, b)
    expected = scipy.stats.ttest_rel(a.mean(axis=-1), b[:4].mean(axis=-1))
    np.testing.assert_allclose(found.p, expected.pvalue)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [interval.low, interval.high])
    assert found.over_seeds.all()


def test_means_over_conditions_are_compared_over_images() -> None:
    a, b = draw(0.9, 1, 6, 3000).mean(axis=1), draw(0.896, 1, 6, 3000, seed=1).mean(axis=1)
    found = compare(a, b)
    expected = scipy.stats.ttest_rel(a[0], b[0])
    assert 0.001 < expected.pvalue < 0.6
    assert float(found.p) == pytest.approx(expected.pvalue, abs=0.002)
    interval = expected.confidence_interval(0.95)
    assert (float(found.low), float(found.high)) == pytest.approx((interval.low, interval.high), abs=3e-4)


def test_seeds_that_all_differ_by_the_same_are_compared_over_images() -> None:
    a, b = np.ones((2, 1, 200), dtype=bool), np.ones((2, 1, 200), dtype=bool)
    b[0, 0, 5] = b[1, 0, 9] = False  # both seeds are behind by just one image: that proves nothing
    found = compare(a, b)
    assert not found.over_seeds.any()
    assert float(found.p[0]) > 0.3
    assert found.low[0] < 0 < found.high[0]


def test_the_same_outcomes_do_not_differ() -> None:
    a = draw(0.9, 3, 2, 100)
    for x in (a, a[:1], a.mean(axis=1)):
        found = compare(x, x)
        assert (found.value == 0).all()
        assert (found.p == 1).all()


@pytest.mark.parametrize(("seeds", "together"), [(1, False), (1, True), (3, False), (3, True)])
def test_equal_tickets_differ_no_more_often_than_the_level_says(seeds: int, together: bool) -> None:
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(300):
        hard = rng.random((1, 1, 150)) * 0.5
        a, b = (hard + rng.random((seeds, 3, 150)) < 1 for _ in "ab")
        false += bool((compare(a.mean(axis=1), b.mean(axis=1)) if together else compare(a[:, 0], b[:, 0])).p < 0.05)
    assert scipy.stats.binomtest(false, 300, 0.05, alternative="greater").pvalue > 0.001


def test_tickets_on_other_images_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same conditions and images"):
        compare(draw(0.9, 1, 2, 10), draw(0.9, 1, 2, 11))
