"""A file with weights of Inception that are drawn, as the published one cannot be had in tests."""

from pathlib import Path

import torch
from torch import Tensor

from analysis.metrics.inception import fid_network


def drawn_state() -> dict[str, Tensor]:
    """Weights that keep the variance of what goes through, and statistics other than 0 and 1; the same each time."""
    source = torch.Generator().manual_seed(0)
    found = {}
    for name, value in fid_network().state_dict().items():
        noise = torch.randn(value.shape, generator=source) if value.is_floating_point() else value
        if value.dim() > 1:
            found[name] = noise * (2 / value[0].numel()) ** 0.5
        elif value.is_floating_point():
            found[name] = 1 + 0.1 * noise if name.endswith(("running_var", "bn.weight")) else 0.1 * noise
    return found


def write_drawn(path: Path) -> Path:
    """Write them as the published file has them: without counters."""
    torch.save(drawn_state(), path)
    return path


def pictures(count: int, channels: int = 3, side: int = 28) -> Tensor:
    """Smooth pictures of 8 bits, float32 [N, C, H, W] in [0, 1]."""
    source = torch.Generator().manual_seed(count)
    coarse = torch.rand(count, channels, 6, 6, generator=source)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)
    return (255 * smooth).round() / 255
