"""Controls of a SuperTicket: another architecture of as many multiply-adds, its weights pruned as the ticket's were.

`found` takes the ticket's own architecture, from its first iteration on: search, then prune from scratch. `even` is
made by hand: as many channels in every branch. `random` draws the channels of all branches by chance. Each is filled up
with channels as long as they fit into the multiply-adds of the ticket's branches. What remains is pruned to the
ticket's sparsity, at the same iterations, and the rate starts anew where the ticket's did.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket, training_epochs
from pruning.finders.branch_search import Supersearch
from pruning.finders.options import Control, original
from pruning.finders.supernet import SupernetOptions, run_search, search_plan
from pruning.models.supernet import branches
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.loop import iterations_per_epoch
from pruning.training.seeds import generator
from pruning.validation import option

WAYS = {"found": "the ticket's", "even": "as many in every branch", "random": "drawn by chance"}
Channel = tuple[str, int]
"""The name of a branch, and the place of a channel in it."""
Left = dict[str, Tensor]
"""By branch, whether each channel is left, bool [channels]."""


class ArchitectureOptions(Control):
    """Options of `architecture`."""

    channels: Literal["found", "even", "random"] = option("even", "Channels", values=WAYS)


def left_in(ticket: Ticket) -> Left:
    """What is left in a ticket: the channels whose gate is other than zero."""
    return {name: ticket.state[f"{name}.gate.weight"] != 0 for name in branches(ticket.model())}


def filled(
    order: Sequence[Channel], prices: dict[str, float], budget: float, like: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Channels in this order, each that still fits into the budget; bool [channels] by branch, as `like`."""
    left = {name: torch.zeros_like(each) for name, each in like.items()}
    for name, at in order:
        if prices[name] <= budget:
            left[name][at] = True
            budget -= prices[name]
    return left


def by_turns(widths: dict[str, int]) -> list[Channel]:
    """A channel of each branch in turn."""
    return [(name, at) for at in range(max(widths.values())) for name, width in widths.items() if at < width]


def by_chance(widths: dict[str, int], seed: int) -> list[Channel]:
    """All channels in an order that is drawn."""
    every = [(name, at) for name, width in widths.items() for at in range(width)]
    return [every[at] for at in torch.randperm(len(every), generator=generator(seed, "architecture")).tolist()]


def chosen(recipe: Recipe, ticket: Ticket, prices: dict[str, float]) -> Left:
    """The channels of the control's architecture."""
    found, way = left_in(ticket), ArchitectureOptions.read(recipe).channels
    if way == "found":
        return found
    budget = sum(prices[name] * int(each.sum()) for name, each in found.items())
    widths = {name: len(each) for name, each in found.items()}
    order = by_turns(widths) if way == "even" else by_chance(widths, recipe.seed)
    return filled(order, prices, budget, found)


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Cut the network to the architecture, train and prune it."""
    began, options = time.perf_counter(), SupernetOptions.read(original(recipe))
    model = trainer.build(recipe)
    plan = search_plan(recipe, options, iterations_per_epoch(trainer.data, recipe.training), cuts=False)
    search = Supersearch(recipe, model, trainer, replace(plan, rule="monotone"))
    search.left = chosen(recipe, parents[0], search.prices)
    search.masks = search.reach()
    apply_masks(model, search.in_force(search.masks))
    trained = run_search(recipe, search, trainer, options.steps)
    return make_ticket(recipe, model, search.masks, trained, trainer, began, parents, record=search.record())


def check(recipe: Recipe) -> None:
    """Raise UserError unless the original is a SuperTicket."""
    if not isinstance(original(recipe).options, SupernetOptions):
        raise UserError(
            f"Control '{recipe.finder}' has the multiply-adds of a SuperTicket, and '{original(recipe).method}' is "
            "none; make it of a ticket of the finder 'supernet'."
        )


FINDER = Finder(
    name="architecture",
    label="architecture",
    words="control: another architecture of as many multiply-adds, pruned alike",
    options=ArchitectureOptions,
    parents=lambda recipe: [original(recipe)],
    find=find,
    cost=training_epochs,
    check=check,
)
