"""What a structure is: how the weights of a network fall into pieces that are removed as one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Shapes = Mapping[str, torch.Size]
Ids = dict[str, Tensor]
FindUnits = Callable[[Shapes, nn.Module | None], Ids]


@dataclass(frozen=True)
class Structure:
    """What is removed as one piece.

    Attributes:
        name: as recipes spell it.
        pattern: (N, M) when N of every M neighbours are kept, else None.
        units: from the shapes of the prunable parameters and the network (None where there is none at hand) the number
            of the unit that each weight belongs to: int64 tensors of the parameters' shapes, counted from 0 over the
            whole network; -1 for a weight that this structure never removes. None: each weight is its own unit.
        keeps_one: whether the best unit of each parameter always stays.
        fills: whether, when the next unit in the ranking is too large for what is still to be removed, smaller ones
            after it are taken; else the removal ends there.
        network_wide: whether units lie across parameters, so that a sparsity cannot be shared out over these.
    """

    name: str
    pattern: tuple[int, int] | None = None
    units: FindUnits | None = None
    keeps_one: bool = False
    fills: bool = False
    network_wide: bool = False

    @property
    def fixed_sparsity(self) -> float | None:
        """The sparsity that the structure itself decides, None where the user does."""
        return None if self.pattern is None else 1 - self.pattern[0] / self.pattern[1]

    @property
    def allocates(self) -> bool:
        """Whether a sparsity can be shared out over the layers in several ways."""
        return self.pattern is None and not self.network_wide
