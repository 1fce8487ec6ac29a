"""Sign supermasks: the mask is cut at initialisation without data, then only the signs of the kept weights are learnt.

The part of HideNseek (Vallapuram et al. 2022, arXiv 2206.04385) that runs on one device, without its federated rounds.
The mask is SynFlow's by default. There it is cut in one round, here in as many as the criterion has (SynFlow: 100),
since a single round empties whole layers at high sparsity. A latent score that starts at the initial weight gives each
kept weight its sign; its size never changes.
"""

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from pruning.finders import mask_search
from pruning.finders.base import Finder, Trainer
from pruning.finders.options import CriterionName, Scored, criterion_option
from pruning.finders.scoring import prune_by_score
from pruning.recipe import Recipe
from pruning.search.network import SupermaskNetwork
from pruning.search.rules import signed
from pruning.search.swaps import Swaps
from pruning.ticket import Ticket
from pruning.training.loop import Hook


class SignOptions(Scored, mask_search.SearchOptions):
    """Options of `sign_supermask`."""

    changes: ClassVar[Mapping[str, object]] = {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.0}

    criterion: CriterionName = criterion_option("synflow")


class SignChanges(Hook):
    """Counts the kept weights whose sign changes at each step."""

    def __init__(self, searched: SupermaskNetwork) -> None:
        self.searched, self.swaps = searched, Swaps()
        self.negative = self._now()

    def _now(self) -> list[Tensor]:
        """1 where a kept weight is negative, else 0."""
        return [
            score.detach().signbit() * mask
            for score, mask in zip(self.searched.scores, self.searched.masks, strict=True)
        ]

    @torch.no_grad()
    def after(self, step: int) -> bool:
        """Count; the search goes on."""
        now = self._now()
        changed = sum(int((a.to(b.device) - b).abs().sum()) for a, b in zip(self.negative, now, strict=True))
        self.negative = now
        self.swaps.note(step, changed)
        return False


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Cut the mask, then train the signs of what is kept."""
    began = time.perf_counter()
    model, allowed = mask_search.starting_point(recipe, parents, trainer)
    weights = mask_search.frozen_weights(recipe, model)
    latent = {name: model.get_parameter(name).detach().clone() for name in weights}
    trainer.progress(0.0, "scoring")
    masks = prune_by_score(recipe, model, trainer, within=allowed)
    searched = SupermaskNetwork(mask_search.set_weights(model, weights), latent, masks, signed)
    hook = SignChanges(searched)
    return mask_search.search(recipe, searched, hook, hook.swaps, trainer, began, parents, text="searching for signs")


FINDER = Finder(
    name="sign_supermask",
    label="Sign supermask",
    words="signs learnt under a mask cut at initialisation",
    options=SignOptions,
    parents=mask_search.parents,
    find=find,
    cost=mask_search.cost,
    mask_moves=True,
    searches=True,
)
