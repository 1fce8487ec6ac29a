"""Lottery jackpots (Zhang et al. 2021, arXiv 2104.08700): the mask is searched for, and no weight is trained.

The search starts from the mask that a criterion cuts, by default that of the largest trained weights; each layer keeps
as many weights from then on. A kept weight starts with the score 1, a pruned one with 1 - `margin`. Scores are trained
straight through the mask, and after each step some of the weights that now score among the best of their layer replace
the worst in the mask: the share falls over the search (`restrict`). Published code computes the share of the quartic
schedule as ceil((1 - t)^4), which is always 1; here the ceiling is taken of the number of swaps, as the text has it.
"""

import time
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from pruning.finders import mask_search
from pruning.finders.base import Finder, Trainer
from pruning.finders.options import Scored
from pruning.finders.scoring import prune_by_score
from pruning.recipe import Recipe
from pruning.search.network import SupermaskNetwork
from pruning.search.rules import selected
from pruning.search.score_updates import MaskUpdates
from pruning.ticket import Ticket
from pruning.validation import option


class JackpotOptions(Scored, mask_search.SearchOptions):
    """Options of `jackpot`."""

    share: ClassVar[float] = 0.5

    frozen: Literal["initial", "scaled", "signed", "trained"] = mask_search.frozen_option("trained")
    margin: Annotated[float, Field(ge=0)] = option(
        0.01, "Score margin", "how much more a weight that is kept at the start scores than one that is not"
    )
    restrict: Literal["cosine", "quartic", "none"] = option(
        "cosine",
        "Swap schedule",
        values={
            "cosine": "a share of the possible swaps, cosine decay",
            "quartic": "a share of the possible swaps, quartic decay",
            "none": "all possible swaps",
        },
    )


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Cut a mask by the criterion, then search from there."""
    began = time.perf_counter()
    model, allowed = mask_search.starting_point(recipe, parents, trainer)
    weights = mask_search.frozen_weights(recipe, model)
    trainer.progress(0.0, "scoring")
    masks = prune_by_score(recipe, model, trainer, within=allowed)
    options = JackpotOptions.read(recipe)
    low = 1.0 - options.margin
    scores = {name: torch.where(mask, 1.0, low) for name, mask in masks.items()}
    searched = SupermaskNetwork(mask_search.set_weights(model, weights), scores, masks, selected)
    steps = mask_search.iterations(recipe, trainer)
    hook = MaskUpdates(searched, steps, options.restrict, allowed=allowed)
    return mask_search.search(recipe, searched, hook, hook.swaps, trainer, began, parents)


FINDER = Finder(
    name="jackpot",
    label="Jackpot",
    words="lottery jackpot: a mask searched for over frozen weights",
    options=JackpotOptions,
    parents=mask_search.parents,
    find=find,
    cost=mask_search.cost,
    mask_moves=True,
    searches=True,
    after_dense=lambda recipe: recipe.training.but(epochs=0) if recipe.option("frozen") == "trained" else None,
)
