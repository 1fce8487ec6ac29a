"""Changes of each pixel's colour by itself."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions.pixels import cut, look_up
from analysis.corruptions.random import Draws
from analysis.corruptions.registry import Corruption, Row, single


def brightness(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The value V of HSV, the largest channel, grows by `amount`, at most to 1; hue and saturation stay."""
    (amount,) = parameters
    bytes_ = images.to(torch.int32)
    largest = bytes_.amax(dim=1, keepdim=True) if images.shape[1] > 1 else bytes_
    return look_up(_brightness_table(amount, images.device), (largest * 256 + bytes_).flatten(), images.shape)


def contrast(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Each channel is drawn towards its mean mu: (x - mu) factor + mu."""
    (factor,) = parameters
    mean = images.sum(dim=(2, 3), keepdim=True, dtype=torch.int64).double() / images[0, 0].numel()
    return cut(images.float().mul_(factor).add_((mean * (1 - factor)).float()))


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
    ),
)
