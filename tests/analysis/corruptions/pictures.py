"""Images to corrupt: smooth like photographs, with some grain, the same on every run."""

import torch
import torch.nn.functional as F
from torch import Tensor


def pictures(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    """uint8 [count, channels, height, width]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 6, 6, generator=generator) * 255
    smooth = F.interpolate(coarse, (height, width), mode="bicubic")
    grain = torch.randn(count, channels, height, width, generator=generator) * 6
    return (smooth + grain).clamp(0, 255).to(torch.uint8)


def flat(value: int, count: int = 16, channels: int = 3, size: int = 32) -> Tensor:
    """Images that are `value` everywhere."""
    return torch.full((count, channels, size, size), value, dtype=torch.uint8)
