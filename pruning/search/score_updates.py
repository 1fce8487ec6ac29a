"""Masks that follow the scores while these are trained."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pruning.masks import Masks
from pruning.search.network import SupermaskNetwork
from pruning.search.swaps import Swaps
from pruning.search.top_k import TopK
from pruning.training.loop import Hook

RESTRICTIONS: dict[str, Callable[[float], float]] = {
    "cosine": lambda t: 0.5 * (1 + math.cos(math.pi * t)),
    "quartic": lambda t: (1 - t) ** 4,
    "none": lambda t: 1.0,
}
"""The share of the possible swaps that is carried out when the fraction t in [0, 1) of the search is over."""


class MaskUpdates(Hook):
    """Exchanges weights after every step of the optimiser, the last one included.

    Args:
        searched: the network that is being trained.
        iterations: how many iterations the search has.
        restrict: of `RESTRICTIONS`.
        together: whether layers compete with each other; otherwise each keeps its count.
        by_size: whether the best scores are those of the largest size, whatever their sign.
        allowed: what may be kept, by name; None: everything.
    """

    def __init__(
        self,
        searched: SupermaskNetwork,
        iterations: int,
        restrict: str = "none",
        together: bool = False,
        by_size: bool = False,
        allowed: Masks | None = None,
    ) -> None:
        self.searched, self.iterations, self.by_size, self.allowed = searched, iterations, by_size, allowed
        self.share = RESTRICTIONS[restrict]
        places = list(range(len(searched.names)))
        self.groups = [places] if together else [[place] for place in places]
        self.top_k: list[TopK] = []
        self.swaps = Swaps()

    def _begin(self) -> list[TopK]:
        """The top_k, on the device to which the network has been moved."""
        masks = self.searched.masks
        kept = [mask > 0 for mask in masks]
        if self.allowed is None:
            return [TopK(_joined(kept, group)) for group in self.groups]
        allowed = [self.allowed[name].to(masks[0].device) for name in self.searched.names]
        return [TopK(_joined(kept, group), _joined(allowed, group)) for group in self.groups]

    @torch.no_grad()
    def after(self, step: int) -> bool:
        """Swap; the search goes on."""
        self.top_k = self.top_k or self._begin()
        share = self.share(step / self.iterations)
        scores, masks = list(self.searched.scores), self.searched.masks
        carried = possible = 0
        for group, top in zip(self.groups, self.top_k, strict=True):
            ranks = _joined(scores, group)
            done, could = top.swap(ranks.abs() if self.by_size else ranks, share)
            carried, possible = carried + done, possible + could
            if done:
                parts = top.kept.split([masks[place].numel() for place in group])
                for place, part in zip(group, parts, strict=True):
                    masks[place].copy_(part.view(masks[place].shape))
        self.swaps.note(step, carried, possible)
        return False


def _joined(parts: Sequence[Tensor], group: Sequence[int]) -> Tensor:
    """The parts of a group as one vector."""
    flat = [parts[place].reshape(-1) for place in group]
    return flat[0] if len(flat) == 1 else torch.cat(flat)
