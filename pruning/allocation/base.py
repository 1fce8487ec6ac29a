"""What an allocation is, and how a number of kept weights is shared out exactly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pruning.registry import Registry
from pruning.validation import Options


@dataclass(frozen=True)
class Layers:
    """What a sparsity is shared out over.

    Attributes:
        scores: of each layer's weights, flat; minus infinity where one is pruned already.
        shapes: of the weights.
        keep: how many weights stay in all.
    """

    scores: Mapping[str, Tensor]
    shapes: Mapping[str, torch.Size]
    keep: int

    @property
    def sizes(self) -> dict[str, int]:
        """How many weights each layer has, the pruned ones included."""
        return {name: score.numel() for name, score in self.scores.items()}

    @property
    def density(self) -> float:
        """The fraction of all weights that stays."""
        return self.keep / sum(self.sizes.values())


@dataclass(frozen=True)
class Allocation:
    """How a sparsity is shared out over layers.

    Attributes:
        name: as recipes spell it; label: how it shares, for people.
        density: the relative density of a layer, from its weight's shape; None: scores are compared over all layers,
            unless there are `shares`.
        shares: how many weights each layer keeps in proportion, where more than its own shape decides that; it may
            raise UserError. Where they sum up to what is kept in all, they are met to the weight.
        options: what it lets one choose.
        configure: makes the density from these; None where there is nothing to choose.
    """

    name: str
    label: str
    density: Callable[[torch.Size], float] | None
    options: type[Options] = Options
    configure: Callable[[Options], Callable[[torch.Size], float]] | None = None
    shares: Callable[[Layers, Options], dict[str, float]] | None = None

    def density_for(self, options: Options | None) -> Callable[[torch.Size], float] | None:
        """The density under these options, by default its own."""
        return self.density if self.configure is None else self.configure(options or self.options())

    def shared(self, layers: Layers, options: Options | None) -> dict[str, float] | None:
        """How many weights each layer keeps, in proportion; None where scores decide over all layers."""
        if self.shares is not None:
            return self.shares(layers, options or self.options())
        density = self.density_for(options)
        if density is None:
            return None
        return {name: density(layers.shapes[name]) * size for name, size in layers.sizes.items()}


ALLOCATIONS: Registry[Allocation] = Registry("allocation", Allocation, "pruning.allocation")


def share(keep: int, weights: Mapping[str, float], capacity: Mapping[str, int]) -> dict[str, int]:
    """Share `keep` units out over layers in proportion to `weights`, none above its `capacity`, summing exactly.

    Layers whose share exceeds their capacity are filled, and the rest is shared anew over the others. Fractions go to
    the largest remainders, the earlier layer winning a tie.
    """
    shares = dict.fromkeys(weights, 0.0)
    open_layers = [name for name in weights if capacity[name] > 0 and weights[name] > 0]
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
