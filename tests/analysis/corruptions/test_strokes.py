"""What MNIST-C draws into images, pixel by pixel from its description."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from analysis.corruptions import corrupt
from tests.analysis.corruptions.pictures import pictures


def brightness(row: int, column: int, start: tuple[float, float], stop: tuple[float, float]) -> float:
    """Of a line between two points (column, row), 0 to 1."""
    if not math.floor(start[0]) <= column < math.ceil(stop[0]):
        return 0.0
    height = start[1] + (column - start[0]) * (stop[1] - start[1]) / (stop[0] - start[0])
    away = abs(row - height)
    return max(0.0, 1 + math.log(1 - away / 2.3)) if away < 2.3 else 0.0


def canvas(points: list[tuple[float, float]]) -> np.ndarray:
    """Lines from point to point on 28 x 28 pixels."""
    pairs = list(pairwise(points))
    rows = [[sum(brightness(r, c, *pair) for pair in pairs) for c in range(28)] for r in range(28)]
    return np.minimum(rows, 1)


def zigzag(first: int, tilt: int) -> list[tuple[float, float]]:
    """The points of a zigzag which starts at that row and ends `tilt` rows lower."""
    length = math.hypot(23, tilt)
    flat = [(0.0, 0.0), *((2 + 4 * i, 2 if i % 2 == 0 else -2) for i in range(6)), (length, -1 / (length - 20))]
    along, aside = 23 / length, tilt / length
    return [(2 + x * along - y * aside, first + x * aside + y * along) for x, y in flat]


def drawn(name: str, count: int) -> np.ndarray:
    """What is drawn on black, [N, 28, 28], each image that occurs once."""
    black = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    return np.unique(corrupt(black, name, 1)[:, 0].numpy(), axis=0)


def as_bytes(values: np.ndarray) -> bytes:
    return np.floor(255 * values + 1e-6).astype(np.uint8).tobytes()


def test_a_dotted_line_runs_from_edge_to_edge() -> None:
    on = np.array([column // 2 % 2 for column in range(28)])
    expected = {
        as_bytes(canvas([(0, first), (27, last)]) * on): (first, last) for first in range(27) for last in range(27)
    }
    found = [expected[image.tobytes()] for image in drawn("dotted_line", 3000)]
    assert {first for first, _ in found} == {last for _, last in found} == set(range(27))
    # Of 729 lines as likely, 3000 draws leave out about 12.
    assert 690 < len(found) < 729


def test_a_zigzag_has_its_published_points() -> None:
    expected = {as_bytes(canvas(zigzag(first, tilt))): (first, tilt) for first in range(27) for tilt in range(-5, 5)}
    found = [expected[image.tobytes()] for image in drawn("zigzag", 3000)]
    assert len(found) == 270


@pytest.mark.parametrize("name", ["dotted_line", "zigzag"])
def test_a_line_is_added_to_all_channels_alike(name: str) -> None:
    images = pictures(20, 3, 28, 28)
    line = corrupt(torch.zeros(20, 1, 28, 28, dtype=torch.uint8), name, 1).int()
    assert torch.equal(corrupt(images, name, 1).int(), (images.int() + line).clamp(max=255))


@pytest.mark.parametrize("name", ["dotted_line", "zigzag"])
def test_larger_images_get_the_same_line_larger(name: str) -> None:
    small = corrupt(torch.zeros(30, 1, 28, 28, dtype=torch.uint8), name, 1).double()
    large = corrupt(torch.zeros(30, 1, 140, 84, dtype=torch.uint8), name, 1).double()
    assert large.mean().item() == pytest.approx(small.mean().item(), rel=0.03)
    # The middle of each block of 5 x 3 pixels lies where the pixel of the small image does.
    same = large[:, :, 2::5, 1::3]
    assert (same - small).abs().max() <= 1


def test_stripes_are_inverted_quarters() -> None:
    images = pictures(3, 3, 12, 28)
    found = corrupt(images, "stripe", 1)
    assert torch.equal(found[..., 7:21], images[..., 7:21])
    for outer in (slice(0, 7), slice(21, 28)):
        assert torch.equal(found[..., outer].int() + images[..., outer].int(), torch.full((3, 3, 12, 7), 255).int())
    wide = corrupt(torch.zeros(1, 1, 4, 64, dtype=torch.uint8), "stripe", 1)
    assert torch.equal(wide[0, 0, 0] == 255, torch.arange(64).sub(31.5).abs() > 16)
