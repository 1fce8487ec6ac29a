"""SuperTickets: architecture and weights are found together, in one training of a supernet (You et al. 2022).

Up to `until` of the training a penalty draws the gates of the branches towards zero (`pruning.finders.branch_search`),
and at each of `steps` events channels are cut and weights are pruned. Then the rate starts anew, and what is left is
trained for the rest of the epochs. With ``weights = "after"`` the first part only searches, and the weights are pruned
in the second one, up to its middle: search, then prune.

The network stays as large as it was: what is cut are whole channels of the masks and their normalisation, which
`pruning.shrink` leaves out. So a ticket's sparsity counts both, and is exact.

Other than in arXiv 2207.03677 and its code, the multiply-adds that are left are chosen (`macs`): there a channel goes
once its gate is below 0.001, and how many do is nobody's choice. Penalty and cutting end half-way by default; going on
to the end left no time to recover.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, make_ticket, no_parents, training_epochs
from pruning.finders.branch_search import RULES, Plan, Rule, Supersearch, events
from pruning.finders.options import OF_TRAINING, Count, Fraction, Share
from pruning.procedure import FinderOptions
from pruning.progress import share
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Trained, iterations_per_epoch
from pruning.validation import option

WHEN = {"together": "while channels are cut", "after": "afterwards: search, then prune"}
RECOVERY = 0.5
"""Share of the second part of the training up to whose end weights are pruned, where that is done after the search."""


class SupernetOptions(FinderOptions):
    """Options of `supernet`."""

    macs: Share = option(0.4, "Multiply-adds left", "share of those of all branches")
    penalty: Annotated[float, Field(ge=0)] = option(0.01, "Penalty of the gates", "per unit of the learning rate")
    begin: Fraction = option(0.1, "Search start", part_of=OF_TRAINING)
    until: Share = option(0.5, "Search end", "where the rate starts anew", part_of=OF_TRAINING)
    steps: Count = option(8, "Events", "how often is cut and pruned between `begin` and `until`")
    reactivation: Rule = option("keep", "Re-activation", "whether pruned weights may return", values=RULES)
    weights: Literal["together", "after"] = option("together", "Weights pruned", values=WHEN)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.begin >= self.until:
            raise UserError(f"The search runs from begin = {self.begin:g} to until = {self.until:g}; begin earlier.")
        return self


def search_plan(recipe: Recipe, options: SupernetOptions, per_epoch: int, cuts: bool = True) -> Plan:
    """What happens up to the end of the search; without `cuts` weights are pruned alone."""
    total = recipe.training.epochs * per_epoch
    first, last = round(options.begin * total), round(options.until * total)
    return Plan(
        training=recipe.training,
        end=last,
        events=events(first, last, options.steps),
        macs=options.macs if cuts else None,
        prunes=not cuts or options.weights == "together",
        penalty=options.penalty if cuts else 0.0,
        warmup=first,
        rule=options.reactivation,
    )


def pruning_plan(rest: Training, steps: int, per_epoch: int) -> Plan:
    """What happens in the second part where weights are pruned in it: up to its middle, none of them returning."""
    total = round(rest.epochs * per_epoch)
    last = round(RECOVERY * total)
    return Plan(training=rest, end=total, events={**events(0, last, steps), last: 1.0}, macs=None, prunes=True)


def run_search(recipe: Recipe, search: Supersearch, trainer: Trainer, steps: int) -> Trained:
    """Both parts of the training: up to the end of the search, then the rest, from a rate that starts anew."""
    model, end = search.model, search.plan.end / search.per_epoch
    part = end / recipe.training.epochs
    first = replace(trainer, progress=share(trainer.progress, 0.0, part))
    found = first.train(model, recipe.training, recipe, search.in_force(search.masks), text="searching", hook=search)
    masks = search.event(search.plan.end, 1.0)
    rest = recipe.training.but(epochs=recipe.training.epochs - end)
    hook = None
    if not search.plan.prunes:
        search.next_stage(pruning_plan(rest, steps, search.per_epoch))
        hook = search
    second = replace(trainer, progress=share(trainer.progress, part, 1 - part))
    trained = second.train(model, rest, recipe, masks, text="training what is left", hook=hook)
    later = [epoch.model_copy(update={"epoch": epoch.epoch + end}) for epoch in trained.history]
    return replace(trained, history=[*found.history, *later])


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train the supernet, cut it on the way, train what is left."""
    began, options = time.perf_counter(), SupernetOptions.read(recipe)
    model = trainer.build(recipe)
    plan = search_plan(recipe, options, iterations_per_epoch(trainer.data, recipe.training))
    search = Supersearch(recipe, model, trainer, plan)
    trained = run_search(recipe, search, trainer, options.steps)
    return make_ticket(recipe, model, search.masks, trained, trainer, began, record=search.record())


def check(recipe: Recipe) -> None:
    """Raise UserError for imported weights, for a part of a network, and for a training that ends before its time."""
    if recipe.start is not None:
        raise UserError(
            f"Finder '{recipe.finder}' searches a network from its initialisation, and imported weights are trained; "
            "take 'gmp' or 'movement'."
        )
    if recipe.scope is not None:
        raise UserError(f"Finder '{recipe.finder}' cuts the whole network; leave `scope` out.")
    if recipe.training.until is not None:
        raise UserError(f"Finder '{recipe.finder}' needs all of its epochs; leave `until` out of the training.")


FINDER = Finder(
    name="supernet",
    label="SuperTicket",
    words="architecture and weights found together in a supernet",
    options=SupernetOptions,
    parents=no_parents,
    find=find,
    cost=training_epochs,
    check=check,
    mask_moves=True,
)
