"""A network under attack, as a function of pixels, and the balls that an attack stays in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pruning.data.base import LEVELS
from pruning.errors import UserError
from pruning.models.classifier import widened
from pruning.training.precision import as_input

Norm = Literal["linf", "l2"]
UNITS: dict[Norm, float] = {"linf": LEVELS - 1, "l2": 1.0}
"""Of a size that people write, how many make the range of a pixel, 0 to 1: L-inf in grey levels, L2 in that range."""
ROUNDING = 1e-4
"""Share of a ball's radius by which rounding may leave it."""


@dataclass(frozen=True)
class Ball:
    """All images that differ from a clean one by no more than a size, with pixels in [0, 1].

    Attributes:
        norm: "linf", the largest change of a pixel's channel, or "l2", the square root of the sum of their squares.
        size: as people write it: of L-inf in grey levels of 255, of L2 with pixels in [0, 1].
    """

    norm: Norm
    size: float

    @property
    def radius(self) -> float:
        """With pixels in [0, 1]."""
        return self.size / UNITS[self.norm]

    @property
    def name(self) -> str:
        """Such as ``linf 8`` or ``l2 0.5``."""
        return f"{self.norm} {self.size:g}"

    def length(self, changes: Tensor) -> Tensor:
        """The norm of changes [N, C, H, W], float32 [N]."""
        flat = changes.flatten(1)
        return flat.abs().amax(dim=1) if self.norm == "linf" else torch.linalg.vector_norm(flat, dim=1)

    def direction(self, gradients: Tensor) -> Tensor:
        """The change of length 1 along which a linear function with these gradients [N, C, H, W] rises most."""
        if self.norm == "linf":
            return gradients.sign()
        largest = gradients.flatten(1).abs().amax(dim=1).clamp(min=torch.finfo(gradients.dtype).tiny)
        scaled = gradients / largest.view(-1, 1, 1, 1)  # so that squares of small numbers are not lost
        return scaled / self.length(scaled).clamp(min=1e-12).view(-1, 1, 1, 1)

    def reach(self, images: Tensor, clean: Tensor) -> Tensor:
        """Images [N, C, H, W] brought back into the ball around the clean ones, and into [0, 1]."""
        changes = images - clean
        if self.norm == "linf":
            changes = changes.clamp(-self.radius, self.radius)
        else:
            length = self.length(changes).clamp(min=1e-12)
            changes = changes * (self.radius / length).clamp(max=1).view(-1, 1, 1, 1)
        # The clean pixels are in [0, 1], so that clipping brings an image nearer to them.
        return (clean + changes).clamp(0, 1)

    def start(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        """Changes of that shape, uniform in the ball; drawn on the CPU."""
        if self.norm == "linf":
            return (2 * torch.rand(shape, generator=generator) - 1) * self.radius
        flat = torch.randn(shape, generator=generator).flatten(1)
        shares = torch.rand(len(flat), 1, generator=generator) ** (1 / flat.shape[1])
        found: Tensor = (flat / torch.linalg.vector_norm(flat, dim=1, keepdim=True) * shares * self.radius).view(shape)
        return found


class Pixels(nn.Module):
    """A network as a function of float32 images with pixels in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, module: nn.Module, mean: tuple[float, ...], std: tuple[float, ...], macs: int) -> None:
        super().__init__()
        self.module, self.macs = module, macs
        device = next((each.device for each in module.parameters()), torch.device("cpu"))
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values, device=device).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Give the logits, float32 [N, K]."""
        shown = as_input((images - self.mean) / self.std, self.mean.device, self.macs)
        return widened(self.module(shown))

    @torch.no_grad()
    def right(self, images: Tensor, labels: Tensor) -> Tensor:
        """Which images are classified right, bool [N].

        Raises:
            UserError: the logits are not finite.
        """
        logits = self(images)
        if not logits.isfinite().all():
            raise UserError(
                "The network cannot be attacked: its logits are not finite; look whether its weights hold NaN."
            )
        found: Tensor = logits.argmax(dim=1) == labels
        return found
