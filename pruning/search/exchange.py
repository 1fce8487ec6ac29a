"""Masks that follow the scores: kept weights are exchanged for better ones, the number kept staying the same.

As many weights enter a mask as leave it, so that counts are exact after every step, whatever ties there are. A weight
enters only for one that scores strictly less: a tie leaves the mask as it is, and of equals the earlier enters first
and the later leaves first.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pruning.masks import Masks
from pruning.search.network import Searched
from pruning.search.swaps import Swaps
from pruning.training import Hook

RESTRICTIONS: dict[str, Callable[[float], float]] = {
    "cosine": lambda t: 0.5 * (1 + math.cos(math.pi * t)),
    "quartic": lambda t: (1 - t) ** 4,
    "none": lambda t: 1.0,
}
"""The share of the possible swaps that is carried out when the fraction t in [0, 1) of the search is over."""


def crossings(ranks: Tensor, kept: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Which weights would have to enter, and which to leave, for the best ones to be kept.

    Args:
        ranks: float [n]; higher is better.
        kept: bool [n], what is kept now.
        allowed: bool [n], what may enter; None: everything.

    Returns:
        positions, int64 [m] each: those that would enter, best first, and those that would leave, worst first.
    """
    free = ~kept if allowed is None else allowed & ~kept
    lowest = torch.where(kept, ranks, math.inf).amin()
    highest = torch.where(free, ranks, -math.inf).amax()
    # only what lies between these two can move, and that is little: nothing else needs sorting
    rising = ((ranks > lowest) & free).nonzero().squeeze(1)
    falling = ((ranks < highest) & kept).nonzero().squeeze(1).flip(0)
    rising = rising[ranks[rising].argsort(descending=True, stable=True)]
    falling = falling[ranks[falling].argsort(stable=True)]
    pairs = min(len(rising), len(falling))
    moving = int((ranks[rising[:pairs]] > ranks[falling[:pairs]]).sum())
    return rising[:moving], falling[:moving]


def exchange(
    ranks: Sequence[Tensor], masks: Sequence[Tensor], share: float, allowed: Sequence[Tensor] | None = None
) -> tuple[int, int]:
    """Swap the first ceil(share m) of m possible pairs (`crossings`) in masks that are ranked together, in place.

    Returns:
        how many swaps were carried out, and how many were possible.
    """
    flat, kept = _joined(ranks), _joined(masks)
    entering, leaving = crossings(flat, kept, None if allowed is None else _joined(allowed))
    possible = len(entering)
    carried = math.ceil(share * possible)
    if carried:
        kept[entering[:carried]] = True
        kept[leaving[:carried]] = False
        for mask, part in zip(masks, kept.split([mask.numel() for mask in masks]), strict=True):
            mask.copy_(part.view(mask.shape))
    return carried, possible


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0].reshape(-1) if len(parts) == 1 else torch.cat([part.reshape(-1) for part in parts])


class Exchanging(Hook):
    """Exchanges weights after every step of the optimiser.

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
        searched: Searched,
        iterations: int,
        restrict: str = "none",
        together: bool = False,
        by_size: bool = False,
        allowed: Masks | None = None,
    ) -> None:
        self.searched, self.iterations, self.by_size = searched, iterations, by_size
        self.share = RESTRICTIONS[restrict]
        places = range(len(searched.names))
        self.groups = [list(places)] if together else [[place] for place in places]
        self.allowed = [allowed[name] for name in searched.names] if allowed is not None else None
        self.swaps = Swaps()

    @torch.no_grad()
    def after(self, step: int) -> bool:
        """Swap; the search goes on."""
        share = self.share(step / self.iterations)
        scores = [score.detach() for score in self.searched.scores]
        ranks, masks = [score.abs() for score in scores] if self.by_size else scores, self.searched.masks
        if self.allowed is not None:
            self.allowed = [each.to(masks[0].device) for each in self.allowed]
        carried = possible = 0
        for group in self.groups:
            allowed = [self.allowed[place] for place in group] if self.allowed is not None else None
            done, could = exchange([ranks[place] for place in group], [masks[place] for place in group], share, allowed)
            carried, possible = carried + done, possible + could
        self.swaps.note(step, carried, possible)
        return False
