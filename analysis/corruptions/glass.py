"""Glass blur: pixels take the place of their neighbours, all at once, as one permutation of indices."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.blur import gaussian_blur
from analysis.corruptions.compiled import glass as loops
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.pixels import look_up
from analysis.corruptions.random import WORDS, Draws


def glass_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Blur, `rounds` times a random neighbour for each pixel, blur; to bytes after each blur.

    A round goes through the pixels from the last to the first. Each is overwritten by the pixel of a random offset
    from -shift to shift - 1 along both axes, as it is by then; that pixel itself stays. (The published code means to
    exchange the two, but exchanges views of one array.) Pixels nearer to the border than `shift`, or one nearer at the
    upper and left one, keep their own.
    """
    sigma, shift, rounds = parameters[0], max(1, round(parameters[1])), max(1, round(parameters[2]))
    count, channels, height, width = images.shape
    blurred = gaussian_blur(images, (sigma,), draws) if int(4 * sigma + 0.5) else images
    words = draws.words(rounds * height * width)
    if compiled.usable(images):
        moved = loops.moved(blurred, words, shift, rounds)
        return gaussian_blur(moved, (sigma,), draws) if int(4 * sigma + 0.5) else moved
    words = words.to(torch.int32).view(count, rounds, height * width)
    sources = None
    for turn in range(rounds):
        taken = taken_from(words[:, turn], shift, height, width)
        sources = taken if sources is None else sources.gather(1, taken)
    assert sources is not None
    starts = torch.arange(count * channels, device=images.device, dtype=torch.int32).view(count, channels, 1)
    index = (sources.to(torch.int32)[:, None] + starts * (height * width)).flatten()
    moved = look_up(blurred.flatten(), index, images.shape)
    return gaussian_blur(moved, (sigma,), draws) if int(4 * sigma + 0.5) else moved


def taken_from(words: Tensor, shift: int, height: int, width: int) -> Tensor:
    """One round: the pixel whose value each pixel has at last, int64 [N, H W]; words int32 [N, H W].

    Where the pixel at the offset comes later in reading order and moves itself, it has been overwritten by then. What
    it got is found by following the offsets from pixel to pixel, two paths joined to one of double length at a time.
    """
    steps, inside, own = _tables(shift, height, width, words.device)
    sources = look_up(steps, words.flatten(), words.shape)
    sources = sources.mul_(inside).add_(own).long()
    if shift == 1:
        return sources
    open_ = (sources > own) & inside.bool()[sources]
    while open_.any():
        further, still = sources.gather(1, sources), open_.gather(1, sources)
        sources = torch.where(open_, further, sources)
        open_ = open_ & still
    return sources


@lru_cache(maxsize=8)
def _tables(shift: int, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Word -> offset in reading order; 1 where pixels move and 0 elsewhere; each pixel's own place. All int32."""
    words = torch.arange(WORDS, dtype=torch.int32)
    across, down = (((part * 2 * shift) >> 8) - shift for part in (words & 255, words >> 8))
    rows, columns = torch.arange(height), torch.arange(width)
    moving_rows = (rows > shift) & (rows <= height - shift)
    moving_columns = (columns > shift) & (columns <= width - shift)
    inside = (moving_rows[:, None] & moving_columns).flatten().to(torch.int32)
    own = torch.arange(height * width, dtype=torch.int32)
    return (down * width + across).to(device), inside.to(device), own.to(device)


CORRUPTIONS = (
    Corruption(
        "glass_blur",
        "Glass blur",
        "blur",
        glass_blur,
        ("sigma", "shift", "rounds"),
        {
            32: ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
            64: ((0.1, 1, 1), (0.5, 1, 1), (0.6, 1, 2), (0.7, 2, 1), (0.9, 2, 2)),
            224: ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
        },
        lengths=frozenset({"sigma", "shift"}),
        family="cifar_c",
    ),
)
