"""Changes of each pixel's colour by itself."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import colour as loops
from analysis.corruptions.corruption import Corruption, Row, single
from analysis.corruptions.pixels import NUDGE, cut, look_up, precise
from analysis.corruptions.random import Draws

TRIFLE = 2.0**-9


def brightness(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The value V of HSV, the largest channel, grows by `amount`, at most to 1; hue and saturation stay."""
    (amount,) = parameters
    if compiled.usable(images):
        return loops.brightened(images, _brightness_table(amount, images.device))
    bytes_ = images.to(torch.int32)
    largest = bytes_.amax(dim=1, keepdim=True) if images.shape[1] > 1 else bytes_
    return look_up(_brightness_table(amount, images.device), (largest * 256 + bytes_).flatten(), images.shape)


def contrast(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Each channel is drawn towards its mean mu: (x - mu) factor + mu."""
    (factor,) = parameters
    if compiled.usable(images):
        return loops.contrasted(images, factor, NUDGE)
    mean = images.sum(dim=(2, 3), keepdim=True, dtype=torch.int64).to(precise(images.device)) / images[0, 0].numel()
    return cut(images.float().mul_(factor).add_((mean * (1 - factor)).float()))


def saturate(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The saturation S of HSV becomes a S + b, between 0 and 1; hue and value stay.

    Grey has hue 0 there, so that b > 0 turns it reddish. Images of one channel have no saturation and stay.
    """
    factor, addend = parameters
    if images.shape[1] == 1:
        return images.clone()
    table = _saturation_table(factor, addend, images.device)
    if compiled.usable(images):
        return loops.saturated(images, table, addend > 0, NUDGE)
    largest, smallest = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    index = largest.to(torch.int32).mul_(256).add_(smallest).flatten()
    ratio = look_up(table, index, largest.shape)
    value = largest.float()
    below = value - images
    if addend > 0:
        below[:, 1:] += largest == smallest
    return cut(value - below.mul_(ratio))


@lru_cache(maxsize=16)
def _saturation_table(factor: float, addend: float, device: torch.device) -> Tensor:
    """256 x 256, flat: largest and smallest channel -> new saturation over old; where that is 0, new times value.

    Whole results are frequent, and arithmetic in HSV, of which CIFAR-10-C is made, leaves half of them a rounding error
    too low, to be cut to the next byte. Where it does so for the smallest channel, the ratio is a trifle larger.
    """
    value = torch.arange(256, dtype=torch.float64)[:, None] / 255
    spread = (value - torch.arange(256, dtype=torch.float64) / 255).clamp(min=0)
    new = (spread / value.clamp(min=1e-9) * factor + addend).clamp(0, 1)
    lowest = value * (1 - new) * 255
    too_low = lowest.floor() < (lowest + 1e-6).floor()
    lowest = torch.where(too_low, lowest - TRIFLE, lowest)
    ratio = (value * 255 - lowest) / torch.where(spread > 0, spread * 255, 1)
    return ratio.float().flatten().to(device)


@lru_cache(maxsize=16)
def _brightness_table(amount: float, device: torch.device) -> Tensor:
    """256 x 256, flat: largest channel and channel -> new channel. Channels scale as V does; black turns grey."""
    largest = torch.arange(256, dtype=torch.float64)[:, None]
    channel = torch.arange(256, dtype=torch.float64)
    grown = (largest + 255 * amount).clamp(max=255)
    values = torch.where(largest > 0, channel * grown / largest.clamp(min=1), grown)
    # The tiny addend undoes the rounding of the division where the result is whole.
    return (values + 1e-9).clamp(max=255).to(torch.uint8).flatten().to(device)


CORRUPTIONS = (
    Corruption(
        "brightness",
        "Brightness",
        "weather",
        brightness,
        ("amount",),
        {
            32: single(0.05, 0.1, 0.15, 0.2, 0.3),
            64: single(0.1, 0.2, 0.3, 0.4, 0.5),
            224: single(0.1, 0.2, 0.3, 0.4, 0.5),
        },
        family="cifar_c",
    ),
    Corruption(
        "contrast",
        "Contrast",
        "digital",
        contrast,
        ("factor",),
        {
            32: single(0.75, 0.5, 0.4, 0.3, 0.15),
            64: single(0.4, 0.3, 0.2, 0.1, 0.05),
            224: single(0.4, 0.3, 0.2, 0.1, 0.05),
        },
        family="cifar_c",
    ),
    Corruption(
        "saturate",
        "Saturate",
        "digital",
        saturate,
        ("factor", "addend"),
        {
            32: ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
            64: ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (30, 0.2)),
            224: ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
        },
        extra=True,
        family="cifar_c",
    ),
)
