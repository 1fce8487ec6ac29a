"""The Fourier basis, checked with numpy's transform."""

from itertools import combinations

import numpy as np
import pytest
import torch

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.fourier import FREQUENCIES, NAMES, frequency_of, name_of, periods, wave
from tests.analysis.corruptions.pictures import pictures

SIZES = [(32, 32), (28, 28), (45, 33), (8, 21)]


def test_there_is_one_of_each_frequency_and_its_negative() -> None:
    assert len(NAMES) == len(set(NAMES)) == 113 == (15 * 15 - 1) // 2 + 1
    assert all(name_of(*frequency_of(name)) == name for name in NAMES)
    everything = {(down, across) for down in range(-7, 8) for across in range(-7, 8)}
    assert {*FREQUENCIES, *((-down, -across) for down, across in FREQUENCIES)} == everything
    assert name_of(-3, 2) == name_of(3, -2) == "fourier_3_-2"
    assert name_of(0, -2) == "fourier_0_2"


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_wave_is_one_frequency_of_length_one(height: int, width: int) -> None:
    for down, across in FREQUENCIES:
        values = wave(down, across, height, width)
        assert (values**2).sum() == pytest.approx(1)
        spectrum = np.fft.fft2(values)
        # Parseval: the squares sum to the number of pixels times those of the values.
        assert (np.abs(spectrum) ** 2).sum() == pytest.approx(height * width)
        row, column = periods(down, height) % height, periods(across, width) % width
        spectrum[row, column] = spectrum[-row % height, -column % width] = 0
        assert np.abs(spectrum).max() < 1e-9
        peak = np.zeros((height, width), complex)
        peak[row, column] += 1
        peak[-row % height, -column % width] += 1
        inverse = np.fft.ifft2(peak).real
        np.testing.assert_allclose(values, inverse / np.linalg.norm(inverse), atol=1e-12)


def test_frequencies_are_sevenths_of_the_highest() -> None:
    assert [periods(step, 28) for step in range(-7, 8)] == list(range(-14, 15, 2))
    assert [periods(step, 32) for step in range(8)] == [0, 2, 5, 7, 9, 11, 14, 16]
    # 17.5 periods would be too many for 35 pixels.
    assert periods(7, 35) == 17
    assert periods(-7, 35) == -17


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize(("size", "lengths"), [(32, (1, 2, 3, 4, 6)), (224, (4, 8, 12, 15.7, 24))])
def test_the_change_is_a_signed_wave_of_the_published_length(
    severity: int, size: int, lengths: tuple[float, ...]
) -> None:
    (deviation,) = get_corruption("fourier_3_-2").parameters(severity, size)
    assert deviation * size == pytest.approx(lengths[severity - 1])
    images = torch.full((20, 3, size, size), 128, dtype=torch.uint8)
    exact = 255 * lengths[severity - 1] * wave(3, -2, size, size)
    change = corrupt(images, "fourier_3_-2", severity).double().numpy() - 128
    signs = np.sign((change * exact).sum(axis=(2, 3), keepdims=True))
    assert set(signs.flatten()) == {-1, 1}
    # Cut to bytes, which is down, within the limits.
    expected = (128 + signs * exact).clip(0, 255) - 128
    assert (expected - change).min() > -1e-3
    assert (expected - change).max() < 1


def test_signs_are_fair_and_independent_for_image_and_channel() -> None:
    images = torch.full((4000, 3, 8, 8), 128, dtype=torch.uint8)
    signs = (corrupt(images, "fourier_0_0", 3).double() - 128).mean(dim=(2, 3)).sign()
    assert signs.mean(dim=0).abs().max() < 4 / 4000**0.5
    for one, other in combinations(signs.T, 2):
        assert (one * other).mean().abs() < 4 / 4000**0.5


def test_the_highest_frequency_is_a_chessboard() -> None:
    images = torch.full((1, 1, 32, 32), 100, dtype=torch.uint8)
    change = corrupt(images, "fourier_7_7", 1)[0, 0].int() - 100
    rows, columns = np.indices((32, 32))
    # 255 / 32 = 7.97 up or down, cut to bytes.
    light = torch.from_numpy((rows + columns) % 2 == 0) == (change[0, 0] > 0)
    assert torch.equal(change, torch.where(light, 7, -8).int())


def test_every_wave_works_on_a_batch() -> None:
    images = pictures(3, 3, 20, 24)
    whole = {name: corrupt(images, name, 4) for name in NAMES}
    assert all(torch.equal(corrupt(images[2:], name, 4, index=[2]), whole[name][2:]) for name in NAMES)
    assert not torch.equal(whole["fourier_1_2"], whole["fourier_1_-2"])
