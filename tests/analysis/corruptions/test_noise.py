"""Noises against the distributions they are named for."""

import numpy as np
import pytest
import torch
from scipy import stats

from analysis.corruptions import corrupt, get_corruption
from analysis.corruptions.noise import STEPS, _poisson_bytes
from tests.analysis.corruptions.pictures import flat, pictures


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_gaussian_noise_has_its_deviation_and_is_cut(severity: int) -> None:
    (sigma,) = get_corruption("gaussian_noise").parameters(severity, 32)
    noise = corrupt(flat(128, count=24), "gaussian_noise", severity).numpy().astype(float) - 128
    # Cutting to whole numbers takes half a level off the mean and adds 1/12 to the variance.
    assert noise.mean() == pytest.approx(-0.5, abs=4 * 255 * sigma / noise.size**0.5)
    assert noise.std() == pytest.approx(np.hypot(255 * sigma, 12**-0.5), rel=0.01)
    assert stats.kstest(noise.ravel() + 0.5, "norm", args=(0, 255 * sigma)).statistic < 0.5 / (255 * sigma)


def test_gaussian_noise_is_limited_to_bytes() -> None:
    assert (corrupt(flat(0), "gaussian_noise", 5) == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert (corrupt(flat(255), "gaussian_noise", 5) == 255).float().mean().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("name", ["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"])
def test_channels_get_noise_of_their_own(name: str) -> None:
    noise = corrupt(flat(128, count=64), name, 5).numpy().astype(float) - 128
    assert np.abs(np.corrcoef(noise.transpose(1, 0, 2, 3).reshape(3, -1)) - np.eye(3)).max() < 0.02


@pytest.mark.parametrize("value", [10, 90, 200])
@pytest.mark.parametrize("severity", [1, 5])
def test_shot_noise_has_the_moments_of_poisson(value: int, severity: int) -> None:
    (photons,) = get_corruption("shot_noise").parameters(severity, 32)
    counts = np.arange(400 + int(2 * photons))
    chance = stats.poisson.pmf(counts, value / 255 * photons)
    level = np.floor(255 * np.minimum(counts / photons, 1) + 1e-9)
    mean, deviation = chance @ level, np.sqrt(chance @ level**2 - (chance @ level) ** 2)
    noisy = corrupt(flat(value, count=64), "shot_noise", severity).numpy().astype(float)
    assert noisy.mean() == pytest.approx(mean, abs=4 * deviation / noisy.size**0.5 + 0.02)
    assert noisy.std() == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("photons", [50.0, 3.0])
def test_the_poisson_table_is_scipys_inverse(photons: float) -> None:
    table = _poisson_bytes(photons, torch.device("cpu")).view(256, STEPS)[::15].numpy()
    middles = (np.arange(STEPS) + 0.5) / STEPS
    counts = stats.poisson.ppf(middles, np.arange(0, 256, 15)[:, None] / 255 * photons)
    expected = np.floor(255 * np.minimum(counts / photons, 1) + 1e-9)
    assert np.array_equal(table, expected)


def test_shot_noise_leaves_black_black() -> None:
    assert not corrupt(flat(0), "shot_noise", 5).any()


@pytest.mark.parametrize("severity", [1, 5])
def test_impulse_noise_replaces_its_share_by_black_and_white(severity: int) -> None:
    (amount,) = get_corruption("impulse_noise").parameters(severity, 32)
    images = pictures(100, 3, 32, 32).clamp(1, 254)
    noisy = corrupt(images, "impulse_noise", severity)
    black, white = noisy == 0, noisy == 255
    assert torch.equal(noisy[~black & ~white], images[~black & ~white])
    for share in (black.double().mean().item(), white.double().mean().item()):
        assert share == pytest.approx(amount / 2, abs=5 * (amount / 2 / images.numel()) ** 0.5)


@pytest.mark.parametrize("value", [10, 90, 128])
@pytest.mark.parametrize("severity", [1, 5])
def test_speckle_noise_is_in_proportion_to_the_pixel(value: int, severity: int) -> None:
    (sigma,) = get_corruption("speckle_noise").parameters(severity, 32)
    noise = corrupt(flat(value, count=64), "speckle_noise", severity).numpy().astype(float) - value
    deviation = np.hypot(value * sigma, 12**-0.5)
    assert noise.mean() == pytest.approx(-0.5, abs=4 * deviation / noise.size**0.5 + 0.15)
    assert noise.std() == pytest.approx(deviation, rel=0.03)
    assert not corrupt(flat(0), "speckle_noise", severity).any()
