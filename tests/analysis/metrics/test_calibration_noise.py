"""The noise of the calibration error agrees with images drawn one by one, and with the authors' package."""

import numpy as np
import pandas as pd
import pytest

from analysis.metrics.calibration import Equal, bins, ece
from analysis.metrics.calibration_noise import scores


def predictions(n: int = 600, power: float = 1.5, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.15, 1, n)
    return confidence, rng.random(n) < confidence**power


def score(confidence: np.ndarray, right: np.ndarray, equal: Equal = "width", draws: int = 1000) -> pd.Series:
    return scores(bins(confidence, right, equal=equal).assign(key="a"), ["key"], draws=draws).iloc[0]


def test_debiased_errors_are_those_of_the_authors_package() -> None:
    found = score(*predictions())
    # uncertainty-calibration 0.1.4 (Kumar et al. 2019) on the same bins: plugin_ce(power=1), the mean of 40,000
    # resamples of normal_debiased_ce(power=1), and unbiased_square_ce
    assert found.ece == pytest.approx(0.09949312258960408)
    assert found.debiased == pytest.approx(0.093454, abs=2e-4)
    assert found.rms**2 == pytest.approx(0.008957837999299298)


@pytest.mark.parametrize("equal", ["width", "mass"])
def test_floor_and_interval_are_those_of_images_drawn_one_by_one(equal: Equal) -> None:
    confidence, right = predictions()
    found, rng = score(confidence, right, equal, 2000), np.random.default_rng(1)
    calibrated = [ece(confidence, rng.random(600) < confidence, equal=equal) for _ in range(1000)]
    assert found.floor == pytest.approx(np.mean(calibrated), rel=0.03)
    assert found.floor_high == pytest.approx(np.quantile(calibrated, 0.95), rel=0.05)
    drawn = (rng.integers(600, size=600) for _ in range(1000))
    again = [ece(confidence[images], right[images], equal=equal) for images in drawn]
    low, high = 2 * found.ece - np.quantile(again, [0.975, 0.025])
    added = found.ece - found.debiased
    assert (found.low, found.high) == pytest.approx((low - added, high + added), abs=0.006)


@pytest.mark.parametrize(("power", "images"), [(1, 400), (1.1, 400), (1.3, 1000), (2, 400)])
def test_the_interval_covers_the_error_of_endless_images(power: float, images: int) -> None:
    grid = np.linspace(0.15, 1, 850_001)
    place = np.searchsorted(np.linspace(0, 1, 16)[1:], grid)
    truth = np.abs(np.bincount(place, weights=grid**power - grid)).sum() / grid.size
    found = pd.DataFrame([score(*predictions(images, power, seed), draws=200) for seed in range(60)])
    covered = ((found["low"] <= truth) & (truth <= found["high"])).mean()
    assert covered >= 0.9
    if power == 1:
        assert (found["ece"] > found["floor_high"]).mean() < 0.12
        assert found["floor"].mean() == pytest.approx(found["ece"].mean(), rel=0.06)
        assert (found["rms"] ** 2).mean() < found["ece"].mean() ** 2 / 3
    elif power == 1.1:
        assert abs(found["debiased"].mean() - truth) < abs(found["ece"].mean() - truth)


def test_diagrams_are_told_apart_wherever_their_rows_stand() -> None:
    one, other = bins(*predictions(300, seed=1)).assign(key="b"), bins(*predictions(10, seed=2)).assign(key="a")
    mixed = pd.concat([one.iloc[:3], other, one.iloc[3:]])
    found = scores(mixed, ["key"]).set_index("key")
    assert found.index.tolist() == ["b", "a"]
    assert found["images"].tolist() == [300, 10]
    assert found.loc["a", "ece"] == pytest.approx(ece(*predictions(10, seed=2)))
    assert found.loc["a", "rms"] == 0  # a bin has one image
    assert scores(mixed[:0], ["key"]).empty
    pd.testing.assert_frame_equal(scores(mixed, ["key"]), scores(mixed, ["key"]))


def test_a_network_that_is_sure_and_right_has_no_error() -> None:
    found = score(np.ones(20), np.ones(20, dtype=bool))
    assert found[["ece", "low", "high", "debiased", "rms", "floor", "floor_high"]].tolist() == [0] * 7


@pytest.mark.parametrize("draws", [19, 100])
def test_one_calibrated_network_in_twenty_is_above_the_limit_however_few_draws(draws: int) -> None:
    rng, networks = np.random.default_rng(5), 3000
    rows = []
    for network in range(networks):
        confidence = rng.uniform(0.3, 1, 200)
        rows.append(bins(confidence, rng.random(200) < confidence).assign(key=network))
    found = scores(pd.concat(rows), ["key"], draws=draws)
    assert (found["ece"] > found["floor_high"]).mean() == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / networks))
