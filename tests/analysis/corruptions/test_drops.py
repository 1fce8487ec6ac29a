"""Snow, frost and spatter against scipy, loops by hand and their statistics."""

import heapq
import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.edges import SCALE, canny, distances
from analysis.corruptions.frost import CHOICES, KINDS, crystalline
from analysis.corruptions.random import WORDS, Draws, standard_normal
from analysis.corruptions.snow import streaks
from analysis.corruptions.spatter import equalised, water
from tests.analysis.corruptions.pictures import flat, pictures

CPU = torch.device("cpu")


def draws(name: str, severity: int, count: int) -> Draws:
    return Draws.of(0, name, severity, torch.arange(count))


def slow_streaks(words: np.ndarray, size: int, parameters: tuple[float, ...]) -> np.ndarray:
    mean, deviation, zoom, threshold, radius, sigma = parameters
    noise = (standard_normal().numpy()[words[1:]] * deviation + mean).reshape(size, size)
    crop = math.ceil(size / zoom)
    start = (size - crop) // 2
    zoomed = ndimage.zoom(noise[start : start + crop, start : start + crop], zoom, order=1)
    trim = (len(zoomed) - size) // 2
    layer = zoomed[trim : trim + size, trim : trim + size]
    layer = (np.where(layer < threshold, 0, layer).clip(0, 1) * 255).astype(np.uint8)
    taps = np.exp(-0.5 * (np.arange(2 * math.ceil(radius) + 1) / sigma) ** 2)
    angle = math.radians(-135 + 90 * (int(words[0]) + 0.5) / WORDS)
    total, rows, columns = np.zeros((size, size)), np.arange(size)[:, None], np.arange(size)
    for k, tap in enumerate(taps / taps.sum()):
        down, right = math.ceil(k * math.sin(angle) - 0.5), math.ceil(k * math.cos(angle) - 0.5)
        total += tap * layer[(rows + down).clip(0, size - 1), (columns + right).clip(0, size - 1)]
    return np.floor(total + 1e-3)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_streaks_are_zoomed_noise_drawn_out(severity: int) -> None:
    *parameters, _ = get_corruption("snow").parameters(severity, 32)
    some = draws("snow", severity, 5)
    ours = streaks(some, 32, 32, tuple(parameters)).numpy()[:, 0]
    for layer, words in zip(ours, some.words(1025).to(torch.int32).numpy(), strict=True):
        difference = layer - slow_streaks(words, 32, tuple(parameters))
        assert np.abs(difference).max() <= 1
        assert (difference == 0).mean() > 0.9


@pytest.mark.parametrize("severity", [1, 5])
def test_snow_whitens_and_adds_the_streaks_twice(severity: int) -> None:
    images = pictures(4, 3, 32, 32)
    *parameters, mix = get_corruption("snow").parameters(severity, 32)
    fallen = streaks(draws("snow", severity, 4), 32, 32, tuple(parameters)).numpy() / 255.0
    x = images.numpy() / 255
    grey = (x * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdims=True)
    exact = mix * x + (1 - mix) * np.maximum(x, 1.5 * grey + 0.5) + fallen + fallen[..., ::-1, ::-1]
    difference = corrupt(images, "snow", severity).numpy() - 255 * exact.clip(0, 1)
    assert difference.max() < 0.001
    assert difference.min() > -1.001


def test_frost_is_a_weighted_sum_with_a_crop_of_a_texture() -> None:
    textures = crystalline(256, CPU).double()
    images = pictures(3, 3, 32, 32)
    chosen = draws("frost", 3, 3).words(3).to(torch.int64)
    for image, ours, (kind, top, left) in zip(images, corrupt(images, "frost", 3), chosen.tolist(), strict=True):
        row, column = top * 225 // WORDS, left * 225 // WORDS
        crop = textures[CHOICES[kind * 5 // WORDS], :, row : row + 32, column : column + 32]
        expected = (0.9 * image.double() + 0.4 * crop).clamp(max=255)
        difference = ours - expected
        assert difference.max() < 0.001
        assert difference.min() > -1


def test_textures_have_the_colours_they_are_given() -> None:
    textures = crystalline(256, CPU).double()
    assert textures.shape == (4, 3, 256, 256)
    for texture, kind in zip(textures, KINDS, strict=True):
        assert torch.allclose(texture.mean((1, 2)), torch.tensor(kind.mean, dtype=torch.float64) - 0.5, atol=1)
        assert torch.allclose(texture.std((1, 2)), torch.tensor(kind.deviation, dtype=torch.float64), rtol=0.06)
    crystalline.cache_clear()
    assert torch.equal(crystalline(256, CPU).double(), textures)


def slow_distances(edges: np.ndarray, limit: int) -> np.ndarray:
    """Dijkstra over the sixteen steps."""
    lengths = {(0, 1): 1024, (1, 1): round(1.4 * 1024), (1, 2): round(2.1969 * 1024)}
    steps = [(a, b, lengths[min(abs(a), abs(b)), max(abs(a), abs(b))]) for a in range(-2, 3) for b in range(-2, 3)
             if (min(abs(a), abs(b)), max(abs(a), abs(b))) in lengths]  # fmt: skip
    found = np.full(edges.shape, limit * 1024)
    queue = [(0, int(y), int(x)) for y, x in zip(*np.nonzero(edges), strict=True)]
    while queue:
        length, y, x = heapq.heappop(queue)
        if 0 <= y < len(edges) and 0 <= x < edges.shape[1] and (length < found[y, x]):
            found[y, x] = length
            for down, across, more in steps:
                heapq.heappush(queue, (length + more, y + down, x + across))
    return found


@pytest.mark.parametrize(("share", "shape"), [(0.003, (30, 41)), (0.05, (32, 32)), (0.2, (5, 3))])
def test_distances_are_the_shortest_paths(share: float, shape: tuple[int, int]) -> None:
    edges = torch.rand(*shape, 4, generator=torch.Generator().manual_seed(3)) < share
    ours = distances(edges, 20)
    for i in range(4):
        assert np.array_equal(ours[..., i].numpy(), slow_distances(edges[..., i].numpy(), 20))
    assert SCALE == 1024


def test_canny_finds_the_rim_of_a_square_and_links_what_is_weak() -> None:
    image = torch.zeros(16, 16, 1, dtype=torch.int16)
    image[4:12, 4:12] = 200
    edges = canny(image, 50, 150)[..., 0]
    assert not edges[:2].any() and not edges[6:10, 6:10].any()  # noqa: PT018
    assert edges[3:5, 6:10].sum() == edges[6:10, 3:5].sum() == edges[11:13, 6:10].sum() == 4
    # A step that fades from 50 to 14 levels: where its gradient, four times as large, is below 150 it is kept, being
    # linked with the strong end; alone it is not.
    fading = torch.linspace(50, 14, 16).to(torch.int16)[:, None].expand(16, 16).clone()
    fading[:, :8] = 0
    assert canny(fading[..., None], 50, 150)[1:-1, 7:9].any(dim=1).all()
    assert not canny(fading[10:, :, None], 50, 150).any()
    assert not canny(torch.full((9, 9, 2), 77, dtype=torch.int16), 50, 150).any()


def test_equalisation_by_hand() -> None:
    values = torch.tensor([[[3], [3]], [[4], [7]]], dtype=torch.int32)
    # Beyond the two smallest there is one 4 and one 7: a half and the whole of what is left.
    assert equalised(values, 21).flatten().tolist() == [0, 0, 128, 255]
    assert equalised(torch.full((3, 3, 1), 5, dtype=torch.int32), 21).unique().tolist() == [5]


def test_water_is_brightest_at_one_and_lies_in_the_drops() -> None:
    depth = torch.zeros(32, 32, 3, dtype=torch.int16)
    depth[8:16, 10:20, 0] = 190
    depth[5, 5, 1] = 180
    shine = water(depth)
    assert shine.amax((0, 1)).tolist()[0] == 1
    assert not shine[depth == 0].any()
    assert not shine[..., 2].any()


@pytest.mark.parametrize("severity", [4, 5])
def test_mud_covers_where_smooth_noise_is_high(severity: int) -> None:
    images = pictures(5, 3, 32, 32)
    mean, deviation, sigma, threshold, strength, _ = get_corruption("spatter").parameters(severity, 32)
    noise = standard_normal().numpy()[draws("spatter", severity, 5).words(1024).to(torch.int32).numpy()]
    for image, own, ours in zip(images.numpy(), noise, corrupt(images, "spatter", severity).numpy(), strict=True):
        liquid = ndimage.gaussian_filter((own * deviation + mean).reshape(32, 32), sigma, mode="nearest")
        cover = ndimage.gaussian_filter((liquid > threshold) * 1.0, strength, mode="nearest")
        cover = np.where(cover < 0.8, 0, cover)
        exact = image * (1 - cover) + cover * np.array([63, 42, 20])[:, None, None]
        assert np.abs(ours - np.floor(exact + 1e-3)).max() <= 1


def test_water_only_brightens_and_mud_pulls_towards_brown() -> None:
    images = pictures(30, 3, 32, 32)
    for severity in (1, 2, 3):
        assert (corrupt(images, "spatter", severity) >= images).all()
    muddy = corrupt(flat(200, 20), "spatter", 5)
    assert muddy.amin((0, 2, 3)).tolist() == [63, 42, 20]
