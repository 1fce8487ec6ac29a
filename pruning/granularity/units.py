"""Whole units to keep: their scores, and which of them go.

A unit's score is the mean of its weights' scores. The budget is counted in weights, so taking units by rising mean is
the greedy solution of "lose as little score as possible for so many weights", and units of different sizes in different
layers are comparable; a sum would always remove the smallest units first. For magnitude the mean is the L1 norm of Li
et al. 2017 (arXiv 1608.08710) over the size of the filter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from pruning.granularity.base import Granularity


def transposed(model: nn.Module | None) -> dict[str, int]:
    """Names of the weights of transposed convolutions, whose first dimension is not the output, and their groups."""
    modules = model.named_modules() if model is not None else ()
    return {f"{name}.weight": module.groups for name, module in modules if isinstance(module, _ConvTransposeNd)}


@dataclass
class Units:
    """The units of a network that can still go, numbered over all layers.

    Attributes:
        ids: the unit of every weight, flattened, -1 for those that always stay.
        score, size: of each unit the mean score and the number of weights not pruned yet, float64 and int64 [U].
        layer: the first parameter in which the unit has a weight, as its position in `ids`, int64 [U].
        protected: whether the unit has to stay, bool [U].
        ties: draws which of equal units go first; None: the later ones do.
    """

    ids: dict[str, np.ndarray]
    score: np.ndarray
    size: np.ndarray
    layer: np.ndarray
    protected: np.ndarray
    ties: torch.Generator | None = None

    @classmethod
    def tally(
        cls,
        structure: Granularity,
        ranks: Mapping[str, Tensor],
        model: nn.Module | None,
        ties: torch.Generator | None = None,
    ) -> "Units":
        """Sum up the units of `structure`; `ranks` are the weights' scores, minus infinity where already pruned."""
        assert structure.units is not None
        found = structure.units({name: rank.shape for name, rank in ranks.items()}, model)
        ids = {name: found[name].reshape(-1).numpy() for name in ranks}
        count = 1 + max((int(each.max(initial=-1)) for each in ids.values()), default=-1)
        total, size = np.zeros(count), np.zeros(count, dtype=np.int64)
        layer = np.full(count, -1)
        for position, (name, rank) in enumerate(ranks.items()):
            values = _finite(rank)
            here = (rank.reshape(-1) > -torch.inf).cpu().numpy() & (ids[name] >= 0)
            members = ids[name][here]
            seen = np.bincount(members, minlength=count)
            size += seen
            total += np.bincount(members, weights=values[here], minlength=count)
            layer[(seen > 0) & (layer < 0)] = position
        score = total / np.maximum(size, 1)
        units = cls(ids, score, size, layer, np.zeros(count, dtype=bool), ties)
        if structure.keeps_one:
            for position in range(len(ids)):
                order = units.ranking(units.layer == position)
                units.protected[order[-1:]] = True
        return units

    def ranking(self, among: np.ndarray) -> np.ndarray:
        """The units of `among` (bool [U]) that can go, the worst first; of equal ones the later, or as `ties` draws."""
        members = np.flatnonzero(among & (self.size > 0) & ~self.protected)
        if self.ties is not None:
            members = members[torch.randperm(len(members), generator=self.ties).numpy()]
        return members[np.argsort(-self.score[members], kind="stable")][::-1]

    def removable(self) -> int:
        """The number of weights in units that can go."""
        return int(self.size[~self.protected].sum())

    def removable_by_layer(self) -> list[int]:
        """The same for each layer."""
        layers = np.where(self.protected, -1, self.layer)
        return [int(self.size[layers == position].sum()) for position in range(len(self.ids))]

    def worst(self, budget: int, fills: bool) -> np.ndarray:
        """The numbers of the worst units of the network that together have at most `budget` weights."""
        order = self.ranking(np.ones(len(self.size), dtype=bool))
        return order[: self._fitting(order, budget)] if not fills else self._filling(order, budget)

    def worst_by_layer(self, budgets: Mapping[str, int]) -> np.ndarray:
        """The same with a budget for each layer, rounded to whole units so that the total is not exceeded.

        Each layer gives the units that fit into its budget. What is left over by the rounding goes, a unit at most
        each, to the layers whose budget fills most of their next unit (largest remainders, the earlier wins a tie).
        """
        gone: list[np.ndarray] = []
        rests: list[tuple[float, int]] = []
        left = sum(budgets.values())
        for position, budget in enumerate(budgets.values()):
            order = self.ranking(self.layer == position)
            fitting = self._fitting(order, budget)
            spent = int(self.size[order[:fitting]].sum())
            gone.append(order[:fitting])
            left -= spent
            if fitting < len(order):
                rests.append(((budget - spent) / self.size[order[fitting]], int(order[fitting])))
        for _, unit in sorted(rests, key=lambda rest: -rest[0]):
            if self.size[unit] <= left:
                gone.append(np.array([unit]))
                left -= int(self.size[unit])
        return np.concatenate(gone) if gone else np.array([], dtype=np.int64)

    def keep_all_but(self, gone: np.ndarray) -> dict[str, Tensor]:
        """For each parameter a flat bool tensor, False where its unit goes."""
        stays = np.ones(len(self.size) + 1, dtype=bool)  # the last place is for -1
        stays[gone] = False
        return {name: torch.from_numpy(stays[ids]) for name, ids in self.ids.items()}

    def _fitting(self, order: np.ndarray, budget: int) -> int:
        return int(np.searchsorted(np.cumsum(self.size[order]), budget, side="right"))

    def _filling(self, order: np.ndarray, budget: int) -> np.ndarray:
        taken = []
        for unit in order:
            if self.size[unit] <= budget:
                taken.append(int(unit))
                budget -= int(self.size[unit])
        return np.array(taken, dtype=np.int64)


def _finite(rank: Tensor) -> np.ndarray:
    """The scores as float64, flat, so far from infinity that sums of them stay finite and ordered."""
    limit = 1e300
    return rank.detach().cpu().reshape(-1).double().clamp(-limit / rank.numel(), limit / rank.numel()).numpy()
