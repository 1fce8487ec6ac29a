"""One shot: score once, prune to the full sparsity at once, then train what is left.

At initialisation (SNIP, GraSP, SynFlow, random) the subnetwork is trained from its initial weights. On the trained
network (magnitude, Taylor; any criterion on an imported one) it is fine-tuned from the trained ones (Han et al. 2015),
and its batch statistics are measured anew.
"""

import time
from collections.abc import Sequence

from pruning.criteria import get_criterion
from pruning.finders.base import Finder, Workshop, dense_recipe, make_ticket, prune_by_score
from pruning.recipe import Recipe, Training
from pruning.ticket import Ticket
from pruning.training.batch_norm import recalibrated


def parents(recipe: Recipe) -> list[Recipe]:
    """The trained dense network when scores are taken on it, else nothing."""
    return [dense_recipe(recipe)] if recipe.score_on == "trained" else []


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop, invert: bool = False) -> Ticket:
    """Prune the network at its initial or its trained weights, then train or fine-tune the kept ones; with `invert`
    those with the worst scores are kept."""
    began = time.perf_counter()
    model = parents[0].model() if parents else workshop.build(recipe)
    workshop.report(0.0, "scoring")
    masks = prune_by_score(recipe, model, workshop, parents[0].masks if parents else None, invert)
    config, text = (fine_tuning(recipe), "fine-tuning") if parents else (recipe.training, "training")
    trained = workshop.train(model, config, recipe, masks, text=text)
    if parents:
        trained = recalibrated(model, trained, workshop.data, recipe.seed, workshop.device)
    return make_ticket(recipe, model, masks, trained, workshop, began, parents)


def fine_tuning(recipe: Recipe) -> Training:
    """The recipe's own fine-tuning, else half the training at a tenth of its rate."""
    if recipe.finetune is not None:
        return recipe.finetune
    training = recipe.training
    return training.model_copy(update={"epochs": training.epochs / 2, "lr": training.lr / 10, "warmup_epochs": 0.0})


def where_scored(fields: dict[str, object]) -> object:
    """The place at which the recipe's criterion is usually scored; imported weights are always trained ones."""
    if fields.get("start") is not None:
        return "trained"
    criterion = fields.get("criterion")
    return get_criterion(criterion).score_on if isinstance(criterion, str) else "init"


def cost(recipe: Recipe) -> float:
    """Epochs of training after pruning."""
    return fine_tuning(recipe).epochs if recipe.score_on == "trained" else recipe.training.epochs


FINDER = Finder(
    "one_shot",
    {
        "criterion": None,
        "allocation": "global",
        "structure": "weight",
        "score_on": where_scored,
        "score_per_class": 25,
        "finetune": None,
    },
    parents,
    find,
    cost,
    "One shot",
    "one shot: scored and pruned once",
    needs="criterion",
)
