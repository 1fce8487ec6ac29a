"""Kept weights give way to better ones, the number kept staying the same.

As many weights enter as leave, so that the count is exact after every step, whatever ties there are. A weight enters
only for one that scores strictly less: a tie leaves everything as it is, and of equals the earlier enters first and
the later leaves first.
"""

import math

import torch
from torch import Tensor


class TopK:
    """Which of n weights are kept while their ranks change.

    Args:
        kept: bool [n], what is kept at first.
        allowed: bool [n], what may ever be kept; None: everything.
    """

    def __init__(self, kept: Tensor, allowed: Tensor | None = None) -> None:
        free = ~kept if allowed is None else allowed & ~kept
        # added to the ranks: only what is kept, or only what may enter, stays finite (an addition is several times
        # faster than torch.where, and this is done after every step)
        self.inside = torch.where(kept, 0.0, math.inf)
        self.outside = torch.where(free, 0.0, -math.inf)

    @property
    def kept(self) -> Tensor:
        """Which weights are kept, bool [n]."""
        return self.inside == 0

    def crossings(self, ranks: Tensor) -> tuple[Tensor, Tensor]:
        """Which weights would have to enter, and which to leave, for the best ones to be kept.

        Args:
            ranks: float [n], finite; higher is better.

        Returns:
            positions, int64 [m] each: those that would enter, best first, and those that would leave, worst first.
        """
        kept, free = ranks + self.inside, ranks + self.outside
        lowest, highest = kept.amin(), free.amax()
        if not bool(highest > lowest):
            nothing = torch.zeros(0, dtype=torch.int64, device=ranks.device)
            return nothing, nothing
        # only what lies between these two can move, and that is little: nothing else needs sorting
        rising = (free > lowest).nonzero().squeeze(1)
        falling = (kept < highest).nonzero().squeeze(1).flip(0)
        rising = rising[ranks[rising].argsort(descending=True, stable=True)]
        falling = falling[ranks[falling].argsort(stable=True)]
        pairs = min(len(rising), len(falling))
        moving = int((ranks[rising[:pairs]] > ranks[falling[:pairs]]).sum())
        return rising[:moving], falling[:moving]

    def swap(self, ranks: Tensor, share: float = 1.0) -> tuple[int, int]:
        """Carry out the first ceil(share m) of the m swaps that `crossings` names.

        Returns:
            how many were carried out, and m.
        """
        entering, leaving = self.crossings(ranks)
        possible = len(entering)
        carried = math.ceil(round(share * possible, 9))  # 0.75 of 4 is 3, also with the cosine's last digit
        entering, leaving = entering[:carried], leaving[:carried]
        self.inside[entering], self.outside[entering] = 0.0, -math.inf
        self.inside[leaving], self.outside[leaving] = math.inf, 0.0
        return carried, possible
