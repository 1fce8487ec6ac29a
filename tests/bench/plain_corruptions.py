"""The corruptions one image at a time, as one would write them with numpy, scipy and Pillow.

Each takes an image [H, W, C] of bytes and its parameters, and gives bytes back. Ours are timed
against these. `RNG` is numpy's own generator.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from analysis.corruptions.blur import defocus_kernel
from tests.bench.plain_scenes import PLAIN_SCENES

RNG = np.random.default_rng(0)


def cut(values: np.ndarray) -> np.ndarray:
    """From 0..1 to bytes."""
    return (values.clip(0, 1) * 255).astype(np.uint8)


def gaussian_noise(image: np.ndarray, sigma: float) -> np.ndarray:
    """x + N(0, sigma)."""
    return cut(image / 255 + RNG.normal(size=image.shape, scale=sigma))


def shot_noise(image: np.ndarray, photons: float) -> np.ndarray:
    """Poisson(x photons) / photons."""
    return cut(RNG.poisson(image / 255 * photons) / photons)


def impulse_noise(image: np.ndarray, amount: float) -> np.ndarray:
    """Salt and pepper."""
    chance = RNG.random(image.shape)
    result = image.copy()
    result[chance < amount] = 255
    result[chance < amount / 2] = 0
    return result


def defocus_blur(image: np.ndarray, radius: float, alias: float) -> np.ndarray:
    """Correlation with a blurred disk, without the zeros around it."""
    kernel = defocus_kernel(radius, alias)
    reach = int(radius) + 2
    middle = len(kernel) // 2
    kernel = kernel[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    channels = [ndimage.correlate(channel, kernel, mode="mirror") for channel in np.moveaxis(image / 255, 2, 0)]
    return cut(np.stack(channels, axis=2))


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Separable Gaussian."""
    return cut(ndimage.gaussian_filter(image / 255, (sigma, sigma, 0), mode="nearest"))


def fog(image: np.ndarray, amount: float, decay: float) -> np.ndarray:
    """Diamond-square cloud, a level at a time."""
    x = image / 255
    height, width = x.shape[:2]
    side = 1 << (max(height, width) - 1).bit_length()
    cloud = np.zeros((side, side))
    step, roughness = side, 100.0
    while step >= 2:
        half = step // 2
        corners = cloud[::step, ::step]
        across = corners + np.roll(corners, -1, 1)
        squares = cloud[half::step, half::step] = jitter(across + np.roll(across, -1, 0), roughness)
        down = corners + np.roll(corners, -1, 0)
        cloud[::step, half::step] = jitter(across + squares + np.roll(squares, 1, 0), roughness)
        cloud[half::step, ::step] = jitter(down + squares + np.roll(squares, 1, 1), roughness)
        step, roughness = half, roughness / decay
    cloud -= cloud.min()
    cloud /= cloud.max()
    most = x.max()
    return cut((x + amount * cloud[:height, :width, None]) * most / (most + amount))


def jitter(sums: np.ndarray, roughness: float) -> np.ndarray:
    """Means of four plus the random height of the level."""
    return sums / 4 + roughness * RNG.uniform(-roughness, roughness, sums.shape)


def brightness(image: np.ndarray, amount: float) -> np.ndarray:
    """The value of HSV raised, hue and saturation kept."""
    x = image / 255
    value = x.max(axis=2, keepdims=True)
    raised = (value + amount).clip(0, 1)
    return cut(np.where(value > 0, x * raised / np.where(value > 0, value, 1), raised))


def contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """About the mean of each channel."""
    x = image / 255
    mean = x.mean(axis=(0, 1), keepdims=True)
    return cut((x - mean) * factor + mean)


def pixelate(image: np.ndarray, share: float) -> np.ndarray:
    """Box-resize down and up."""
    height, width = image.shape[:2]
    small = to_pillow(image).resize((int(width * share), int(height * share)), Image.Resampling.BOX)
    return from_pillow(small.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(image: np.ndarray, quality: float) -> np.ndarray:
    """To JPEG and back in memory."""
    file = io.BytesIO()
    to_pillow(image).save(file, "JPEG", quality=round(quality))
    return from_pillow(Image.open(file))


def to_pillow(image: np.ndarray) -> Image.Image:
    """[H, W, C] as an image, grey where C = 1."""
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)


def from_pillow(image: Image.Image) -> np.ndarray:
    """The image as [H, W, C]."""
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


PLAIN: dict[str, Callable[..., np.ndarray]] = {
    function.__name__: function
    for function in (
        gaussian_noise,
        shot_noise,
        impulse_noise,
        defocus_blur,
        gaussian_blur,
        fog,
        brightness,
        contrast,
        pixelate,
        jpeg_compression,
    )
} | PLAIN_SCENES
