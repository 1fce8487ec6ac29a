"""What an allocation is, and how a number of kept weights is shared out exactly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from pruning.registry import Registry
from pruning.validation import Options


@dataclass(frozen=True)
class Allocation:
    """How a sparsity is shared out over layers.

    Attributes:
        name: as recipes spell it; label: how it shares, for people.
        density: the relative density of a layer, from its weight's shape; None: scores are compared over all layers.
        options: what it lets one choose.
        configure: makes the density from these; None where there is nothing to choose.
    """

    name: str
    label: str
    density: Callable[[torch.Size], float] | None
    options: type[Options] = Options
    configure: Callable[[Options], Callable[[torch.Size], float]] | None = None

    def density_for(self, options: Options | None) -> Callable[[torch.Size], float] | None:
        """The density under these options, by default its own."""
        return self.density if self.configure is None else self.configure(options or self.options())


ALLOCATIONS: Registry[Allocation] = Registry("allocation", Allocation, "pruning.allocation")


def share(keep: int, weights: Mapping[str, float], capacity: Mapping[str, int]) -> dict[str, int]:
    """Share `keep` units out over layers in proportion to `weights`, none above its `capacity`, summing exactly.

    Layers whose share exceeds their capacity are filled, and the rest is shared anew over the others. Fractions go to
    the largest remainders, the earlier layer winning a tie.
    """
    shares = dict.fromkeys(weights, 0.0)
    open_layers = [name for name in weights if capacity[name] > 0]
    left = float(keep)
    while open_layers:
        scale = left / sum(weights[name] for name in open_layers)
        full = [name for name in open_layers if scale * weights[name] >= capacity[name]]
        if not full:
            shares.update({name: scale * weights[name] for name in open_layers})
            break
        shares.update({name: float(capacity[name]) for name in full})
        left -= sum(capacity[name] for name in full)
        open_layers = [name for name in open_layers if name not in full]
    whole = {name: int(np.floor(value + 1e-9)) for name, value in shares.items()}
    by_remainder = sorted(shares, key=lambda name: whole[name] - shares[name])
    missing = keep - sum(whole.values())
    while missing > 0:
        for name in by_remainder:
            if missing > 0 and whole[name] < capacity[name]:
                whole[name] += 1
                missing -= 1
    return whole
