"""Snow: what an image becomes under its flakes."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop


def whitened(images: Tensor, flakes: Tensor, mix: float, nudge: float) -> Tensor:
    """Images uint8 [N, C, H, W], whitened, plus flakes uint8 [N, 1, H, W] and the flakes turned by half."""
    count, _, height, width = images.shape
    out = torch.empty_like(images)
    flat = [values.reshape(count, -1, height * width).numpy() for values in (images, flakes, out)]
    _whiten(*flat, np.float32(1 - mix), np.float32(nudge))
    return out


@loop
def _whiten(images: np.ndarray, flakes: np.ndarray, out: np.ndarray, share: float, nudge: float) -> None:
    count, channels, pixels = images.shape
    lightest, fallen = np.empty(pixels, np.float32), np.empty(pixels, np.float32)
    for image in range(count):
        planes, layer = images[image], flakes[image, 0]
        first, second, third = planes[0], planes[channels // 2], planes[channels - 1]
        if channels == 3:
            for place in range(pixels):
                grey = np.float32(first[place]) * np.float32(0.299)
                grey += np.float32(second[place]) * np.float32(0.587)
                grey += np.float32(third[place]) * np.float32(0.114)
                lightest[place] = grey * np.float32(1.5) + np.float32(127.5)
        else:
            for place in range(pixels):
                lightest[place] = np.float32(first[place]) * np.float32(1.5) + np.float32(127.5)
        turned = layer[::-1]
        for place in range(pixels):
            fallen[place] = np.float32(layer[place]) + np.float32(turned[place]) + nudge
        for channel in range(channels):
            source, result = planes[channel], out[image, channel]
            for place in range(pixels):
                value = np.float32(source[place])
                value += max(lightest[place] - value, np.float32(0)) * share + fallen[place]
                result[place] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
