"""Fog against the diamond-square algorithm written as loops over single points."""

import numpy as np
import pytest
import torch

from analysis.corruptions import SEVERITIES, corrupt, frost, get_corruption
from analysis.corruptions.random import WORDS, Draws
from analysis.corruptions.weather import plasma
from tests.analysis.corruptions.pictures import flat, pictures


def slow_plasma(words: np.ndarray, side: int, decay: float) -> np.ndarray:
    """One map from its words: at each level the middles of the squares, then those of the edges across and down."""
    uniform = iter((2 * words.astype(np.float64) + 1) / WORDS - 1)
    heights = np.zeros((side, side))
    step, roughness = side, 100.0

    def mean(points: list[tuple[int, int]]) -> float:
        return sum(heights[y % side, x % side] for y, x in points) / 4

    while step >= 2:
        half = step // 2
        around = [(-half, -half), (-half, half), (half, -half), (half, half)]
        beside = [(-half, 0), (half, 0), (0, -half), (0, half)]
        for (start_y, start_x), offsets in (((half, half), around), ((0, half), beside), ((half, 0), beside)):
            for y in range(start_y, side, step):
                for x in range(start_x, side, step):
                    height = mean([(y + dy, x + dx) for dy, dx in offsets])
                    heights[y, x] = height + roughness**2 * next(uniform)
        step, roughness = half, roughness / decay
    heights -= heights.min()
    return heights / heights.max()


@pytest.mark.parametrize(("size", "side"), [(2, 2), (8, 8), (17, 32), (28, 32), (32, 32)])
@pytest.mark.parametrize("decay", [3.0, 1.75])
def test_plasma_is_diamond_square(size: int, side: int, decay: float) -> None:
    draws = Draws.of(0, "fog", 1, torch.arange(3))
    ours = plasma(draws, size, decay)
    assert ours.shape == (3, side, side)
    for image, words in zip(ours, draws.words(side * side).to(torch.int32).numpy(), strict=True):
        assert np.allclose(image.numpy(), slow_plasma(words, side, decay), atol=1e-4)


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(5, 3, 32, 32), (5, 1, 28, 28), (5, 3, 20, 9)])
def test_fog_adds_the_cloud_and_scales_back(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    amount, decay = get_corruption("fog").parameters(severity, min(shape[2:]))
    clouds = plasma(Draws.of(3, "fog", severity, torch.arange(5)), max(shape[2:]), decay).double().numpy()
    x = images.numpy() / 255
    most = x.max(axis=(1, 2, 3), keepdims=True)
    exact = (x + amount * clouds[:, None, : shape[2], : shape[3]]) * most / (most + amount)
    difference = corrupt(images, "fog", severity, seed=3).numpy() - exact * 255
    assert difference.max() < 0.001
    assert difference.min() > -1


def test_black_stays_black_and_no_image_gets_brighter_than_it_was() -> None:
    assert not corrupt(flat(0), "fog", 5).any()
    images = pictures(20, 3, 32, 32)
    foggy = corrupt(images, "fog", 5)
    assert (foggy.amax(dim=(1, 2, 3)) <= images.amax(dim=(1, 2, 3))).all()


@pytest.mark.parametrize(("height", "width"), [(1, 4000), (700, 3), (2, 512)])
def test_frost_of_long_images_takes_no_texture_of_that_width(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = []

    def crystalline(size: int, device: torch.device) -> torch.Tensor:
        grown.append(size)
        return pictures(4, 3, size, size)

    monkeypatch.setattr(frost, "crystalline", crystalline)
    frost.spread.cache_clear()
    images = torch.zeros(6, 3, height, width, dtype=torch.uint8)
    found = corrupt(images, "frost", 3, seed=1)
    assert grown == [1024]
    share = get_corruption("frost").parameters(3, min(height, width))[1]
    textures = (pictures(4, 3, 1024, 1024) * share).floor()  # as bytes are cut
    rows, columns = np.ogrid[:height, :width]
    for one in found:  # a crop of a texture whose edges meet
        places = (textures == one[None, :, :1, :1]).all(dim=1).nonzero().tolist()
        crops = (textures[kind, :, (top + rows) % 1024, (left + columns) % 1024] for kind, top, left in places)
        assert any((crop - one).abs().max() <= 1 for crop in crops)
    frost.spread.cache_clear()
