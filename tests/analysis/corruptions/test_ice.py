"""Needles of ice against statistics of photographs of frost, and frost of large images against the published effect."""

import numpy as np
import pytest
import torch
from scipy.stats import kurtosis

from analysis.corruptions import corrupt, ice
from analysis.corruptions.frost import CHOICES
from analysis.corruptions.random import WORDS, Draws
from tests.analysis.corruptions.pictures import pictures

CPU = torch.device("cpu")
# Of random crops of 224 pixels of the four different photographs of ImageNet-C.
ENERGY = (261, 291, 888, 1391)
"""Squared differences of neighbours, down and across, in brightness."""
FINE = (72.9, 111.4, 370.4, 393.9)
"""Variance of the brightness above 32 cycles a crop."""
KURTOSIS = (4.6, 5.9, 5.1, 4.9)
"""Of differences of neighbours: 3 for a haze."""


@pytest.fixture(scope="module")
def sheets() -> np.ndarray:
    return ice.sheets(224, 224, CPU).double().numpy()[:, :, : ice.SIDE, : ice.SIDE]


def test_the_colours_are_those_of_photographs(sheets: np.ndarray) -> None:
    for found, sheet in zip(sheets, ice.SHEETS, strict=True):
        assert found.mean(axis=(1, 2)) == pytest.approx(sheet.mean, abs=3)
        assert found.std(axis=(1, 2)) == pytest.approx(sheet.deviation, rel=0.05)
        assert np.corrcoef(found.reshape(3, -1))[[1, 0, 0], [2, 1, 2]] == pytest.approx(sheet.shared, abs=0.05)


def test_they_are_as_fine_as_photographs_and_no_haze(sheets: np.ndarray) -> None:
    brightness = np.tensordot(np.array(ice.GREY), sheets, (0, 1))
    for found, energy, fine, peaked in zip(brightness, ENERGY, FINE, KURTOSIS, strict=True):
        differences = np.diff(found, axis=1)
        assert (differences**2).mean() + (np.diff(found, axis=0) ** 2).mean() == pytest.approx(energy, rel=0.25)
        spectrum = np.abs(np.fft.fft2(found)) ** 2 / found.size**2
        cycles = 224 * np.hypot(np.fft.fftfreq(ice.SIDE)[:, None], np.fft.fftfreq(ice.SIDE))
        assert spectrum[cycles > 32].sum() == pytest.approx(fine, rel=0.25)
        assert kurtosis(differences, axis=None, fisher=False) == pytest.approx(peaked, abs=0.8)


def aligned(values: np.ndarray, size: int = 8) -> float:
    """How far gradients within blocks share a direction, from 0 to 1: the structure tensor's coherence."""
    down, across = np.gradient(values)
    tensors = [
        block.reshape(len(block) // size, size, -1, size).mean(axis=(1, 3))
        for block in (down * down, down * across, across * across)
    ]
    return float((np.hypot(tensors[0] - tensors[2], 2 * tensors[1]) / (tensors[0] + tensors[2])).mean())


def test_neighbouring_needles_share_a_direction() -> None:
    values = ice.needles(np.random.default_rng(0))
    phases = np.fft.fft2(np.random.default_rng(1).normal(size=values.shape))
    same_spectrum = np.fft.ifft2(np.abs(np.fft.fft2(values)) * phases / np.abs(phases)).real
    assert aligned(values) > 1.3 * aligned(same_spectrum)


def test_frost_of_large_images_is_a_weighted_sum_with_a_crop_of_a_sheet() -> None:
    sheets, images = ice.sheets(224, 224, CPU).double(), pictures(3, 3, 224, 224)
    chosen = Draws.of(0, "frost", 2, torch.arange(3)).words(3).to(torch.int64)
    for image, ours, (choice, *place) in zip(images, corrupt(images, "frost", 2), chosen.tolist(), strict=True):
        top, left = (each * ice.SIDE // WORDS for each in place)
        crop = sheets[CHOICES[choice * 5 // WORDS], :, top : top + 224, left : left + 224]
        difference = ours - (0.8 * image.double() + 0.6 * crop).clamp(max=255)
        assert difference.max() < 0.001
        assert difference.min() > -1


@pytest.mark.parametrize(("height", "width"), [(45, 45), (64, 300), (300, 224)])
def test_every_size_finds_its_crop_anywhere_in_a_sheet(height: int, width: int) -> None:
    sheets = ice.sheets(height, width, CPU)
    period = round(ice.SIDE * min(height, width) / 224)
    assert sheets.shape == (4, 3, period + max(height, width) - 1, period + max(height, width) - 1)
    assert torch.equal(sheets[..., : max(height, width) - 1], sheets[..., period:])
    images = pictures(2, 1, height, width)
    assert corrupt(images, "frost", 5).shape == images.shape


def test_the_kinds_come_as_often_as_the_photographs() -> None:
    frosted = corrupt(torch.zeros(400, 3, 64, 64, dtype=torch.uint8), "frost", 5).double().mean((2, 3))
    means = torch.tensor([sheet.mean for sheet in ice.SHEETS], dtype=torch.float64)
    weight = frosted.mean() / (means[list(CHOICES)].mean())
    nearest = torch.cdist(frosted / weight, means).argmin(dim=1)
    shares = torch.bincount(nearest, minlength=4).double() / 400
    assert shares.numpy() == pytest.approx([0.2, 0.4, 0.2, 0.2], abs=0.1)
