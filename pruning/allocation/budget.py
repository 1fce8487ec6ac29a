"""How many weights each layer keeps of relative densities, so that a budget of weights or multiply-adds is met."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from pruning.allocation.base import share
from pruning.errors import UserError

HALVINGS = 40
STEEPEST = 64.0
CLOSE = 1e-9


@dataclass(frozen=True)
class Budget:
    """What a network may keep; every layer keeps one weight at least.

    Attributes:
        sizes: weights of each layer.
        costs: multiply-adds of one weight of each layer, for one image (`pruning.models.weight_uses`).
        weights: how many stay, exactly; None: as many as the multiply-adds allow.
        madds: how many multiply-adds with these layers' weights may stay; None: as many as the weights have.
    """

    sizes: Mapping[str, int]
    costs: Mapping[str, float]
    weights: int | None
    madds: float | None

    @classmethod
    def of(cls, sizes: Mapping[str, int], costs: Mapping[str, float], sparsity: float, unit: str) -> "Budget":
        """The budget that is left when a fraction of the unit goes: of "weights", "multiply_adds", or of "both"."""
        total = sum(sizes.values())
        weights = total - round(sparsity * total)
        madds = (1 - sparsity) * sum(sizes[name] * costs[name] for name in sizes)
        return cls(sizes, costs, None if unit == "multiply_adds" else weights, None if unit == "weights" else madds)

    def spent(self, kept: Mapping[str, int]) -> float:
        """The multiply-adds of so many weights of each layer."""
        return sum(kept[name] * self.costs[name] for name in kept)

    def counts(self, densities: Mapping[str, float]) -> dict[str, int]:
        """How many weights each layer keeps where densities are in proportion to these, above 0, and at most 1.

        Under both budgets the densities of layers whose weights are dear are lowered by a power of their cost, the
        smallest that the budget takes.

        Raises:
            UserError: the budget is less than one weight of each layer, or no densities meet both budgets.
        """
        if self.weights is None:
            return self._within_madds(densities)
        if self.weights < len(self.sizes):
            raise UserError(
                f"A budget of {self.weights} weights leaves less than one to each of the {len(self.sizes)} layers; ask "
                "for a lower sparsity."
            )
        found = self._of_weights(densities, 0.0)
        if self.madds is None or self._affords(found):
            return found
        low, high = 0.0, STEEPEST
        found = self._of_weights(densities, high)
        if not self._affords(found):
            raise UserError(
                "No sparsities of the layers keep so many weights and so few multiply-adds; take one budget of them."
            )
        for _ in range(HALVINGS):
            power = (low + high) / 2
            tried = self._of_weights(densities, power)
            low, high, found = (low, power, tried) if self._affords(tried) else (power, high, found)
        return found

    def _affords(self, kept: Mapping[str, int]) -> bool:
        """Whether the multiply-adds are met, to one of the cheapest weights: how many weights stay is rounded too."""
        return self.madds is None or self.spent(kept) <= (self.madds + min(self.costs.values())) * (1 + CLOSE)

    def _of_weights(self, densities: Mapping[str, float], power: float) -> dict[str, int]:
        assert self.weights is not None  # asked for where there are
        dearest = max(self.costs.values()) or 1.0
        cheap = {name: max(cost / dearest, 1e-3) ** -power for name, cost in self.costs.items()}
        wanted = {name: densities[name] * cheap[name] * size for name, size in self.sizes.items()}
        found = share(self.weights, wanted, self.sizes)
        for name in [name for name, count in found.items() if not count]:
            found[max(found, key=found.__getitem__)] -= 1
            found[name] = 1
        return found

    def _within_madds(self, densities: Mapping[str, float]) -> dict[str, int]:
        """As many as can be: fractions are rounded down, and the largest up again while they fit."""
        assert self.madds is not None  # there is one budget at least
        dear = {name: size for name, size in self.sizes.items() if self.costs[name] > 0}
        least = sum(self.costs[name] for name in dear)
        if least > self.madds:
            raise UserError(
                f"A budget of {self.madds:.0f} multiply-adds is less than one weight of each of the {len(dear)} layers "
                f"costs ({least:.0f}); ask for a lower sparsity."
            )
        exact = _filled(self.madds, densities, dear, self.costs)
        found = {name: max(1, floor(exact[name] + CLOSE)) if name in dear else self.sizes[name] for name in self.sizes}
        while self.spent(found) > self.madds * (1 + CLOSE):  # where many layers were lifted to one weight
            found[max((name for name in dear if found[name] > 1), key=lambda name: found[name] * self.costs[name])] -= 1
        for name in sorted(dear, key=lambda name: floor(exact[name] + CLOSE) - exact[name]):
            fits = self.spent(found) + self.costs[name] <= self.madds * (1 + CLOSE)
            found[name] += int(fits and found[name] < self.sizes[name])
        return found


def _filled(
    budget: float, densities: Mapping[str, float], sizes: Mapping[str, int], costs: Mapping[str, float]
) -> dict[str, float]:
    """Weights of each layer, not whole ones, that spend the budget: those that would be more than full are full."""
    found = {name: float(size) for name, size in sizes.items()}
    left, open_layers = budget, list(sizes)
    while open_layers:
        scale = left / sum(densities[name] * sizes[name] * costs[name] for name in open_layers)
        full = [name for name in open_layers if scale * densities[name] >= 1]
        if not full:
            return found | {name: scale * densities[name] * sizes[name] for name in open_layers}
        left -= sum(sizes[name] * costs[name] for name in full)
        open_layers = [name for name in open_layers if name not in full]
    return found
