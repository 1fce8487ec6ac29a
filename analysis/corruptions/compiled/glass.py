"""Glass: pixels overwritten by neighbours one after another, which is how it is defined."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop


def moved(images: Tensor, words: Tensor, shift: int, rounds: int) -> Tensor:
    """Bytes [N, C, H, W] after some rounds of moves by words uint16 [N, rounds H W]; see `glass.glass_blur`."""
    out = torch.empty_like(images)
    count, channels, height, width = images.shape
    flat = [values.view(count, channels, -1).numpy() for values in (images, out)]
    _move(*flat, words.numpy(), shift, rounds, height, width)
    return out


@loop
def _move(
    images: np.ndarray, out: np.ndarray, words: np.ndarray, shift: int, rounds: int, height: int, width: int
) -> None:
    pixels = height * width
    # Unsigned, as Numba looks for negative indices among signed ones.
    places = np.empty(pixels, np.uint32)
    for image in range(len(images)):
        for place in range(pixels):
            places[place] = place
        for turn in range(rounds):
            drawn = words[image, turn * pixels : (turn + 1) * pixels]
            for row in range(height - shift, shift, -1):
                for column in range(width - shift, shift, -1):
                    own = row * width + column
                    word = np.int64(drawn[own])
                    right, down = ((word & 255) * 2 * shift >> 8) - shift, ((word >> 8) * 2 * shift >> 8) - shift
                    places[own] = places[own + down * width + right]
        for channel in range(images.shape[1]):
            source, result = images[image, channel], out[image, channel]
            for place in range(pixels):
                result[place] = source[places[place]]
