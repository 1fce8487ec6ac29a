"""Brightness and saturation against colorsys, contrast against its formula."""

import colorsys

import numpy as np
import pytest
import torch

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from tests.analysis.corruptions.pictures import flat, pictures


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_raises_the_value_of_hsv(severity: int) -> None:
    (amount,) = get_corruption("brightness").parameters(severity, 32)
    images = torch.cat([pictures(2, 3, 16, 16), flat(0, 1, 3, 16), flat(255, 1, 3, 16)])
    ours = corrupt(images, "brightness", severity).permute(0, 2, 3, 1).reshape(-1, 3).tolist()
    for before, after in zip(images.permute(0, 2, 3, 1).reshape(-1, 3).tolist(), ours, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in before))
        expected = colorsys.hsv_to_rgb(hue, saturation, min(value + amount, 1))
        # Whole numbers may come out a rounding error too low there.
        assert after == [int(255 * channel + 1e-6) for channel in expected]


def test_brightness_of_grey_is_addition() -> None:
    grey = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    expected = [min(255, int(value + 255 * 0.15 + 1e-9)) for value in range(256)]
    assert corrupt(grey, "brightness", 3).flatten().tolist() == expected


@pytest.mark.parametrize("severity", SEVERITIES)
def test_saturate_changes_the_saturation_of_hsv(severity: int) -> None:
    factor, addend = get_corruption("saturate").parameters(severity, 32)
    images = torch.cat([pictures(2, 3, 16, 16), flat(0, 1, 3, 16), flat(90, 1, 3, 16), flat(255, 1, 3, 16)])
    ours = corrupt(images, "saturate", severity).permute(0, 2, 3, 1).reshape(-1, 3).tolist()
    for before, after in zip(images.permute(0, 2, 3, 1).reshape(-1, 3).tolist(), ours, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in before))
        exact = colorsys.hsv_to_rgb(hue, min(max(factor * saturation + addend, 0), 1), value)
        # Whole numbers may come out a rounding error too low.
        assert all(-0.01 < 255 * c - a < 1.01 for c, a in zip(exact, after, strict=True))


def test_grey_turns_reddish_where_saturation_is_added() -> None:
    assert torch.equal(corrupt(flat(90), "saturate", 3), flat(90))
    assert corrupt(flat(90), "saturate", 5)[0, :, 0, 0].tolist() == [90, 72, 72]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(6, 3, 32, 32), (6, 1, 28, 28), (6, 3, 7, 11)])
def test_contrast_draws_towards_the_mean_of_each_channel(severity: int, shape: tuple[int, int, int, int]) -> None:
    (factor,) = get_corruption("contrast").parameters(severity, min(shape[2:]))
    images = pictures(*shape)
    x = images.double().numpy()
    mean = x.mean(axis=(2, 3), keepdims=True)
    difference = corrupt(images, "contrast", severity).numpy() - ((x - mean) * factor + mean)
    assert difference.max() < 0.001
    assert difference.min() > -1


def test_contrast_by_hand() -> None:
    image = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    image[0, 0, 0] = 200
    # The mean is 100; half the contrast leaves 150 and 50.
    assert corrupt(image, "contrast", 2).flatten().tolist() == [150, 150, 50, 50]
    assert np.ptp(corrupt(flat(77), "contrast", 5).numpy()) == 0
