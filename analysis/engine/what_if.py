"""A trained network pruned by hand: sparsities by layer, and at once what it still gets right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from analysis.engine.layer_cuts import Scoring, groups_of, manual_recipe
from analysis.engine.networks import Network
from analysis.statistics.intervals import wilson
from pruning.criteria import CRITERIA
from pruning.data import normalise
from pruning.finders.base import Trainer
from pruning.masks import Masks, sparsity
from pruning.ticket import Ticket
from pruning.training.precision import as_input, autocast, settled

BATCH = 250


@dataclass(frozen=True)
class Tried:
    """Accuracy in [0, 1] of some images, with Wilson's 95 % interval."""

    accuracy: float
    low: float
    high: float


class ByHand:
    """A dense network, scored once.

    Attributes:
        groups: the prunable weights, coupled ones together, in the order of the network.
    """

    def __init__(self, ticket: Ticket, criterion: str, trainer: Trainer) -> None:
        """Score the network.

        Raises:
            UserError: the criterion cannot.
        """
        self.ticket, self.trainer = ticket, trainer
        self.groups = groups_of(ticket)
        self.network = Network.of(ticket, trainer.device)
        self.scoring = Scoring(ticket, manual_recipe(ticket, criterion, "weight"), CRITERIA[criterion], trainer)

    def masks(self, shares: Mapping[tuple[str, ...], float]) -> Masks:
        """The masks where each group loses this fraction of its weights; groups that are not there lose none."""
        with settled(self.network.macs):
            return self.scoring.masks({name: share for names, share in shares.items() for name in names})

    @torch.inference_mode()
    def try_out(self, masks: Masks, images: Tensor, labels: Tensor) -> Tried:
        """What the network with these masks gets right of images uint8 [N, C, H, W], without further training."""
        network, own = self.network, dict(self.network.module.named_parameters())
        pruned = {name: own[name] * mask.to(network.device) for name, mask in masks.items()}
        right = 0
        with settled(network.macs), autocast(network.precision, network.device):
            for part, truth in zip(images.split(BATCH), labels.split(BATCH), strict=True):
                x = normalise(part.to(network.device), network.mean, network.std)
                logits = functional_call(network.module, pruned, as_input(x, network.device, network.macs))
                right += int((logits.argmax(1).cpu() == truth).sum())
        low, high = wilson(right, len(labels))
        return Tried(right / len(labels), float(low), float(high))


def total(masks: Masks) -> float:
    """The sparsity of the whole that a recipe says, rounded so that it still fits its layers."""
    return round(sparsity(masks), 4)
