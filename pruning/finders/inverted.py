"""A sanity check: scores turned upside down (Frankle et al. 2021, arXiv 2009.08576; Su et al. 2020, arXiv 2009.11094).

`inverted` keeps exactly as many weights as its original, and those that the criterion holds for the worst. Where that
costs no accuracy, the criterion's ranking is not what makes its tickets good. A criterion of several rounds prunes its
best weights in each of them.
"""

from collections.abc import Sequence
from dataclasses import replace

from pruning.errors import UserError
from pruning.finders import one_shot
from pruning.finders.base import Finder, Trainer
from pruning.finders.options import Control, original, same_training
from pruning.recipe import Recipe
from pruning.ticket import Ticket


def check(recipe: Recipe) -> None:
    """Raise UserError when the original has no scores to turn upside down."""
    of = original(recipe)
    if of.finder != "one_shot":
        raise UserError(
            f"Control 'inverted' turns the scores of a 'one_shot' ticket upside down, not those of '{of.method}'."
        )
    same_training(recipe)


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune and train as the original, but for the sign of the scores."""
    return replace(one_shot.find(original(recipe), parents, trainer, invert=True), recipe=recipe)


FINDER = Finder(
    name="inverted",
    label="inverted",
    words="control: the worst weights kept",
    options=Control,
    parents=lambda recipe: one_shot.parents(original(recipe)),
    find=find,
    cost=lambda recipe: one_shot.cost(original(recipe)),
    check=check,
    after_dense=lambda recipe: one_shot.after_dense(original(recipe)),
)
