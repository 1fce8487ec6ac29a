"""MNIST-C's Canny edges, pixel by pixel from scikit-image's description, with scipy's filters."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.corruptions import corrupt
from tests.analysis.corruptions.pictures import pictures


def edges(image: np.ndarray) -> np.ndarray:
    """The edges of an image in 0 to 1, bool [H, W]."""
    inside = ndimage.gaussian_filter(np.ones_like(image), 1, mode="constant")
    smooth = ndimage.gaussian_filter(image, 1, mode="constant") / inside
    down, across = ndimage.sobel(smooth, axis=0), ndimage.sobel(smooth, axis=1)
    size = np.hypot(down, across)
    height, width = image.shape
    thin = np.zeros(image.shape)
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            here = size[row, column]
            if here < 0.1:
                continue
            # A step of one pixel along the larger part of the gradient; what lies there, between two pixels.
            step = np.array([down[row, column], across[row, column]]) / max(
                abs(down[row, column]), abs(across[row, column])
            )
            ahead, behind = (
                ndimage.map_coordinates(size, (np.array([row, column]) + sign * step)[:, None], order=1)[0]
                for sign in (1, -1)
            )
            if max(ahead, behind) <= here * (1 + 1e-9):
                thin[row, column] = here
    labels, _ = ndimage.label(thin > 0, np.ones((3, 3)))
    return np.isin(labels, np.unique(labels[thin >= 0.2]))


@pytest.mark.parametrize("shape", [(6, 1, 28, 28), (2, 1, 33, 20)])
def test_edges_are_those_of_the_description(shape: tuple[int, ...]) -> None:
    images = pictures(*shape)
    found = corrupt(images, "canny_edges", 1)[:, 0].numpy()
    expected = np.stack([edges(image / 255) for image in images[:, 0].numpy()])
    assert 0.02 < expected.mean() < 0.5
    assert np.array_equal(found, np.where(expected, 255, 0))


def test_a_square_becomes_its_outline() -> None:
    images = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    images[..., 8:20, 8:20] = 255
    found = corrupt(images, "canny_edges", 1)[0, 0] == 255
    assert torch.equal(found, found.T)
    assert torch.equal(found, found.flip(0))
    # Both sides of a step are as steep. The middle of the upper side, from above to below:
    assert found[:, 14].nonzero()[:, 0].tolist() == [7, 8, 19, 20]


def test_faint_edges_need_strong_ones() -> None:
    # Sobel's gradient beside a smoothed step is 2.5 times the step, so these are 0.08, 0.16 and 0.24 high.
    for step, seen in ((8, False), (16, False), (24, True)):
        images = torch.full((1, 1, 20, 20), 100, dtype=torch.uint8)
        images[..., 10:] += step
        assert (corrupt(images, "canny_edges", 1) > 0).any() == seen
    images[:, :, 10:, 10:] -= 8
    assert (corrupt(images, "canny_edges", 1) > 0).any(dim=3).sum() == 18


def test_colours_are_taken_for_their_brightness() -> None:
    images = pictures(4, 3, 24, 24)
    found = corrupt(images, "canny_edges", 1)
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 0], found[:, 2])
    grey = images.double().mul(torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)[:, None, None]).sum(dim=1)
    expected = np.stack([edges(image / 255) for image in grey.numpy()])
    assert np.array_equal(found[:, 0].numpy(), np.where(expected, 255, 0))
