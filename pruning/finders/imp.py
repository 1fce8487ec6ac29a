"""Iterative magnitude pruning with rewinding (Frankle & Carbin 2019; Frankle et al. 2020).

Train, remove the fraction `rate` of the weights that are left, put the others back to what they were at iteration
`rewind` (0: the original lottery ticket), train again; until the sparsity is reached. Each level is a ticket of its
own, found from the level before, so that levels are shared between the sparsities of a study and survive a kill.
"""

import time
from collections.abc import Sequence

from pruning.finders.base import BY_MAGNITUDE, Finder, Workshop, apply_masks, dense_recipe, make_ticket, prune_by_score
from pruning.recipe import Recipe
from pruning.ticket import Ticket

CLOSE = 1e-9


def previous_level(recipe: Recipe) -> Recipe | None:
    """The recipe one level less sparse, None at the first level: levels lie at 1 - d (1 - rate)^j, d being the density
    of the start (1 but for imported networks that came pruned)."""
    rate = recipe.rate or 0.2
    density, last = 1.0 - (recipe.start.sparsity if recipe.start else 0.0), None
    while 1 - density * (1 - rate) < recipe.sparsity - CLOSE:
        density *= 1 - rate
        last = round(1 - density, 12)
    return None if last is None else recipe.model_copy(update={"sparsity": last})


def parents(recipe: Recipe) -> list[Recipe]:
    """The level before (or the dense network), and the dense network at the rewinding point unless that is 0."""
    before = previous_level(recipe) or dense_recipe(recipe)
    return [before, *rewinding_point(recipe)]


def rewinding_point(recipe: Recipe) -> list[Recipe]:
    """The dense network at iteration `rewind`, nothing when that is its initialisation."""
    return [dense_recipe(recipe, recipe.rewind)] if recipe.rewind else []


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Prune the level before by its trained weights, rewind what is kept, train it."""
    began = time.perf_counter()
    before = parents[0]
    trained_model = before.model()
    masks = prune_by_score(recipe, trained_model, workshop, within=before.masks)
    model = parents[1].model() if len(parents) > 1 else workshop.build(recipe)
    apply_masks(model, masks)
    start = recipe.rewind or 0
    trained = workshop.train(model, recipe.training, recipe, masks, start=start, text="training the rewound network")
    return make_ticket(recipe, model, masks, trained, workshop, began, parents)


def cost(recipe: Recipe) -> float:
    """Epochs of one level."""
    return recipe.training.epochs


FINDER = Finder(
    "imp",
    {
        **BY_MAGNITUDE,
        "rewind": 0,
        "rate": 0.2,
    },
    parents,
    find,
    cost,
    "IMP",
    "iterative magnitude pruning with rewinding",
)
