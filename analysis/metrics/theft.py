"""What a thief does to a stolen ticket to be rid of the owner's mark: prunes it further, adds weights, trains it again.

Attacks of You are caught stealing my winning lottery ticket (Chen et al. 2021, NeurIPS). Each gives a new network with
masks and leaves the one it was given as it was; all chance comes from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.masks import Masks, make_masks
from pruning.models import count_macs
from pruning.ownership.keys import scored
from pruning.ownership.permutation import permuted
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.evaluation import accuracy
from pruning.training.loop import train
from pruning.training.precision import pick_device, pick_precision, prepare, settled
from pruning.training.seeds import derived_seed, generator

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Loot:
    """A network that was taken, its masks by parameter, True = kept, and the shape (C, H, W) of what it is shown.

    Pruned weights are zero.
    """

    model: nn.Module
    masks: Masks
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, ticket: Ticket) -> Loot:
        """What a ticket holds."""
        return cls(ticket.model().eval(), ticket.masks, ticket.info.shape)

    @property
    def weights(self) -> dict[str, Tensor]:
        """The prunable weights by name, as they are."""
        return {name: self.model.get_parameter(name).detach() for name in self.masks}

    def with_masks(self, masks: Masks, weights: Weights | None = None) -> Loot:
        """A copy with other masks, and with other weights where these are given; what is pruned is zero."""
        model = deepcopy(self.model)
        with torch.no_grad():
            for name, mask in masks.items():
                model.get_parameter(name).copy_(torch.where(mask, (weights or self.weights)[name], 0.0))
        return replace(self, model=model, masks=masks)

    def pruned_by_magnitude(self, share: float) -> Loot:
        """Without that share of the weights it keeps, the smallest of all layers together."""
        return self._without(share, {name: weight.abs() for name, weight in self.weights.items()})

    def pruned_at_random(self, share: float, seed: int) -> Loot:
        """Without that share of the weights it keeps, drawn from all layers together."""
        draws = generator(seed, "theft", "random")
        return self._without(
            share, {name: torch.rand(mask.shape, generator=draws) for name, mask in self.masks.items()}
        )

    def added_to(self, share: float, seed: int) -> Loot:
        """With that share of the pruned weights given back, drawn from all layers together.

        Their values are normal with the standard deviation of the weights that their layer keeps, or of all layers'
        where it keeps none.
        """
        draws = generator(seed, "theft", "added")
        back = _share_of({name: ~mask for name, mask in self.masks.items()}, share, draws)
        values, whole = {}, _spread(torch.cat([self.weights[name][mask] for name, mask in self.masks.items()]))
        for name, weight in self.weights.items():
            own = weight[self.masks[name]]
            drawn = torch.randn(weight.shape, generator=draws) * (_spread(own) if own.numel() > 1 else whole)
            values[name] = torch.where(back[name], drawn, weight)
        return self.with_masks({name: mask | back[name] for name, mask in self.masks.items()}, values)

    def permuted(self, seed: int) -> Loot:
        """With its hidden channels in another order, so that it computes the same. Raises UserError as `permuted`."""
        model, masks = permuted(self.model, self.masks, self.shape, seed)
        return replace(self, model=model, masks=masks)

    def with_forged_key(self, by: str, count: int, data: Dataset, training: Training, seed: int) -> Loot:
        """With so many of the pruned weights given back as a forger takes for the key, who knows the owner's rule.

        He trains all weights from where they are, scores them in that network by the rule, and gives the best of the
        pruned ones back that training has moved. Raises UserError as `pruning.ownership.keys`.

        Args:
            by: the rule, one of those of `pruning.ownership.keys`.
            count: weights of the key.
            data: what he trains on.
            training: how.
            seed: of all that he draws.
        """
        every = {name: torch.ones_like(mask) for name, mask in self.masks.items()}
        grown, _ = self.with_masks(every).retrained(data, training, seed)
        total = sum(mask.numel() for mask in every.values())
        scores = scored(grown.model, every, self.shape, by, derived_seed(seed, "theft", "key"))
        moved = {name: ~mask & (grown.weights[name] != 0) for name, mask in self.masks.items()}
        found = min(count, sum(int(mask.sum()) for mask in moved.values()))
        key = make_masks(scores, 1 - found / total, within=moved)
        values = {name: torch.where(key[name], grown.weights[name], own) for name, own in self.weights.items()}
        return self.with_masks({name: mask | key[name] for name, mask in self.masks.items()}, values)

    def retrained(self, data: Dataset, training: Training, seed: int) -> tuple[Loot, float]:
        """Trained again on the data with its masks fixed, and its accuracy then; without epochs it stays as it is."""
        model = deepcopy(self.model)
        if training.epochs <= 0:
            return self, self.accuracy(data, training.precision)
        found = train(model, data, training, seed, masks=self.masks, device=pick_device())
        return replace(self, model=model.cpu().eval()), found.accuracy

    def accuracy(self, data: Dataset, precision: str = "auto") -> float:
        """The share of the test images that it gets right."""
        device, macs = pick_device(), count_macs(self.model, data.shape)
        with settled(macs):
            model = prepare(deepcopy(self.model), device, macs)
            return accuracy(model, data, data.test, device, pick_precision(precision, macs, device), macs)

    def _without(self, share: float, scores: Weights) -> Loot:
        total = sum(mask.numel() for mask in self.masks.values())
        kept = sum(int(mask.sum()) for mask in self.masks.values())
        return self.with_masks(make_masks(scores, 1 - (kept - round(share * kept)) / total, within=self.masks))


def for_thief(training: Training, epochs: float) -> Training:
    """The ticket's own training, so many epochs of it, without a warm-up and to the end."""
    return training.but(epochs=epochs, warmup_epochs=0, until=None, devices=None, log_every=max(epochs, 1.0))


def _share_of(masks: Masks, share: float, draws: torch.Generator) -> Masks:
    """A share of what is True, drawn from all masks together: exactly the rounded number."""
    flat = torch.cat([mask.reshape(-1) for mask in masks.values()])
    places = flat.nonzero()[:, 0]
    chosen = torch.zeros_like(flat)
    chosen[places[torch.randperm(len(places), generator=draws)[: round(share * len(places))]]] = True
    parts = chosen.split([mask.numel() for mask in masks.values()])
    return {name: part.view(mask.shape) for (name, mask), part in zip(masks.items(), parts, strict=True)}


def _spread(values: Tensor) -> float:
    return float(values.std()) if values.numel() > 1 else 0.0
