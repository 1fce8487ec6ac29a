"""Supermasks in networks that are never trained: edge-popup (Ramanujan et al. 2020, arXiv 1911.13299), and biprop.

Biprop also binarises the kept weights of each layer (Diffenderfer & Kailkhura 2021, arXiv 2103.09377).

Each weight has a score, drawn at random at first; those with the largest |score| are kept, after every step anew. The
weights frozen by default are for edge-popup the initial ones' signs times one size a layer, for biprop the initial ones
rescaled for the share that is kept, as in the published code, since the size that binarising gives them is their mean:
without batch norm the signal would die out layer by layer. Of weights that have one size already, binarising changes
nothing, and biprop would be edge-popup.
"""

import time
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.finders import mask_search
from pruning.finders.base import Finder, Trainer
from pruning.finders.on_its_way import DrawnAt, check_drawn, drawn_at_option, on_its_way
from pruning.finders.options import AllocationName, allocation_option
from pruning.masks import make_masks
from pruning.procedure import Fields, Shared
from pruning.recipe import Recipe
from pruning.search.network import SupermaskNetwork
from pruning.search.rules import binarised, popped_up
from pruning.search.score_updates import MaskUpdates
from pruning.ticket import Ticket
from pruning.training.seeds import generator


class PopupOptions(mask_search.SearchOptions):
    """Options of `edge_popup`."""

    allocation: AllocationName = allocation_option("layer")
    drawn_at: DrawnAt | None = drawn_at_option(None, later=True)

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; weights that are drawn on the way are trained ones."""
        if given.get("drawn_at") is not None and given.setdefault("frozen", "trained") != "trained":
            raise UserError('With `drawn_at` the weights under the mask are trained ones; give frozen = "trained".')
        return super().complete(given, shared)


class BipropOptions(PopupOptions):
    """Options of `biprop`."""

    frozen: Literal["initial", "scaled", "signed", "trained"] = mask_search.frozen_option("scaled")


def first_scores(weights: dict[str, Tensor], seed: int, together: bool = False) -> dict[str, Tensor]:
    """Uniform in +-1 / sqrt(fan_in), which is Kaiming's with a = sqrt(5), as in the published code of both.

    Where layers compete with each other (`together`) all are drawn in the narrowest layer's range: otherwise the
    layers with the most inputs would be empty before the search begins.
    """
    source = generator(seed, "scores")
    ranges = {name: weight[0].numel() ** -0.5 for name, weight in weights.items()}
    if together:
        ranges = dict.fromkeys(ranges, min(ranges.values()))
    return {
        name: torch.empty(weight.shape).uniform_(-ranges[name], ranges[name], generator=source)
        for name, weight in weights.items()
    }


def parents(recipe: Recipe) -> list[Recipe]:
    """The network whose weights are frozen, where it is trained: to the end, or to where it is drawn."""
    drawn_at = PopupOptions.read(recipe).drawn_at
    return mask_search.parents(recipe) if drawn_at is None else [on_its_way(recipe, drawn_at)]


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train scores from scratch; of the weights in each layer, or in all, the mask keeps those that score highest."""
    began, drawn_at = time.perf_counter(), PopupOptions.read(recipe).drawn_at
    if drawn_at is not None:
        check_drawn(drawn_at, parents[0])
    model, allowed = mask_search.starting_point(recipe, parents, trainer)
    weights = mask_search.frozen_weights(recipe, model)
    allocation = PopupOptions.read(recipe).allocation
    together = allocation == "global"
    scores = first_scores(weights, recipe.seed, together)
    ranks = {name: score.abs() for name, score in scores.items()}
    masks = make_masks(ranks, recipe.sparsity, allocation, within=allowed, options=recipe.parts.allocation)
    rule = binarised if recipe.finder == "biprop" else popped_up
    searched = SupermaskNetwork(mask_search.set_weights(model, weights), scores, masks, rule)
    steps = mask_search.iterations(recipe, trainer)
    hook = MaskUpdates(searched, steps, together=together, by_size=True, allowed=allowed)
    return mask_search.search(recipe, searched, hook, hook.swaps, trainer, began, parents)


def check(recipe: Recipe) -> None:
    """Raise UserError for imported weights that are to be drawn on their way."""
    if recipe.start is not None and recipe.option("drawn_at") is not None:
        raise UserError("Imported weights have no early training to draw from; leave `drawn_at` out.")


def _finder(name: str, label: str, words: str, options: type[PopupOptions]) -> Finder:
    return Finder(
        name=name,
        label=label,
        words=words,
        options=options,
        parents=parents,
        check=check,
        find=find,
        cost=mask_search.cost,
        mask_moves=True,
        searches=True,
    )


EDGE_POPUP = _finder("edge_popup", "Edge-popup", "a mask learnt over weights that are never trained", PopupOptions)
BIPROP = _finder("biprop", "Biprop", "a mask learnt over binary weights that are never trained", BipropOptions)
