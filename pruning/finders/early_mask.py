"""The mask of the dense network as it was on its way, on the initial weights (Grokking Tickets, arXiv 2310.19470).

Drawn while the network knows its training pairs alone, or once it has the rule, the same procedure gives tickets that
do or do not generalise. Drawn at the end it is the lottery ticket of one level, finder `imp`.
"""

import time
from collections.abc import Sequence

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket, training_epochs
from pruning.finders.on_its_way import DrawnAt, check_drawn, drawn_at_option, on_its_way
from pruning.finders.options import ScoredPieces
from pruning.finders.scoring import prune_by_score
from pruning.recipe import Recipe
from pruning.ticket import Ticket


class EarlyMaskOptions(ScoredPieces):
    """Options of `early_mask`."""

    drawn_at: DrawnAt = drawn_at_option("train accuracy > 0.95")


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune the dense network as it was there, put what is kept back to its initial weights, train it."""
    began = time.perf_counter()
    check_drawn(EarlyMaskOptions.read(recipe).drawn_at, parents[0])
    masks = prune_by_score(recipe, parents[0].model(), trainer, within=parents[0].masks)
    model = trainer.build(recipe)
    apply_masks(model, masks)
    trained = trainer.train(model, recipe.training, recipe, masks)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def check(recipe: Recipe) -> None:
    """Raise UserError for imported weights."""
    if recipe.start is not None:
        raise UserError(
            "Finder 'early_mask' draws from the network's early training, which imported weights do not have; take "
            "'one_shot' or 'iterative'."
        )


FINDER = Finder(
    name="early_mask",
    label="Early mask",
    words="the dense network's mask on its way, on the initial weights",
    options=EarlyMaskOptions,
    parents=lambda recipe: [on_its_way(recipe, EarlyMaskOptions.read(recipe).drawn_at)],
    find=find,
    cost=training_epochs,
    check=check,
    starts_as_dense=lambda recipe: True,
)
