"""Glass, motion, zoom and elastic against scipy and against loops over single pixels."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.elastic import inverse_affine
from analysis.corruptions.glass import taken_from
from analysis.corruptions.motion import SECTOR, motion_taps
from analysis.corruptions.random import WORDS, Draws
from analysis.corruptions.zoom import zoom_factors
from tests.analysis.corruptions.pictures import flat, pictures


def draws(name: str, severity: int, count: int) -> Draws:
    return Draws.of(0, name, severity, torch.arange(count))


def slow_round(pixels: np.ndarray, words: np.ndarray, shift: int) -> np.ndarray:
    """One round of glass blur on [H, W] from the last pixel to the first, each overwritten by a neighbour."""
    pixels = pixels.copy()
    height, width = pixels.shape
    for row in range(height - shift, shift, -1):
        for column in range(width - shift, shift, -1):
            word = int(words[row * width + column])
            right, down = (((part * 2 * shift) >> 8) - shift for part in (word & 255, word >> 8))
            pixels[row, column] = pixels[row + down, column + right]
    return pixels


@pytest.mark.parametrize("shift", [1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (13, 20), (9, 3)])
def test_a_round_of_glass_is_the_loop_over_pixels(shift: int, height: int, width: int) -> None:
    words = draws("glass_blur", 1, 3).words(height * width).to(torch.int32)
    places = np.arange(height * width).reshape(height, width)
    for ours, own in zip(taken_from(words, shift, height, width).numpy(), words.numpy(), strict=True):
        assert np.array_equal(ours.reshape(height, width), slow_round(places, own, shift))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_glass_blur_is_blur_rounds_blur(severity: int) -> None:
    images = pictures(3, 3, 32, 32)
    sigma, shift, rounds = get_corruption("glass_blur").parameters(severity, 32)
    words = draws("glass_blur", severity, 3).words(int(rounds) * 1024).to(torch.int32).view(3, -1, 1024).numpy()
    ours = corrupt(images, "glass_blur", severity).numpy()
    for image, own, result in zip(images.numpy(), words, ours, strict=True):
        for channel, expected in zip(image, result, strict=True):
            slow = (ndimage.gaussian_filter(channel / 1.0, sigma, mode="nearest") + 1e-4).astype(np.uint8)
            for turn in range(int(rounds)):
                slow = slow_round(slow, own[turn], int(shift))
            slow = (ndimage.gaussian_filter(slow / 1.0, sigma, mode="nearest") + 1e-4).astype(np.uint8)
            assert np.abs(slow.astype(int) - expected).max() <= 1
            assert (slow == expected).mean() > 0.95


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(6, 3, 32, 32), (6, 1, 12, 21)])
def test_motion_blur_sums_along_the_direction(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    count, channels, height, width = shape
    radius, sigma = get_corruption("motion_blur").parameters(severity, min(height, width))
    ours = corrupt(images, "motion_blur", severity).numpy()
    taps = np.exp(-0.5 * (np.arange(2 * math.ceil(radius) + 1) / sigma) ** 2)
    words = draws("motion_blur", severity, count).words(1)[:, 0].tolist()
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for image, word, result in zip(images.numpy(), words, ours, strict=True):
        angle = math.radians(-45 + 90 * (word + 0.5) / WORDS)
        total = np.zeros((channels, height, width))
        for k, tap in enumerate(taps / taps.sum()):
            down, right = math.ceil(k * math.sin(angle) - 0.5), math.ceil(k * math.cos(angle) - 0.5)
            total += tap * image[:, (rows + down).clip(0, height - 1), (columns + right).clip(0, width - 1)]
        difference = result - np.floor(total + 1e-3)
        assert np.abs(difference).max() <= 1
        assert (difference == 0).mean() > 0.9


def test_motion_taps_are_half_a_gaussian() -> None:
    taps = motion_taps(9, 2.5)
    assert taps.sum() == 1
    assert np.allclose(taps[1:5] / taps[0], np.exp(-0.5 * (np.arange(1, 5) / 2.5) ** 2), atol=1e-3)
    assert len(motion_taps(6, 1)) == 4
    assert math.isclose(SECTOR, math.radians(90))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(3, 3, 32, 32), (2, 1, 28, 45), (1, 3, 7, 9)])
def test_zoom_blur_is_the_mean_of_scipys_zooms(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    end, step = get_corruption("zoom_blur").parameters(severity, min(shape[2:]))
    total = images.numpy().astype(float)
    for factor in np.arange(1, end, step):
        crops = [math.ceil(size / factor) for size in shape[2:]]
        starts = [(size - crop) // 2 for size, crop in zip(shape[2:], crops, strict=True)]
        rows, columns = (slice(start, start + crop) for start, crop in zip(starts, crops, strict=True))
        zoomed = ndimage.zoom(images[:, :, rows, columns].numpy() / 1.0, (1, 1, factor, factor), order=1)
        trims = [(now - size) // 2 for now, size in zip(zoomed.shape[2:], shape[2:], strict=True)]
        total += zoomed[:, :, trims[0] : trims[0] + shape[2], trims[1] : trims[1] + shape[3]]
    difference = corrupt(images, "zoom_blur", severity).numpy() - np.floor(total / (len(np.arange(1, end, step)) + 1))
    assert np.abs(difference).max() <= 1
    assert (difference == 0).mean() > 0.93


def test_zoom_factors_are_as_many_as_published() -> None:
    assert [len(zoom_factors(end, 0.01)) for end in (1.06, 1.11, 1.16, 1.21, 1.26)] == [7, 12, 16, 21, 26]
    published = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
    assert [len(zoom_factors(end, step)) for end, step in published] == [12, 16, 11, 13, 11]


def test_large_images_are_zoomed_one_factor_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(3, 3, 24, 31)
    whole = corrupt(images, "zoom_blur", 4).int()
    monkeypatch.setattr("analysis.corruptions.zoom.LARGEST_SPARSE", 0)
    difference = corrupt(images, "zoom_blur", 4).int() - whole
    assert difference.abs().max() <= 1
    assert (difference == 0).double().mean() > 0.98


@pytest.mark.parametrize("name", ["glass_blur", "motion_blur", "zoom_blur", "elastic_transform"])
@pytest.mark.parametrize("size", [1, 2, 5, 32, 64])
def test_a_flat_image_stays_as_it_is(name: str, size: int) -> None:
    for value in range(0, 256, 51):
        assert (corrupt(flat(value, 2, 3, size), name, 5) == value).all()


def test_the_affine_map_takes_three_points_to_their_places() -> None:
    jitter = torch.randn(5, 3, 2, dtype=torch.float64)
    linear, shift = inverse_affine(jitter, 32, 40)
    points = torch.tensor([[30, 26], [30, 6], [10, 6]], dtype=torch.float64)
    back = torch.einsum("nij,npj->npi", linear, points + jitter) + shift[:, None]
    assert torch.allclose(back, points.expand(5, -1, -1))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (3, 1, 17, 40)])
def test_elastic_transform_is_scipys(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    count, _, height, width = shape
    side = min(height, width)
    amount, sigma, reach = (side * p for p in get_corruption("elastic_transform").parameters(severity, side))
    pixels = height * width
    uniform = draws("elastic_transform", severity, count).words(6 + 2 * pixels).to(torch.int32).numpy()
    uniform = (2.0 * uniform + 1) / WORDS - 1
    third = side // 3
    old = np.array([[1, 1], [1, -1], [-1, -1]]) * third + [width // 2, height // 2]
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)))
    ours = corrupt(images, "elastic_transform", severity).numpy()
    for image, drawn, result in zip(images.numpy(), uniform, ours, strict=True):
        new = np.column_stack([old + drawn[:6].reshape(3, 2) * reach, np.ones(3)])
        matrix = np.linalg.solve(new, old)  # [3, 2]: (x, y, 1) of the result -> (x, y) of the image
        across, down = np.einsum("ik,ihw->khw", matrix[:2], places) + matrix[2][:, None, None]
        shifts = [np.zeros((height, width))] * 2
        if amount:
            fields = drawn[6:].reshape(2, height, width)
            shifts = [amount * ndimage.gaussian_filter(f, sigma, mode="reflect", truncate=3) for f in fields]
        for channel, expected in zip(image, result, strict=True):
            slow = ndimage.map_coordinates(channel / 1.0, [down, across], order=1, mode="mirror")
            if amount:
                inside = [places[1] + shifts[1], places[0] + shifts[0]]
                slow = ndimage.map_coordinates(slow, inside, order=1, mode="reflect")
            difference = expected - np.floor(slow + 1e-3)
            assert np.abs(difference).max() <= 1
            assert (difference == 0).mean() > 0.9
