"""MNIST-C's geometric corruptions, checked with scipy's affine transform."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from tests.analysis.corruptions.pictures import pictures

ANGLES = (0.2, 0.4, 0.6, 0.8, 1.0)


def resampled(image: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """An image [H, W] read at matrix @ (row, column), from its middle, plus a shift; 0 outside; float64."""
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - matrix @ middle + shift
    return ndimage.affine_transform(image.astype(float), matrix, offset, order=1, mode="grid-constant")


def candidates(name: str, severity: int, size: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Matrices and shifts in rows and columns, for each direction that may be drawn."""
    still = np.zeros(2)
    if name == "translate":
        reach = severity / 28 * np.array(size)
        return [(np.eye(2), reach * (down, across)) for down in (1, -1) for across in (1, -1)]
    if name == "scale":
        return [(np.eye(2) / (1 - severity / 10), still)]
    both = [ANGLES[severity - 1], -ANGLES[severity - 1]]
    if name == "rotate":
        return [(np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]), still) for a in both]
    return [(np.array([[np.cos(a), 0], [-np.sin(a), 1]]), still) for a in both]


@pytest.mark.parametrize("name", ["shear", "scale", "rotate", "translate"])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(24, 1, 28, 28), (24, 3, 31, 20)])
def test_every_image_is_read_by_one_of_the_maps(name: str, severity: int, shape: tuple[int, ...]) -> None:
    images = pictures(*shape)
    found = corrupt(images, name, severity).numpy().astype(int)
    maps = candidates(name, severity, images.shape[2:])  # type: ignore[arg-type]
    used = set()
    for image, result in zip(images.numpy(), found, strict=True):
        # Exact on paper, where whole numbers are cut to bytes just below: rounding there may go either way.
        exact = [np.stack([resampled(channel, *of) for channel in image]) for of in maps]
        fits = [np.abs(result - np.floor(values + 1e-4)).max() <= 1 for values in exact]
        assert sum(fits) == 1
        best = fits.index(True)
        assert (result == np.floor(exact[best] + 1e-4)).mean() > 0.995
        used.add(best)
    assert used == set(range(len(maps)))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_at_28_pixels_a_translation_moves_whole_pixels(severity: int) -> None:
    images = pictures(40, 1, 28, 28)
    moved = corrupt(images, "translate", severity)
    framed = np.pad(images.numpy(), ((0, 0), (0, 0), (5, 5), (5, 5)))
    options = [
        framed[:, :, 5 + down : 33 + down, 5 + across : 33 + across]
        for down in (severity, -severity)
        for across in (severity, -severity)
    ]
    matches = np.array(
        [[np.array_equal(a, b) for a, b in zip(moved.numpy(), option, strict=True)] for option in options]
    )
    assert (matches.sum(axis=0) == 1).all()
    assert (matches.sum(axis=1) > 0).all()


def test_directions_are_fair() -> None:
    count = 2000
    images = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    images[:, :, 5, 13] = 255
    # What stands above the middle leans, or turns, to the left or to the right.
    for name in ("shear", "rotate"):
        turned = corrupt(images, name, 3).float()
        right = turned[..., 14:].sum(dim=(1, 2, 3)) > turned[..., :14].sum(dim=(1, 2, 3))
        assert abs(right.float().mean() - 0.5) < 4 * 0.5 / count**0.5


def test_scaling_keeps_the_middle_and_shrinks_the_rest() -> None:
    images = torch.full((1, 1, 28, 28), 200, dtype=torch.uint8)
    for severity in SEVERITIES:
        small = corrupt(images, "scale", severity)[0, 0]
        (share,) = get_corruption("scale").parameters(severity, 28)
        assert (small.double() / 200).sum().item() == pytest.approx((28 * share) ** 2, rel=0.08)
        assert small[13, 13] == 200
        assert torch.equal(small, small.flip(0))
        assert torch.equal(small, small.T)
