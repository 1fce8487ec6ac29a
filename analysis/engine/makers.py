"""What a ticket's generative network makes: images of latents, and codes and reconstructions of images.

Networks are those of `pruning.models.generative` and their like: `decode(latents)` gives images in [0, 1],
`encode(images)` means and logarithms of variances, `latent` says how many numbers a latent has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn

from analysis.engine.base import Context
from pruning.errors import UserError
from pruning.ticket import Ticket
from pruning.training.precision import pick_device
from pruning.training.seeds import generator

SEED = 0
BATCH = 500

Codes = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class Maker:
    """A generative network on a device. Images are float32 [N, C, H, W] in [0, 1], on the CPU."""

    module: nn.Module
    latent: int
    device: torch.device

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """The ticket's network. Raises UserError when it makes no images."""
        module, device = ticket.model().eval(), pick_device()
        if not (callable(getattr(module, "decode", None)) and isinstance(getattr(module, "latent", None), int)):
            raise UserError(
                f"The network '{ticket.recipe.model}' of ticket {ticket.id} makes no images: it needs a method "
                "`decode(latents)` and the number `latent`."
            )
        return cls(module.to(device), cast(int, module.latent), device)

    def latents(self, count: int) -> Tensor:
        """Standard normal latents, float32 [count, L]: the same for all networks that have as many numbers in one.

        They are those that the task's score is of. The first few of many are the same as few.
        """
        return torch.randn(count, self.latent, generator=generator(0, "evaluation", "made"))

    def decoded(self, latents: Tensor) -> Tensor:
        """Images of latents."""
        decode = cast(Callable[[Tensor], Tensor], self.module.decode)
        with torch.inference_mode():
            return torch.cat([decode(part.to(self.device)).float().cpu() for part in latents.split(BATCH)])

    def encoded(self, images: Tensor) -> Codes:
        """Means [N, L] of the codes of images, and the logarithms of their variances, None where they have none."""
        found = [self._codes(part) for part in images.split(BATCH)]
        means, variances = zip(*found, strict=True)
        return torch.cat(means), None if variances[0] is None else torch.cat(variances)

    def _codes(self, images: Tensor) -> Codes:
        with torch.inference_mode():
            mean, log_variance = cast(Callable[[Tensor], Codes], self.module.encode)(images.to(self.device))
        return mean.float().cpu(), None if log_variance is None else log_variance.float().cpu()


def maker_of(context: Context) -> Maker:
    """The network of the ticket that is measured, built once for all its measures."""
    return context.once(_made)


def _made(context: Context) -> Maker:
    return Maker.of(context.ticket)


def unit(images: Tensor) -> Tensor:
    """Images uint8 as float32 in [0, 1]."""
    return images.float() / 255
