"""Lottery jackpots (Zhang et al. 2021, arXiv 2104.08700): the mask is searched for, and no weight is trained.

The search starts from the mask that a criterion cuts, by default that of the largest trained weights; each layer keeps
as many weights from then on. A kept weight starts with the score 1, a pruned one with 1 - `margin`. Scores are trained
straight through the mask, and after each step some of the weights that now score among the best of their layer replace
the worst in the mask: the share falls over the search (`restrict`). Published code computes the share of the quartic
schedule as ceil((1 - t)^4), which is always 1; here the ceiling is taken of the number of swaps, as the text has it.
"""

import time
from collections.abc import Sequence

import torch

from pruning.finders import mask_search
from pruning.finders.base import Finder, Workshop, prune_by_score
from pruning.recipe import Recipe
from pruning.search.network import Searched
from pruning.search.rules import selected
from pruning.search.score_updates import Exchanging
from pruning.ticket import Ticket


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Cut a mask by the criterion, then search from there."""
    began = time.perf_counter()
    model, allowed = mask_search.starting_point(recipe, parents, workshop)
    weights = mask_search.frozen_weights(recipe, model)
    workshop.report(0.0, "scoring")
    masks = prune_by_score(recipe, model, workshop, within=allowed)
    low = 1.0 - (recipe.margin or 0.0)
    scores = {name: torch.where(mask, 1.0, low) for name, mask in masks.items()}
    searched = Searched(mask_search.put(model, weights), scores, masks, selected)
    steps = mask_search.iterations(recipe, workshop)
    hook = Exchanging(searched, steps, recipe.restrict or "none", allowed=allowed)
    return mask_search.search(recipe, searched, hook, hook.swaps, workshop, began, parents)


FINDER = Finder(
    "jackpot",
    {
        "criterion": "magnitude",
        "allocation": "global",
        "score_per_class": 25,
        "frozen": "trained",
        "margin": 0.01,
        "restrict": "cosine",
        "search": mask_search.search_default(0.5, optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=5e-4),
    },
    mask_search.parents,
    find,
    mask_search.cost,
    "Jackpot",
    "lottery jackpot: a mask searched for over frozen weights",
)
