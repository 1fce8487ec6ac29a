"""The corruptions that move, cover or draw out, one image at a time with numpy and scipy.

Each takes an image [H, W, C] of bytes and its parameters, and gives bytes back. `RNG` is numpy's own generator.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage

from analysis.corruptions import ice
from analysis.corruptions.frost import CHOICES, crystalline, needled
from analysis.corruptions.spatter import MUD, WATER, water

RNG = np.random.default_rng(0)


def cut(values: np.ndarray) -> np.ndarray:
    """From 0..1 to bytes."""
    return (values.clip(0, 1) * 255).astype(np.uint8)


def speckle_noise(image: np.ndarray, sigma: float) -> np.ndarray:
    """x + x N(0, sigma)."""
    x = image / 255
    return cut(x + x * RNG.normal(size=x.shape, scale=sigma))


def saturate(image: np.ndarray, factor: float, addend: float) -> np.ndarray:
    """The saturation of HSV times and plus something."""
    x = image / 255
    value, spread = x.max(axis=2, keepdims=True), np.ptp(x, axis=2, keepdims=True)
    old = np.where(value > 0, spread / np.where(value > 0, value, 1), 0)
    new = (factor * old + addend).clip(0, 1)
    grey = np.concatenate([value, *[value * (1 - new)] * (x.shape[2] - 1)], axis=2)
    return cut(np.where(old > 0, value - (value - x) * new / np.where(old > 0, old, 1), grey))


def glass_blur(image: np.ndarray, sigma: float, shift: float, rounds: float) -> np.ndarray:
    """Blur, pixels overwritten by random neighbours one after another, blur."""
    x = cut(ndimage.gaussian_filter(image / 255, (sigma, sigma, 0), mode="nearest"))
    height, width = x.shape[:2]
    reach = round(shift)
    for _ in range(round(rounds)):
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                right, down = RNG.integers(-reach, reach, size=2)
                x[row, column] = x[row + down, column + right]
    return cut(ndimage.gaussian_filter(x / 255, (sigma, sigma, 0), mode="nearest"))


def along(image: np.ndarray, radius: float, sigma: float, angle: float) -> np.ndarray:
    """Half a Gaussian along a direction; edge pixels repeated."""
    height, width = image.shape[:2]
    taps = np.exp(-0.5 * (np.arange(2 * math.ceil(radius) + 1) / sigma) ** 2)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    total = np.zeros(image.shape)
    for k, tap in enumerate(taps / taps.sum()):
        down, right = math.ceil(k * math.sin(angle) - 0.5), math.ceil(k * math.cos(angle) - 0.5)
        total += tap * image[(rows + down).clip(0, height - 1), (columns + right).clip(0, width - 1)]
    return total


def motion_blur(image: np.ndarray, radius: float, sigma: float) -> np.ndarray:
    """Along a direction within 45 degrees of horizontal."""
    return cut(along(image / 255, radius, sigma, math.radians(RNG.uniform(-45, 45))))


def zoomed(image: np.ndarray, factor: float) -> np.ndarray:
    """Enlarged about the middle."""
    sizes = image.shape[:2]
    crops = [math.ceil(size / factor) for size in sizes]
    rows, columns = ((size - crop) // 2 for size, crop in zip(sizes, crops, strict=True))
    part = image[rows : rows + crops[0], columns : columns + crops[1]]
    large = ndimage.zoom(part, (factor, factor, 1)[: image.ndim], order=1)
    top, left = ((now - size) // 2 for now, size in zip(large.shape, sizes, strict=False))
    return large[top : top + sizes[0], left : left + sizes[1]]


def zoom_blur(image: np.ndarray, end: float, step: float) -> np.ndarray:
    """The mean of the image and its enlargements."""
    x = image / 255
    all_ = [x, *(zoomed(x, factor) for factor in np.arange(1, end, step))]
    return cut(np.mean(all_, axis=0))


def snow(
    image: np.ndarray, mean: float, sd: float, zoom: float, threshold: float, radius: float, sigma: float, mix: float
) -> np.ndarray:
    """Streaks over a whitened image."""
    x = image / 255
    layer = zoomed(RNG.normal(mean, sd, image.shape[:2]), zoom)
    layer = np.where(layer < threshold, 0, layer).clip(0, 1)
    layer = along(layer, radius, sigma, math.radians(RNG.uniform(-135, -45)))[..., None]
    grey = (x @ [0.299, 0.587, 0.114])[..., None] if x.shape[2] == 3 else x
    return cut(mix * x + (1 - mix) * np.maximum(x, grey * 1.5 + 0.5) + layer + np.rot90(layer, 2))


def frost(image: np.ndarray, image_weight: float, frost_weight: float) -> np.ndarray:
    """A crop of a texture added."""
    height, width, channels = image.shape
    cpu = torch.device("cpu")
    textures = (ice.sheets(height, width, cpu) if needled(height, width) else crystalline(256, cpu)).numpy()
    top, left = RNG.integers(0, textures.shape[2] - height + 1), RNG.integers(0, textures.shape[3] - width + 1)
    crop = textures[RNG.choice(CHOICES), :channels, top : top + height, left : left + width].transpose(1, 2, 0)
    return (image_weight * image + frost_weight * crop).clip(0, 255).astype(np.uint8)


def elastic_transform(image: np.ndarray, amount: float, sigma: float, jitter: float) -> np.ndarray:
    """A random affine map, then smooth displacements."""
    height, width, channels = image.shape
    side = min(height, width)
    old = np.array([[1, 1], [1, -1], [-1, -1]]) * (side // 3) + [width // 2, height // 2]
    new = np.column_stack([old + RNG.uniform(-jitter * side, jitter * side, (3, 2)), np.ones(3)])
    matrix = np.linalg.solve(new, old)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    across, down = (matrix[0, i] * x + matrix[1, i] * y + matrix[2, i] for i in range(2))
    shifts = [
        ndimage.gaussian_filter(RNG.uniform(-1, 1, (height, width)), sigma * side, mode="reflect", truncate=3)
        for _ in range(2)
    ]
    inside = [y + amount * side * shifts[1], x + amount * side * shifts[0]]
    result = []
    for channel in range(channels):
        moved = ndimage.map_coordinates(image[..., channel] / 255, [down, across], order=1, mode="mirror")
        result.append(ndimage.map_coordinates(moved, inside, order=1, mode="reflect"))
    return cut(np.stack(result, axis=2))


def spatter(
    image: np.ndarray, mean: float, sd: float, sigma: float, threshold: float, strength: float, mud: float
) -> np.ndarray:
    """Mud by scipy; the light in drops of water by our own function, an image at a time."""
    x, channels = image / 255, image.shape[2]
    liquid = ndimage.gaussian_filter(RNG.normal(mean, sd, image.shape[:2]), sigma, mode="nearest")
    if mud > 0.5:
        cover = ndimage.gaussian_filter((liquid > threshold) * 1.0, strength, mode="nearest")
        cover = np.where(cover < 0.8, 0, cover)[..., None]
        return cut(x * (1 - cover) + cover * np.array(MUD[:channels]) / 255)
    depth = (np.where(liquid < threshold, 0, liquid) * 255).astype(np.int16)
    shine = water(torch.from_numpy(depth)[..., None]).numpy() * strength
    return cut(x + shine * np.array(WATER[:channels]) / 255)


PLAIN_SCENES: dict[str, Callable[..., np.ndarray]] = {
    function.__name__: function
    for function in (
        speckle_noise,
        saturate,
        glass_blur,
        motion_blur,
        zoom_blur,
        snow,
        frost,
        elastic_transform,
        spatter,
    )
}
