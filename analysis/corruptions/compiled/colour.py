"""Changes of each pixel's colour by itself, and frost, which adds other pixels."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop

f4 = np.float32


def brightened(images: Tensor, table: Tensor) -> Tensor:
    """Bytes [N, C, H, W] by a table uint8 [65,536]: largest channel and channel -> new channel."""
    out = torch.empty_like(images)
    _brighten(*_flat(images, out), table.numpy())
    return out


def contrasted(images: Tensor, factor: float, nudge: float) -> Tensor:
    """Bytes [N, C, H, W] with each channel drawn towards its mean, cut to bytes."""
    out = torch.empty_like(images)
    _contrast(*_flat(images, out), f4(factor), 1 - factor, f4(nudge))
    return out


def saturated(images: Tensor, table: Tensor, redden: bool, nudge: float) -> Tensor:
    """Bytes [N, 3, H, W] by a table float32 [65,536]: largest and smallest channel -> new saturation over old.

    With `redden`, green and blue of grey pixels fall by it too.
    """
    out = torch.empty_like(images)
    _saturate(*_flat(images, out), table.numpy(), f4(redden), f4(nudge))
    return out


def frosted(images: Tensor, ice: Tensor, places: Tensor, weights: tuple[float, ...], nudge: float) -> Tensor:
    """Weighted sums of bytes [N, C, H, W] with crops of textures uint8 [K, 3, S, S], cut to bytes.

    Places: int64 [N, 3], texture, top and left of each image's crop.
    """
    out = torch.empty_like(images)
    arrays = (values.numpy() for values in (images, ice, places, out))
    _frost(*arrays, f4(weights[0]), f4(weights[1]), f4(nudge))
    return out


def _flat(*images: Tensor) -> tuple[np.ndarray, ...]:
    return tuple(values.view(*values.shape[:2], -1).numpy() for values in images)


@loop
def _brighten(images: np.ndarray, out: np.ndarray, table: np.ndarray) -> None:
    channels, pixels = images.shape[1:]
    largest = np.empty(pixels, np.uint8)
    for image in range(len(images)):
        first, middle, last = images[image, 0], images[image, channels // 2], images[image, channels - 1]
        for i in range(pixels):
            largest[i] = max(max(first[i], middle[i]), last[i])
        for channel in range(channels):
            source, result = images[image, channel], out[image, channel]
            for i in range(pixels):
                result[i] = table[np.uint32(largest[i]) << np.uint32(8) | np.uint32(source[i])]


@loop
def _contrast(images: np.ndarray, out: np.ndarray, factor: float, rest: float, nudge: float) -> None:
    for image in range(len(images)):
        for channel in range(images.shape[1]):
            source, result = images[image, channel], out[image, channel]
            total = 0
            for i in range(len(source)):
                total += source[i]
            middle = f4(total / len(source) * rest)
            for i in range(len(source)):
                result[i] = np.uint8(min(max(f4(source[i]) * factor + middle + nudge, f4(0)), f4(255)))


@loop
def _saturate(images: np.ndarray, out: np.ndarray, table: np.ndarray, redden: float, nudge: float) -> None:
    pixels = images.shape[2]
    value, ratio, grey = np.empty(pixels, np.float32), np.empty(pixels, np.float32), np.empty(pixels, np.float32)
    for image in range(len(images)):
        red, green, blue = images[image, 0], images[image, 1], images[image, 2]
        for i in range(pixels):
            largest, smallest = max(max(red[i], green[i]), blue[i]), min(min(red[i], green[i]), blue[i])
            value[i] = f4(largest)
            grey[i] = redden if largest == smallest else f4(0)
            ratio[i] = table[np.uint32(largest) << np.uint32(8) | np.uint32(smallest)]
        for channel in range(3):
            source, result = images[image, channel], out[image, channel]
            if channel:
                for i in range(pixels):
                    below = value[i] - f4(source[i]) + grey[i]
                    result[i] = np.uint8(min(max(value[i] - below * ratio[i] + nudge, f4(0)), f4(255)))
            else:
                for i in range(pixels):
                    below = value[i] - f4(source[i])
                    result[i] = np.uint8(min(max(value[i] - below * ratio[i] + nudge, f4(0)), f4(255)))


@loop
def _frost(
    images: np.ndarray, ice: np.ndarray, places: np.ndarray, out: np.ndarray, own: float, other: float, nudge: float
) -> None:
    count, channels, height, width = images.shape
    for image in range(count):
        kind, top, left = places[image, 0], places[image, 1], places[image, 2]
        for channel in range(channels):
            for row in range(height):
                source, result = images[image, channel, row], out[image, channel, row]
                crop = ice[kind, channel, top + row, left : left + width]
                for i in range(width):
                    value = f4(source[i]) * own + f4(crop[i]) * other + nudge
                    result[i] = np.uint8(min(max(value, f4(0)), f4(255)))
